"""Reports that are files."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import StreamingHttpResponse
from django.urls import reverse
from django.utils.http import content_disposition_header
from drf_spectacular.types import OpenApiTypes
from rest_framework.permissions import AllowAny
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics_data_api import report_files
from analytics_data_api.exceptions import (
    CannotCreateReportDownloadLink,
    CourseKeyMalformed,
    CourseNotSpecified,
    ReportFileNotFound,
    ReportLinkExpired,
    ReportLinkInvalid,
)
from analytics_data_api.renderers import CSVRenderer
from analytics_data_api.serializers import ReportLinkSerializer
from analytics_data_api.views.base import CourseReportView

if TYPE_CHECKING:
    from rest_framework.request import Request

    from analytics_data_api.parameters import Parameters


class ReportLinkView(CourseReportView):
    """A link by which a report on a course can be had for two minutes, by whoever has it.

    Reports are problem_response, student_engagement_daily, student_engagement_weekly and
    student_engagement_all; of several files it is the newest.
    """

    shape = "object"
    errors = (
        CourseNotSpecified(),
        CourseKeyMalformed("nonsense"),
        ReportFileNotFound("course-v1:Ex+Demo+2026", "problem_response"),
        CannotCreateReportDownloadLink(),
    )
    serializer_class = ReportLinkSerializer
    slug = "report"
    changes_with_runs_alone = False

    def answer(self, parameters: Parameters, **path: str) -> Response:
        """The link, as an object.

        Raises ReportFileNotFound or CannotCreateReportDownloadLink.
        """
        fields = self.fields(parameters)
        report = report_files.ReportFile.find(path["course_id"], path["report_name"])
        link, expires = report_files.sign(report.course_id, report.report_name)
        row = {
            "course_id": report.course_id,
            "report_name": report.report_name,
            "download_url": self._url(reverse("report_file", args=[link])),
            "last_modified": report.last_modified,
            "expiration_date": expires,
            "file_size": report.size,
        }
        return Response(self.serialize([row], fields)[0])

    def _url(self, path: str) -> str:
        """A path of ours as browsers can reach it."""
        if settings.PUBLIC_URL:
            return f"{settings.PUBLIC_URL}{path}"
        url: str = self.request.build_absolute_uri(path)
        return url


class ReportFileView(APIView):
    """The file that a link leads to; for everyone who has the link."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = ()
    renderer_classes = (JSONRenderer, CSVRenderer)

    # For the documentation.
    answers = {(HTTPStatus.OK, "text/csv"): OpenApiTypes.STR}
    errors = (
        ReportFileNotFound("course-v1:Ex+Demo+2026", "problem_response"),
        ReportLinkInvalid(),
        ReportLinkExpired(),
        CannotCreateReportDownloadLink(),
    )

    def get(self, request: Request, link: str) -> StreamingHttpResponse:  # noqa: ARG002
        """The file as CSV.

        Raises ReportLinkExpired, ReportLinkInvalid or ReportFileNotFound.
        """
        report = report_files.read(link)
        return StreamingHttpResponse(
            report.content(),
            content_type="text/csv; charset=utf-8",
            headers={
                "Content-Disposition": content_disposition_header(True, report.download_name),
                "Cache-Control": "private, no-store",
            },
        )
