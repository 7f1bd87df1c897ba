"""What the resources that show reports have in common."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from django.utils.http import content_disposition_header
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics_data_api.exceptions import CourseKeyMalformed, CourseNotSpecified, NoData
from analytics_data_api.lasting import in_its_place, validators
from analytics_data_api.pagination import LARGEST, SIZE, found_page, link_header
from analytics_data_api.parameters import Parameters, parse_course_id
from analytics_data_api.renderers import OF_REPORTS
from analytics_data_api.reports.snapshot import Run, snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpResponse, HttpResponseBase
    from drf_spectacular.utils import OpenApiParameter
    from rest_framework.exceptions import APIException
    from rest_framework.request import Request
    from rest_framework.serializers import BaseSerializer

    from analytics_data_api.pagination import Find


RUN_HEADER = "X-Pipeline-Run"


class ReportView(APIView):
    """Rows of the reports, all from one run of the pipeline, whose id is in the answer's header.

    Until another run publishes, an answer stays what it is: who has one and asks with its ETag, or
    its date, is told so without a look at the rows. Where it can, `LastingAnswers` does it sooner.
    """

    renderer_classes = OF_REPORTS

    serializer_class: type[BaseSerializer]
    slug: str  # what a CSV's file name says of its content
    changes_with_runs_alone = True

    # For the documentation: parameters beside ``fields``, and errors beside those of all reports.
    parameters: Sequence[OpenApiParameter] = ()
    can_exclude = False
    shape = "list"
    errors: Sequence[APIException] = (NoData("The reports have no such data."),)

    run: Run | None = None
    validators: dict[str, str] = {}  # headers by which a client asks again

    def get(self, request: Request, **path: str) -> HttpResponseBase:
        """Answer from one snapshot of the reports."""
        parameters = Parameters(request)
        with snapshot() as self.run:
            unchanged = self._not_modified(request)
            if unchanged and self.validators["ETag"] in request.headers.get("If-None-Match", ""):
                return unchanged
            # Whoever does not show our tag, but a date or `*`, may never have had an answer: what
            # is wrong with the question comes first (RFC 9110, 13.2.1).
            answer = self.answer(parameters, **path)
            return unchanged or answer

    def _not_modified(self, request: Request) -> HttpResponse | None:
        """The answer that says that nothing changed; None if something did, or may have."""
        if self.run is None or not self.changes_with_runs_alone or request.method == "POST":
            return None
        self.validators = validators(request, self.run, request.accepted_renderer.media_type)
        return in_its_place(request, self.run, self.validators["ETag"])

    def answer(self, parameters: Parameters, **path: str) -> Response:
        """All rows, as a list."""
        return Response(self.serialize(self.rows(parameters, **path), self.fields(parameters)))

    def rows(self, parameters: Parameters, **path: str) -> Sequence[Any]:
        """What the answer consists of.

        Raises NoData where there is nothing.
        """
        raise NotImplementedError

    def fields(self, parameters: Parameters) -> list[str]:
        """The members that were asked for.

        Raises IllegalParameterValue if there is one that the answer does not have.
        """
        return parameters.choices("fields", self.serializer_class().fields)

    def serialize(self, rows: Sequence[Any], only: Sequence[str] = ()) -> Any:
        """The rows with their members, or some of them, as JSON has them."""
        return self.serializer_class(rows, many=True, only=only).data

    def finalize_response(
        self, request: Request, response: HttpResponseBase, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Say which run the data are of, and how to name them as a file."""
        response = super().finalize_response(request, response, *args, **kwargs)
        if self.run:
            response[RUN_HEADER] = self.run.run_id
        if response.status_code in (HTTPStatus.OK, HTTPStatus.NOT_MODIFIED):
            for name, value in self.validators.items():
                response[name] = value
        if isinstance(response, Response) and response.accepted_renderer.format == "csv":
            response["Content-Disposition"] = content_disposition_header(True, self.file_name())
        return response

    def paged(self, parameters: Parameters, find: Find) -> Response:
        """A page of a list that is never there as a whole, with links to those beside it.

        Raises NotFound if there are fewer pages.
        """
        fields, number = self.fields(parameters), parameters.positive("page") or 1
        page = found_page(find, number, min(parameters.positive("page_size") or SIZE, LARGEST))
        results = self.serialize(page.items, fields)
        envelope = page.envelope(self.request.build_absolute_uri(), results)
        response = Response(envelope)
        if links := link_header(envelope):
            response["Link"] = links
        return response

    def file_name(self) -> str:
        """The name under which the answer is saved."""
        return f"{self.slug}.csv"


class CourseReportView(ReportView):
    """Rows of one course, which stands in the path or is the parameter ``course_id``."""

    errors: Sequence[APIException] = (
        CourseNotSpecified(),
        CourseKeyMalformed("nonsense"),
        NoData("The reports have no such data on course course-v1:Ex+Demo+2026."),
    )

    course_id: str

    def initial(self, request: Request, *args: Any, **path: str) -> None:
        """Check the request.

        Raises CourseNotSpecified or CourseKeyMalformed if it does not say which course.
        """
        super().initial(request, *args, **path)
        if request.method not in ("GET", "HEAD"):
            return  # no such method is allowed, whatever the course
        self.course_id = path.get("course_id", request.query_params.get("course_id", ""))
        if not self.course_id:
            raise CourseNotSpecified
        parse_course_id(self.course_id)

    def answer(self, parameters: Parameters, **path: str) -> Response:
        """All rows, as a list.

        Raises NoData if there are none.
        """
        fields, rows = self.fields(parameters), self.rows(parameters, **path)
        if not rows:
            raise NoData(f"The reports have no such data on course {self.course_id}.")
        return Response(self.serialize(rows, fields))

    def file_name(self) -> str:
        """The name under which the answer is saved: of course and content."""
        return f"{course_slug(self.course_id)}--{self.slug}.csv"


def course_slug(course_id: str) -> str:
    """The parts of a course id with hyphens between them."""
    return re.sub("[/+:|]", "-", course_id.removeprefix("course-v1:"))
