"""How often a client may ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.throttling import UserRateThrottle

from analytics_data_api.tokens import INSIGHTS

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.request import Request
    from rest_framework.views import APIView


class TokenThrottle(UserRateThrottle):
    """Lets each token ask so and so often; Insights, which asks for everybody, as it likes.

    Each process of the server counts for itself.
    """

    def allow_request(self, request: Request | HttpRequest, view: APIView | None = None) -> bool:
        """Tell whether a request is answered."""
        if request.user.get_username() == INSIGHTS:
            return True
        allowed: bool = super().allow_request(request, view)
        return allowed
