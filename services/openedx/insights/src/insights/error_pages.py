"""Errors as pages: what happened, what the reader can do, and nothing of the server's insides."""

from __future__ import annotations

import logging
import sys
from http import HTTPStatus
from typing import TYPE_CHECKING

from django.contrib.auth import logout
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from insights.accounts.lms_courses import LmsUnavailable, SignInAgain
from insights.accounts.middleware import to_sign_in
from insights.data_api.errors import (
    DataApiError,
    DataApiRefused,
    DataApiSlow,
    RunsKeepChanging,
)
from insights.database import is_unavailable, needs_an_operator

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

_SECONDS_TO_RETRY = 30

log = logging.getLogger(__name__)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """A request that makes no sense, such as one with a malformed course id."""
    return _page(
        request,
        HTTPStatus.BAD_REQUEST,
        _("This address is not right"),
        _(
            "It names no course in a form that Open edX knows, such as course-v1:Org+Course+Run."
            " Was it copied as a whole?"
        ),
    )


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A course that is not the reader's, or that does not exist.

    The course is the one in the path, or, where the query names several, that of the exception.
    """
    course_id = request.resolver_match.kwargs.get("course_id") if request.resolver_match else None
    course_id = course_id or next(iter(exception.args), None)
    log.info("%a may not see %a", request.user.get_username(), course_id or request.path)
    return _page(
        request,
        HTTPStatus.FORBIDDEN,
        _("You do not have access to this page"),
        _("The course does not exist, or you are not on its staff here."),
        _("If you should see it, ask the people who run this site for access."),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001
    """An unknown address, or something that the reports do not know."""
    return _page(
        request,
        HTTPStatus.NOT_FOUND,
        _("There is no such page"),
        _("The address may be mistyped, or the page may have moved."),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """A form that was open for too long, or that comes from elsewhere."""
    return _page(
        request,
        HTTPStatus.FORBIDDEN,
        _("This form is no longer valid"),
        _("Nothing has been changed. It was open for too long, or cookies are blocked."),
        _("Allow cookies for this site, open the page again and send the form once more."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """What no view or middleware could answer, most of all while the database is away."""
    error = sys.exception()
    if error and is_unavailable(error):
        log.error("the database of Insights, asked for %a: %s", request.path, error)
        # Else the session would be looked for once more, to prolong it.
        vars(request).pop("session", None)
        return _retry_later(
            _plain_page(
                HTTPStatus.SERVICE_UNAVAILABLE,
                _("Accounts cannot be read at the moment"),
                *_database_unavailable(error),
                retry=True,
            )
        )
    return _plain_page(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        _("Something went wrong"),
        _("Insights could not make this page. The cause has been noted in the server’s log."),
        _(
            "Try again in a minute. If it stays like this, tell the people who run this site what"
            " you did and when."
        ),
    )


def _database_unavailable(error: BaseException) -> tuple[str, ...]:
    if needs_an_operator(error):
        return (
            _(
                "The database with accounts and sign-ins refuses Insights. Waiting will not help:"
                " tell the people who run this site."
            ),
        )
    return (
        _(
            "The database with accounts and sign-ins does not answer, so that no page can be shown."
            " Nothing is lost, and it comes back by itself: try again in a minute."
        ),
        _("If it stays like this, tell the people who run this site."),
    )


class ErrorPageMiddleware:
    """Turns what a view raises into a page: Django would do so too, but log a traceback."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Go on; errors come through `process_exception`."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """The page for an error that was foreseen; others are left to Django."""
        match exception:
            case BadRequest():
                return bad_request(request, exception)
            case PermissionDenied():
                return permission_denied(request, exception)
            case DataApiError():
                return unavailable(request, exception)
            case LmsUnavailable():
                return lms_unavailable(request)
            case SignInAgain():
                logout(request)
                return to_sign_in(request)
        return None


def unavailable(request: HttpRequest, error: DataApiError) -> HttpResponse:
    """No numbers from the Data API, whose client has logged why."""
    return _retry_later(
        _page(request, HTTPStatus.SERVICE_UNAVAILABLE, *_unavailable(error), retry=True)
    )


def lms_unavailable(request: HttpRequest) -> HttpResponse:
    """Nobody knows which courses are the reader's."""
    return _retry_later(
        _page(
            request,
            HTTPStatus.SERVICE_UNAVAILABLE,
            _("Your courses cannot be read at the moment"),
            _(
                "The LMS does not say which courses you staff, so that none can be shown."
                " It comes back by itself: try again in a minute."
            ),
            _("If it stays like this, tell the people who run this site."),
            retry=True,
        )
    )


def _retry_later(response: HttpResponse) -> HttpResponse:
    response.headers["Retry-After"] = str(_SECONDS_TO_RETRY)
    return response


def _unavailable(error: DataApiError) -> tuple[str, ...]:
    match error:
        case RunsKeepChanging():
            return (
                _("The numbers are just being updated"),
                _("Reload the page in a minute to see the new ones."),
            )
        case DataApiSlow():
            return (
                _("The numbers take too long to come"),
                _("The service behind this page is busy. Try again in a minute."),
            )
        case DataApiRefused():
            return (
                _("The numbers cannot be read"),
                _(
                    "The service behind this page refuses Insights. Waiting will not help:"
                    " tell the people who run this site."
                ),
            )
    return (
        _("The numbers cannot be read at the moment"),
        _(
            "The service behind this page does not answer. Nothing is lost, and it comes back by"
            " itself: try again in a minute."
        ),
        _("If it stays like this, tell the people who run this site."),
    )


def _page(
    request: HttpRequest, status: HTTPStatus, heading: str, *sentences: str, retry: bool = False
) -> HttpResponse:
    context = {"heading": heading, "sentences": sentences, "retry": retry}
    return render(request, "errors/error.html", context, status=status)


def _plain_page(
    status: HTTPStatus, heading: str, *sentences: str, retry: bool = False
) -> HttpResponse:
    context = {"heading": heading, "sentences": sentences, "retry": retry}
    return HttpResponse(render_to_string("errors/plain.html", context), status=status)
