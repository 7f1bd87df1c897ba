"""Which courses a user staffs, as the LMS says.

Asked is the LMS's course API, with the user's own token: `/api/courses/v1/course_ids/` with
`role=staff`, which the LMS has had since 2020 (Koa). It answers for a user's own name without any
further right; for global staff, with all courses. An answer is good for LMS_COURSES_SECONDS. Where
there is no answer, nobody sees a course: neither a new one nor one of an answer that is too old.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import requests
from django.conf import settings
from django.utils import timezone
from social_core.exceptions import AuthProviderError, SocialAuthBaseException
from social_django.utils import load_strategy

from insights.accounts.lms import LmsOAuth2, backend, sees_all

if TYPE_CHECKING:
    from insights.accounts.models import LmsAccount

_PAGE_SIZE = "1000"
_PAGES = 100

log = logging.getLogger(__name__)


class LmsUnavailable(Exception):
    """The LMS does not say which courses the user staffs."""


class SignInAgain(Exception):
    """The LMS no longer lets Insights ask as the user: signed out, or not its user any more."""


def courses(account: LmsAccount) -> list[str] | None:
    """The ids of the courses that a user of the LMS staffs, in order; None stands for all.

    Raises LmsUnavailable, SignInAgain.
    """
    now = timezone.now()
    age = timedelta(seconds=settings.LMS_COURSES_SECONDS)
    if account.read_at is None or not now - age < account.read_at <= now:
        _refresh(account)
        account.read_at = now
        account.save()
    return None if account.sees_all else list(account.course_ids)


def _refresh(account: LmsAccount) -> None:
    social = account.user.social_auth.filter(provider=LmsOAuth2.name).first()
    if social is None or not social.access_token:
        raise SignInAgain
    if account.sees_all and account.read_at is not None:
        # A superuser is told by a new token alone.
        _renew(account, social)
    if account.sees_all:
        return
    try:
        account.course_ids = _ask(account, social.access_token)
    except SignInAgain:
        _renew(account, social)
        if not account.sees_all:
            account.course_ids = _ask(account, social.access_token)


def _renew(account: LmsAccount, social: Any) -> None:
    """Have a new token, and take from it what it says."""
    try:
        social.refresh_token(load_strategy())
    except AuthProviderError as error:
        if error.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED):
            raise SignInAgain from error
        raise _unavailable(f"token: {error.code}") from error
    except SocialAuthBaseException as error:
        raise SignInAgain from error
    account.sees_all = sees_all(backend().user_data(social.access_token) or {})


def _ask(account: LmsAccount, token: str) -> list[str]:
    found: set[str] = set()
    for page in range(1, _PAGES + 1):
        answer = _page(account.user.get_username(), token, page)
        try:
            found.update(str(course_id) for course_id in answer["results"])
            if not answer["pagination"]["next"]:
                return sorted(found)
        except (KeyError, TypeError) as error:
            raise _unavailable("course_ids: not as the LMS's course API answers") from error
    raise _unavailable(f"course_ids: more than {_PAGES} pages")


def _page(username: str, token: str, page: int) -> Any:
    wanted = {"username": username, "role": "staff", "page": str(page), "page_size": _PAGE_SIZE}
    try:
        answer = requests.get(
            f"{settings.LMS_URL}/api/courses/v1/course_ids/",
            wanted,
            headers={"Authorization": f"JWT {token}"},
            timeout=settings.LMS_TIMEOUT,
            allow_redirects=False,
        )
        if answer.status_code == HTTPStatus.UNAUTHORIZED:
            raise SignInAgain
        if answer.status_code != HTTPStatus.OK:
            raise _unavailable(f"course_ids: status {answer.status_code}")
        return answer.json()
    except requests.RequestException as error:
        raise _unavailable(f"course_ids: {type(error).__name__}") from error


def _unavailable(why: str) -> LmsUnavailable:
    log.error("the LMS, asked for a user's courses: %s", why)
    return LmsUnavailable(why)
