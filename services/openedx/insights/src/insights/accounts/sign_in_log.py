"""Lines in the log about who signed in, who failed to, and who signed out; none has a secret."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from django.contrib.auth import BACKEND_SESSION_KEY, get_user_model
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver

from insights.accounts.lms import LmsOAuth2

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser
    from django.http import HttpRequest

log = logging.getLogger(__name__)


@receiver(user_logged_in)
def note_sign_in(request: HttpRequest, user: AbstractUser, **kwargs: Any) -> None:  # noqa: ARG001
    """Somebody signed in, and how."""
    through_lms = request.session[BACKEND_SESSION_KEY].endswith(f".{LmsOAuth2.__name__}")
    way = "through the LMS" if through_lms else "with a password"
    log.info("%a signed in %s", user.get_username(), way)


@receiver(user_login_failed)
def note_failure(credentials: dict[str, Any], **kwargs: Any) -> None:  # noqa: ARG001
    """Somebody failed to; who, where there is such an account: it may be a password else."""
    users = get_user_model()
    typed = credentials.get(users.USERNAME_FIELD)
    known = users.objects.filter(**{users.USERNAME_FIELD: typed}).first() if typed else None
    who = f"{known.get_username()!a}" if known else "somebody without an account here"
    log.info("%s failed to sign in", who)


@receiver(user_logged_out)
def note_sign_out(user: AbstractUser | None, **kwargs: Any) -> None:  # noqa: ARG001
    """Somebody signed out, or was, as the session or the LMS's leave had ended."""
    if user:
        log.info("%a signed out", user.get_username())
