"""Answers that stay what they are until another run of the pipeline publishes.

What such an answer consists of follows from its ETag, which run, request and this code make. All
who have a token may see all, so that who asks plays no part.
"""

from __future__ import annotations

from calendar import timegm
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.core.cache import caches
from django.core.exceptions import SuspiciousOperation
from django.core.handlers.wsgi import WSGIRequest
from django.db import DatabaseError, close_old_connections
from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from rest_framework.exceptions import APIException

from analytics_data_api.authentication import TokenAuthentication
from analytics_data_api.renderers import OF_REPORTS
from analytics_data_api.reports.snapshot import published
from analytics_data_api.throttles import TokenThrottle
from analytics_data_api.version import etag

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from rest_framework.request import Request

    from analytics_data_api.reports.snapshot import Run

_CACHE = "answers"
_LARGEST = 2**16  # bytes of an answer; the cache has so many for each of its entries, at most
_MEDIA_TYPES = [renderer.media_type for renderer in OF_REPORTS]
_PRECONDITIONS = {"HTTP_IF_MATCH", "HTTP_IF_UNMODIFIED_SINCE"}
# RFC 9110, 15.4.5: whoever has an answer has its other headers too.
_OF_UNCHANGED = {"Cache-Control", "ETag", "Last-Modified", "Vary", "X-Pipeline-Run"}


def validators(request: HttpRequest | Request, run: Run, media_type: str) -> dict[str, str]:
    """The headers that tell an answer from all others, and by which a client asks again."""
    return {
        "ETag": _tag(request, run, media_type),
        "Last-Modified": http_date(_seconds(run)),
        "Cache-Control": "private, no-cache",
    }


def in_its_place(request: HttpRequest | Request, run: Run, tag: str) -> HttpResponse | None:
    """What a request's conditions want in the answer's place; None: the answer."""
    response: HttpResponse | None = get_conditional_response(request, tag, _seconds(run))
    return response


def _tag(request: HttpRequest | Request, run: Run, media_type: str) -> str:
    return etag(
        run.run_id,
        str(run.created),
        # Not the absolute URI, in which `..` takes away what is before it.
        *(request.scheme, request.get_host(), request.get_full_path()),
        media_type,
        settings.LMS_ACCOUNT_URL,
    )


@lru_cache
def _media_type(accept: str) -> str | None:
    """The media type that an Accept header prefers."""
    request = HttpRequest()
    request.META["HTTP_ACCEPT"] = accept
    preferred: str | None = request.get_preferred_type(_MEDIA_TYPES)
    return preferred


def _seconds(run: Run) -> int:
    return timegm(run.created.timetuple())


class LastingAnswers:
    """A WSGI application that gives answers again while they last, ahead of Django and tables.

    Token, throttle and run are looked at as if a view answered. All other requests are for the
    application behind this, and so is all that is wrong with one. What is kept is bounded: those
    that nobody asked for longest make room.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        # Django does so for itself only, before each request.
        close_old_connections()
        request = WSGIRequest({**environ})  # which changes what it is given
        run, tag = _published(request)
        if run and (known := caches[_CACHE].get(tag)):
            again = _again(request, run, tag, known)
            if again and _may_ask(request):
                status, headers, content = again
                start_response(f"{status.value} {status.phrase}", headers)
                return [content]
        response = self._application(environ, start_response)
        # With another tag it is another run's by now; without one it may change any time.
        if run and isinstance(response, HttpResponse) and response.headers.get("ETag") == tag:
            caches[_CACHE].set(tag, Known.of(response))
        return response


class Known(NamedTuple):
    """What is kept of an answer."""

    content: bytes | None
    """None where it was not there, or is too large."""
    headers: list[tuple[str, str]]

    @classmethod
    def of(cls, response: HttpResponse) -> Known:
        """What is worth keeping."""
        is_there = response.status_code == HTTPStatus.OK and len(response.content) <= _LARGEST
        return cls(response.content if is_there else None, list(response.headers.items()))


Answer = tuple[HTTPStatus, list[tuple[str, str]], bytes]


def _published(request: HttpRequest) -> tuple[Run | None, str]:
    """The run that an answer is of, and its tag; None where there is none that may last."""
    if request.method in ("GET", "HEAD") and request.path_info.startswith("/api/v"):
        try:
            run, media_type = published(), _media_type(request.META.get("HTTP_ACCEPT", "*/*"))
            if run and media_type:
                return run, _tag(request, run, media_type)
        except (APIException, SuspiciousOperation):
            pass
    return None, ""


def _again(request: HttpRequest, run: Run, tag: str, known: Known) -> Answer | None:
    """An answer as it was, or that it is unchanged; None where neither is known to be wanted."""
    if not _shows(request, tag):
        instead = in_its_place(request, run, tag)
        if instead is None:
            return None if known.content is None else (HTTPStatus.OK, known.headers, known.content)
        if instead.status_code != HTTPStatus.NOT_MODIFIED:
            return None
    headers = [header for header in known.headers if header[0] in _OF_UNCHANGED]
    return HTTPStatus.NOT_MODIFIED, headers, b""


def _shows(request: HttpRequest, tag: str) -> bool:
    """Whether this tag is a request's only condition, as it mostly is where there is any."""
    return (
        request.META.get("HTTP_IF_NONE_MATCH") == tag and not _PRECONDITIONS & request.META.keys()
    )


def _may_ask(request: HttpRequest) -> bool:
    """Whether a view would answer at all, as REST_FRAMEWORK in the settings has it."""
    try:
        found = TokenAuthentication().authenticate(request)
    except (APIException, DatabaseError):
        return False
    if found is None:
        return False
    request.user, _ = found
    return TokenThrottle().allow_request(request)
