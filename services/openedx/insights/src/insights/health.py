"""Whether Insights works, for those who watch over it."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from analyticsclient.exceptions import ClientError
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache

from insights.data_api.client import DataApi

if TYPE_CHECKING:
    from django.http import HttpRequest

OK, UNAVAILABLE = "OK", "UNAVAILABLE"

log = logging.getLogger(__name__)


@login_not_required
@never_cache
def status(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Answer, if the server runs at all."""
    return HttpResponse("OK", content_type="text/plain")


@login_not_required
@never_cache
def health(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Tell whether pages can be shown; status 503 if not."""
    parts = {"database_connection": _database_works(), "data_api": _data_api_works()}
    works = all(parts.values())
    return JsonResponse(
        {
            "overall_status": OK if works else UNAVAILABLE,
            "detailed_status": {
                name: OK if part_works else UNAVAILABLE for name, part_works in parts.items()
            },
        },
        status=HTTPStatus.OK if works else HTTPStatus.SERVICE_UNAVAILABLE,
    )


def _database_works() -> bool:
    try:
        get_user_model().objects.exists()
    except DatabaseError as error:
        log.error("the database of Insights: %s", error)
        return False
    return True


def _data_api_works() -> bool:
    """Whether it answers, accepts our token, and can read its reports."""
    try:
        DataApi().runs(limit=1)
    except ClientError:
        return False
    return True
