"""Every page asks for a sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpResponseRedirect
from django.shortcuts import resolve_url

if TYPE_CHECKING:
    from django.http import HttpRequest

ENDED = "ended"


class SignInMiddleware(LoginRequiredMiddleware):
    """Send whoever is not signed in to the sign-in page, which then leads back.

    Views that are for everyone carry Django's `login_not_required`.
    """

    def handle_no_permission(self, request: HttpRequest, view_func: Any) -> HttpResponseRedirect:  # noqa: ARG002
        """Redirect; where there was a session that ended, say so."""
        return to_sign_in(request)


def to_sign_in(request: HttpRequest) -> HttpResponseRedirect:
    """Lead to the sign-in page; where there was a session that ended, say so there."""
    # Only what can be shown again by a GET is worth leading back to.
    back = request.get_full_path() if request.method in ("GET", "HEAD") else ""
    parameters = {REDIRECT_FIELD_NAME: back} if back else {}
    if request.COOKIES.get(settings.SESSION_COOKIE_NAME):
        parameters[ENDED] = "1"
    query = urlencode(parameters, safe="/:")
    return HttpResponseRedirect(f"{resolve_url(settings.LOGIN_URL)}?{query}")
