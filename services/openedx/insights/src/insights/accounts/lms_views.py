"""Signing in through the LMS: the way there, and the way back."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.http import Http404
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST
from social_core.actions import do_auth, do_complete
from social_core.exceptions import AuthCanceled, SocialAuthBaseException

from insights.accounts.lms import CLOSED, NAME_TAKEN, backend

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser
    from django.http import HttpRequest, HttpResponse

    from insights.accounts.lms import LmsOAuth2

log = logging.getLogger(__name__)


@login_not_required
@never_cache
@require_POST
def begin(request: HttpRequest) -> HttpResponse:
    """Lead to the LMS, which asks the user."""
    return do_auth(_provider(request))


@login_not_required
@never_cache
@require_GET
def complete(request: HttpRequest) -> HttpResponse:
    """Take the LMS's answer, and begin a session; where there is none to begin, say why."""
    provider = _provider(request)

    def begin_session(provider: LmsOAuth2, user: AbstractUser, social: Any) -> None:  # noqa: ARG001
        login(request, user, f"{type(provider).__module__}.{type(provider).__name__}")

    try:
        return do_complete(provider, begin_session)
    except SocialAuthBaseException as error:
        log.warning("sign-in through the LMS: %s at %s", error.code, error.stage)
        return _failed(request, error)


def _provider(request: HttpRequest) -> LmsOAuth2:
    if not settings.LMS_URL:
        raise Http404
    return backend(request, reverse("lms-complete"))


def _failed(request: HttpRequest, error: SocialAuthBaseException) -> HttpResponse:
    status, sentence = _told(error)
    context = {"form": AuthenticationForm(), "lms": settings.LMS_HOST, "lms_error": sentence}
    return render(request, "accounts/sign_in.html", context, status=status)


def _told(error: SocialAuthBaseException) -> tuple[HTTPStatus, str]:
    if isinstance(error, AuthCanceled):
        return HTTPStatus.FORBIDDEN, _("You did not allow the sign-in, so nobody is signed in.")
    if error.code == CLOSED:
        return HTTPStatus.FORBIDDEN, _(
            "Your account here was closed. If you should see this site, tell the people who run it."
        )
    if error.code == NAME_TAKEN:
        return HTTPStatus.FORBIDDEN, _(
            "There is an account of your name here that is not the LMS’s."
            " Tell the people who run this site."
        )
    if error.stage == "callback":
        return HTTPStatus.FORBIDDEN, _(
            "This sign-in was begun too long ago, or in another browser. Begin it once more."
        )
    return HTTPStatus.BAD_GATEWAY, _(
        "The LMS could not be asked who you are. Try again in a minute; if it stays like this, tell"
        " the people who run this site."
    )
