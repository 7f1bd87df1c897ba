"""What can be wrong with a request, and how every error is answered: as one JSON object.

``error_code`` is for programs and does not change; ``developer_message`` says what is wrong and
what to do. Neither tells anything about the server's insides.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.db import DatabaseError
from django.http import JsonResponse
from rest_framework import exceptions, views
from rest_framework.renderers import JSONRenderer

from openedx_base.databases import Trouble, trouble

if TYPE_CHECKING:
    from django.http import HttpRequest
    from rest_framework.response import Response

log = logging.getLogger(__name__)


class CourseNotSpecified(exceptions.APIException):
    """The path has no course id where one belongs."""

    status_code = HTTPStatus.BAD_REQUEST
    default_code = "course_not_specified"
    default_detail = "Course id/key not specified."


class CourseKeyMalformed(exceptions.APIException):
    """A course id is no course key, in either form."""

    status_code = HTTPStatus.BAD_REQUEST
    default_code = "course_key_malformed"

    def __init__(self, course_id: str) -> None:
        super().__init__(f"Course id/key {_shown(course_id)} malformed.")


class IllegalParameterValue(exceptions.APIException):
    """A parameter's value is not one that the resource understands."""

    status_code = HTTPStatus.BAD_REQUEST
    default_code = "illegal_parameter_values"

    def __init__(self, name: str, value: object, expected: str) -> None:
        super().__init__(f"{name}={_shown(value)}: expected {expected}.")


class NoData(exceptions.NotFound):
    """The reports hold nothing of what was asked for."""

    default_code = "no_data"


class LearnerNotFound(exceptions.NotFound):
    """A course has no learner of that name."""

    default_code = "no_learner_for_course"

    def __init__(self, username: str, course_id: str) -> None:
        super().__init__(f"There is no learner {_shown(username)} in course {course_id}.")


class LearnerEngagementTimelineNotFound(exceptions.NotFound):
    """A learner never did anything in a course."""

    default_code = "no_learner_engagement_timeline"

    def __init__(self, username: str, course_id: str) -> None:
        super().__init__(
            f"The reports know nothing that {_shown(username)} did in course {course_id}."
        )


class ReportFileNotFound(exceptions.NotFound):
    """There is no such report on a course."""

    default_code = "report_file_not_found"

    def __init__(self, course_id: str, report_name: str) -> None:
        super().__init__(f"There is no report {_shown(report_name)} on course {course_id}.")


class CannotCreateReportDownloadLink(exceptions.APIException):
    """This server does not know where reports are that are files."""

    status_code = HTTPStatus.NOT_IMPLEMENTED
    default_code = "cannot_create_report_download_link"
    default_detail = (
        "The Data API does not know where report files are: set ANALYTICS_DATA_API_REPORT_FILES to"
        " their folder."
    )


class ReportLinkExpired(exceptions.APIException):
    """A link to a report was good once."""

    status_code = HTTPStatus.GONE
    default_code = "report_link_expired"
    default_detail = "This link was good for a short while only: ask for a new one."


class ReportLinkInvalid(exceptions.APIException):
    """A link to a report is not one that we gave."""

    status_code = HTTPStatus.NOT_FOUND
    default_code = "report_link_invalid"
    default_detail = "This link leads to no report: ask for one by the report's name."


class ReportsDatabaseUnavailable(exceptions.APIException):
    """The reports database cannot be read, or not by this version."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "reports_database_unavailable"


class ApiDatabaseUnavailable(exceptions.APIException):
    """The API's own database, with users and tokens, cannot be read."""

    status_code = HTTPStatus.SERVICE_UNAVAILABLE
    default_code = "api_database_unavailable"
    default_detail = (
        "The database of users and tokens cannot be read: run `python -m analytics_data_api"
        " prepare`; the server's log says more."
    )


def _shown(value: object) -> str:
    """A value as a message shows it: on one line, in printable characters, and not too long."""
    text = ascii(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's handler with our form of errors; None leaves an error to Django."""
    if isinstance(error, DatabaseError):
        log.error("the API's own database: %s", error)
        error = ApiDatabaseUnavailable(_what_to_do(error))
    response = views.exception_handler(error, context)
    if response is None:
        return None
    # Django's own Http404 and PermissionDenied are DRF's by now.
    response.data = (
        _body(error.get_codes(), error.detail)
        if isinstance(error, exceptions.APIException)
        else _body(*_STANDARD[response.status_code])
    )
    # Whatever the client accepts, an error is JSON.
    request = context["request"]
    request.accepted_renderer = JSONRenderer()
    request.accepted_media_type = JSONRenderer.media_type
    return response


def _what_to_do(error: DatabaseError) -> str | None:
    """What helps against an error of the API's own database; None: the usual."""
    if trouble(error) is Trouble.GONE:
        return (
            "The database of users and tokens does not answer, or is just starting: try again in a"
            " minute."
        )
    return None


def _body(error_code: str, developer_message: str) -> dict[str, str]:
    return {"error_code": error_code, "developer_message": developer_message}


# What happens before and after a view, with no exception of its own.
_STANDARD = {
    HTTPStatus.BAD_REQUEST: ("bad_request", "The server does not understand this request."),
    HTTPStatus.FORBIDDEN: ("permission_denied", "This is not allowed."),
    HTTPStatus.NOT_FOUND: ("not_found", "There is no such resource."),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "internal_server_error",
        "Something is wrong with the server; its log says what.",
    ),
}


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:  # noqa: ARG001
    """Answer a request that Django refuses, for its host name or its size for instance."""
    return _standard(HTTPStatus.BAD_REQUEST)


def permission_denied(request: HttpRequest, exception: Exception) -> JsonResponse:  # noqa: ARG001
    """Answer a request that Django forbids."""
    return _standard(HTTPStatus.FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:  # noqa: ARG001
    """Answer a request for a path that is not served."""
    return _standard(HTTPStatus.NOT_FOUND)


def server_error(request: HttpRequest) -> JsonResponse:  # noqa: ARG001
    """Answer a request whose view failed; Django has logged why."""
    return _standard(HTTPStatus.INTERNAL_SERVER_ERROR)


def _standard(status: HTTPStatus) -> JsonResponse:
    return JsonResponse(_body(*_STANDARD[status]), status=status)
