"""Sessions end: some time after their last request, which Django sees to, and after their first."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

BEGAN = "began"  # seconds since the epoch


@receiver(user_logged_in)
def note_beginning(request: HttpRequest, **kwargs: Any) -> None:  # noqa: ARG001
    """A session begins with its sign-in."""
    request.session[BEGAN] = time.time()


class SessionAgeMiddleware:
    """End a session that began too long ago, however busy it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Sign out, or go on."""
        if request.user.is_authenticated:
            age = time.time() - request.session.get(BEGAN, 0)
            if not 0 <= age < settings.SESSION_SECONDS:
                logout(request)
        return self.get_response(request)
