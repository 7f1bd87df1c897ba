"""Courses that belong together."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from rest_framework.response import Response

from analytics_data_api.documentation import parameters as p
from analytics_data_api.exceptions import NoData
from analytics_data_api.reports.models import CourseProgramMetadata
from analytics_data_api.serializers import ProgramSerializer
from analytics_data_api.views.base import ReportView

if TYPE_CHECKING:
    from analytics_data_api.parameters import Parameters


class ProgramsView(ReportView):
    """The programs that have courses. POST does the same for long parameters."""

    parameters = (p.PROGRAM_IDS,)
    can_exclude = True
    errors = (NoData("The reports have no such program."),)
    serializer_class = ProgramSerializer
    slug = "programs"

    def answer(self, parameters: Parameters, **path: str) -> Response:
        """All rows, as a list.

        Raises NoData if there are none.
        """
        fields, rows = self.fields(parameters), self.rows(parameters, **path)
        if not rows:
            raise NoData("The reports have no such program.")
        return Response(self.serialize(rows, fields))

    post = ReportView.get

    def rows(self, parameters: Parameters, **path: str) -> list[dict[str, Any]]:  # noqa: ARG002
        """A row for each program, by its id."""
        rows = CourseProgramMetadata.objects.order_by("program_id", "course_id")
        if program_ids := parameters.texts("program_ids"):
            rows = rows.filter(program_id__in=program_ids)
        return [_program(list(group)) for _, group in groupby(rows, attrgetter("program_id"))]

    def fields(self, parameters: Parameters) -> list[str]:
        """The members to show."""
        names = list(self.serializer_class().fields)
        excluded = parameters.choices("exclude", names)
        chosen = parameters.choices("fields", names) or names
        return [name for name in chosen if name not in excluded]


def _program(rows: list[CourseProgramMetadata]) -> dict[str, Any]:
    return {
        "program_id": rows[0].program_id,
        "program_type": rows[0].program_type,
        "program_title": rows[0].program_title,
        "course_ids": [row.course_id for row in rows],
        "created": max(row.created for row in rows),
    }
