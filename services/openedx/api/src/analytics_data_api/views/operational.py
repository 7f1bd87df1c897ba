"""Whether the service works, and for whom."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.db import DatabaseError
from drf_spectacular.utils import OpenApiResponse
from rest_framework.authtoken.models import Token
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics_data_api.exceptions import ReportsDatabaseUnavailable
from analytics_data_api.reports.snapshot import snapshot
from analytics_data_api.serializers import HealthSerializer

if TYPE_CHECKING:
    from rest_framework.request import Request

log = logging.getLogger(__name__)


_EMPTY = {HTTPStatus.OK: OpenApiResponse(description="An empty answer.")}


class StatusView(APIView):
    """Answers if the server runs at all; for everyone."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    answers = _EMPTY  # for the documentation, here as below

    def get(self, request: Request) -> Response:  # noqa: ARG002
        """An empty answer."""
        return Response()


class AuthenticatedView(APIView):
    """Answers those whose token is valid."""

    answers = _EMPTY

    def get(self, request: Request) -> Response:  # noqa: ARG002
        """An empty answer."""
        return Response()


class HealthView(APIView):
    """Tells whether reports can be served; for everyone."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    answers = {
        HTTPStatus.OK: HealthSerializer,
        HTTPStatus.SERVICE_UNAVAILABLE: HealthSerializer,
    }

    def get(self, request: Request) -> Response:  # noqa: ARG002
        """OK, or UNAVAILABLE with status 503 if one of the databases cannot be read."""
        works = _databases_work()
        status = "OK" if works else "UNAVAILABLE"
        return Response(
            {"overall_status": status, "detailed_status": {"database_connection": status}},
            HTTPStatus.OK if works else HTTPStatus.SERVICE_UNAVAILABLE,
        )


def _databases_work() -> bool:
    try:
        Token.objects.exists()
        with snapshot():
            return True
    except DatabaseError as error:
        log.error("the API's own database: %s", error)
    except ReportsDatabaseUnavailable as error:
        log.error("%s", error)
    return False
