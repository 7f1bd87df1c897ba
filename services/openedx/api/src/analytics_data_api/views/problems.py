"""What learners answered."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import TYPE_CHECKING, Any

from django.db.models import Max, Q, Sum
from rest_framework.response import Response

from analytics_data_api.answers import consolidated
from analytics_data_api.documentation import parameters as p
from analytics_data_api.exceptions import CourseKeyMalformed, NoData
from analytics_data_api.reports.models import (
    AnswerDistribution,
    GradeDistribution,
    ModuleModel,
    SequentialOpenDistribution,
    TagsDistribution,
)
from analytics_data_api.serializers import (
    AnswerDistributionSerializer,
    GradeDistributionSerializer,
    ProblemAndTagsSerializer,
    ProblemSerializer,
    SequentialOpenDistributionSerializer,
)
from analytics_data_api.views.base import CourseReportView, ReportView, course_slug

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics_data_api.parameters import Parameters


class ProblemsView(CourseReportView):
    """The problems of a course that were answered.

    Submissions are learners with an answer, counted by their latest ones. A problem of several
    parts has the parts' average, without its fraction.
    """

    serializer_class = ProblemSerializer
    slug = "problems"

    def rows(self, parameters: Parameters, **path: str) -> list[dict[str, Any]]:  # noqa: ARG002
        """A row for each problem."""
        parts = (
            AnswerDistribution.objects.filter(**path)
            .order_by("module_id", "part_id")
            .values("module_id", "part_id")
            .annotate(
                total=Sum("last_response_count"),
                correct=Sum("last_response_count", filter=Q(correct=True), default=0),
                newest=Max("created"),
            )
        )
        return [
            _problem(module_id, list(group))
            for module_id, group in groupby(parts, itemgetter("module_id"))
        ]


def _problem(module_id: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "module_id": module_id,
        "total_submissions": sum(part["total"] for part in parts) // len(parts),
        "correct_submissions": sum(part["correct"] for part in parts) // len(parts),
        "part_ids": [part["part_id"] for part in parts],
        "created": max(part["newest"] for part in parts),
    }


class ProblemsAndTagsView(CourseReportView):
    """The problems of a course that have tags and were answered."""

    serializer_class = ProblemAndTagsSerializer
    slug = "problems_and_tags"

    def rows(self, parameters: Parameters, **path: str) -> list[dict[str, Any]]:  # noqa: ARG002
        """A row for each problem."""
        problems = groupby(TagsDistribution.objects.filter(**path), attrgetter("module_id"))
        return [_with_tags(list(group)) for _, group in problems]


def _with_tags(rows: list[TagsDistribution]) -> dict[str, Any]:
    """A problem; each row of it has all submissions, and one value of one tag, in order."""
    tags = defaultdict(list)
    for row in rows:
        tags[row.tag_name].append(row.tag_value)
    return {
        "module_id": rows[0].module_id,
        "total_submissions": rows[0].total_submissions,
        "correct_submissions": rows[0].correct_submissions,
        "tags": tags,
        "created": max(row.created for row in rows),
    }


class ModuleReportView(ReportView):
    """Rows of one block; of several runs of a course, if an id of the old form does not say which.

    The parameter ``course_id`` chooses among these.
    """

    parameters = (p.ONE_COURSE_ID,)
    errors = (
        CourseKeyMalformed("nonsense"),
        NoData("The reports have no such data on a block of this id."),
    )
    model: type[ModuleModel]

    def answer(self, parameters: Parameters, **path: str) -> Response:
        """All rows, as a list.

        Raises NoData if there are none.
        """
        fields, rows = self.fields(parameters), self.rows(parameters, **path)
        if not rows:
            raise NoData("The reports have no such data on a block of this id.")
        return Response(self.serialize(rows, fields))

    def rows(self, parameters: Parameters, **path: str) -> Sequence[Any]:
        """The table's rows."""
        rows = self.model.objects.filter(**path)
        if course_id := parameters.course_id():
            rows = rows.filter(course_id=course_id)
        return list(rows)

    def file_name(self) -> str:
        """The name under which the answer is saved: of block and content."""
        return f"{course_slug(self.kwargs['module_id'])}--{self.slug}.csv"


class AnswerDistributionView(ModuleReportView):
    """The answers to a problem, of its parts one after the other.

    Answers that differ in nothing but their variant are one if no answer to the same part differs
    in more: `consolidated_variant` tells.
    """

    model = AnswerDistribution
    serializer_class = AnswerDistributionSerializer
    slug = "answer_distribution"

    def rows(self, parameters: Parameters, **path: str) -> Sequence[Any]:
        """The table's rows, consolidated."""
        return consolidated(super().rows(parameters, **path))


class GradeDistributionView(ModuleReportView):
    """Learners by their points in a problem."""

    model = GradeDistribution
    serializer_class = GradeDistributionSerializer
    slug = "grade_distribution"


class SequentialOpenDistributionView(ModuleReportView):
    """Learners who opened a subsection."""

    model = SequentialOpenDistribution
    serializer_class = SequentialOpenDistributionSerializer
    slug = "sequential_open_distribution"
