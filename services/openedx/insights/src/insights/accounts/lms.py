"""Signing in through the LMS: OAuth2 with state and PKCE, by edx-auth-backends.

The LMS answers with an access token that says who the user is. It comes from the LMS itself, over
TLS, so that its signature proves nothing more. The LMS issues no ID token, in which alone a nonce
could stand; that an answer is taken once is what the state is for, which is good for one sign-in.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import requests
from auth_backends.backends import EdXOAuth2
from django.conf import settings
from django.contrib.auth import get_user_model
from social_core.backends.oauth import BaseOAuth2PKCE
from social_core.exceptions import AuthPolicyError
from social_django.models import UserSocialAuth
from social_django.utils import load_strategy

from insights.accounts.models import LmsAccount

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser
    from django.http import HttpRequest

NAME_TAKEN, CLOSED = "name_taken", "closed"

log = logging.getLogger(__name__)


class LmsOAuth2(EdXOAuth2, BaseOAuth2PKCE[Any]):
    """The LMS as its own provider, django-oauth-toolkit."""

    # It compares redirect URIs as they are.
    REDIRECT_STATE = False

    def request(self, url: str, **options: Any) -> requests.Response:
        """Ask the LMS, which is given the client's secret; where a redirect leads is not."""
        answer: requests.Response = super().request(url, **{**options, "auth": _without_redirects})
        return answer

    def refresh_token_params(self, token: str, *args: Any, **kwargs: Any) -> dict[str, str]:
        """Ask for a token that says who the user is, as at the sign-in."""
        parameters: dict[str, str] = super().refresh_token_params(token, *args, **kwargs)
        return {**parameters, "token_type": "jwt"}


def _without_redirects(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Have a redirect fail; as `auth`, since social_core hands on nothing else that could."""
    request.register_hook("response", _refuse_redirect)
    return request


def _refuse_redirect(response: requests.Response, **kwargs: Any) -> None:  # noqa: ARG001
    if response.is_redirect:
        log.error(
            "%s leads to %s: set LMS_SIGN_IN_URL to the address that it leads to",
            response.url,
            response.headers["Location"].partition("?")[0],
        )
        raise requests.TooManyRedirects(response=response)


def backend(request: HttpRequest | None = None, redirect_uri: str | None = None) -> LmsOAuth2:
    """The provider, for a request that begins or completes a sign-in, or for none."""
    return LmsOAuth2(load_strategy(request), redirect_uri)


def refuse(
    backend: LmsOAuth2,
    details: dict[str, Any],
    user: AbstractUser | None = None,
    **kwargs: Any,  # noqa: ARG001
) -> None:
    """A step of the sign-in: nobody gets a local account by choosing its name in the LMS.

    Raises AuthPolicyError if there is an account of that name that is not the LMS's, or if the
    user's was closed here.
    """
    if user is not None:
        if not user.is_active:
            raise AuthPolicyError(backend, code=CLOSED)
        return
    name = details.get("username") or ""
    if get_user_model().objects.filter(username__iexact=name).exists():
        raise AuthPolicyError(backend, code=NAME_TAKEN)


def note_account(user: AbstractUser, response: dict[str, Any], **kwargs: Any) -> None:  # noqa: ARG001
    """A step of the sign-in: whether the user sees all courses; which others, is asked anew."""
    LmsAccount.objects.update_or_create(
        user=user,
        defaults={"sees_all": sees_all(response), "course_ids": [], "read_at": None},
    )


def sees_all(claims: dict[str, Any]) -> bool:
    """Whether the LMS calls the user a superuser."""
    return claims.get("superuser") is True


def forget_tokens(user: AbstractUser) -> bool:
    """Give up what lets Insights ask the LMS as this user; tells whether it is the LMS's user."""
    for social in UserSocialAuth.objects.filter(user=user, provider=LmsOAuth2.name):
        social.extra_data = {}
        social.save(update_fields=["extra_data"])
    return bool(LmsAccount.objects.filter(user=user).update(read_at=None))


def sign_out_url(back: str) -> str:
    """The LMS's sign-out, which leads back to an absolute URL where the LMS allows it."""
    query = urlencode({"client_id": settings.SOCIAL_AUTH_EDX_OAUTH2_KEY, "redirect_url": back})
    return f"{settings.LMS_URL}/logout?{query}"
