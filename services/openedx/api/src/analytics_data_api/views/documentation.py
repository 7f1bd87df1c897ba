"""The documentation: as OpenAPI, and as pages on which requests can be tried."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiJsonRenderer2
from drf_spectacular.views import SpectacularSwaggerSplitView
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rest_framework.request import Request

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


class SchemaView(APIView):
    """The API in OpenAPI 3; for everyone, as it says nothing of any course."""

    schema = None
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    renderer_classes = (OpenApiJsonRenderer2, OpenApiJsonRenderer)
    patterns: Sequence[Any] = ()

    def get(self, request: Request) -> Response:  # noqa: ARG002
        """The whole document."""
        return Response(_document(tuple(self.patterns)))


@cache
def _document(patterns: tuple[Any, ...]) -> dict[str, Any]:
    document: dict[str, Any] = SchemaGenerator(patterns=list(patterns)).get_schema(
        request=None, public=True
    )
    return document


class DocumentationView(SpectacularSwaggerSplitView):
    """Pages that show the document; all that they need is served here."""

    schema = None
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    url_name = "schema"

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        """Keep the page to what is served here."""
        response = super().finalize_response(*args, **kwargs)
        response["Content-Security-Policy"] = _POLICY
        return response
