"""Courses with their learners of the last day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.exceptions import NotFound
from rest_framework.response import Response

from analytics_data_api.documentation import parameters as p
from analytics_data_api.exceptions import CourseKeyMalformed, NoData
from analytics_data_api.pagination import link_header, page_of
from analytics_data_api.serializers import CourseSummarySerializer
from analytics_data_api.summaries import (
    ACTIVITY,
    AVAILABILITIES,
    PACING_TYPES,
    SORT_KEYS,
    Summary,
    add_activity,
    add_programs,
    add_recent_change,
    availability,
    course_summaries,
    has_text,
)
from analytics_data_api.views.base import ReportView

if TYPE_CHECKING:
    from analytics_data_api.parameters import Parameters


class CourseSummariesView(ReportView):
    """Courses, one object each: a list, or a page of it. POST does the same for long parameters.

    Members to leave out are left out within ``enrollment_modes`` too. ``programs``,
    ``recent_count_change``, ``active_count`` and ``active_count_change`` are there only if they are
    asked for: the last two in ``fields``.
    """

    parameters = (
        p.COURSE_IDS,
        p.COURSES_TEXT,
        p.AVAILABILITY,
        p.PACING_TYPE,
        p.PROGRAM_IDS,
        p.COURSES_ORDER,
        p.SORT_ORDER,
        p.PAGE,
        p.PAGE_SIZE,
        p.ALL,
        p.PROGRAMS,
        p.RECENT_DATE,
    )
    can_exclude = True
    shape = "list or page"
    errors = (
        CourseKeyMalformed("nonsense"),
        NoData("The reports have no such course."),
        NotFound("There is no page 7: the last one is 2."),
    )
    serializer_class = CourseSummarySerializer
    slug = "course_summaries"

    def answer(self, parameters: Parameters, **path: str) -> Response:
        """The summaries asked for: as a list, or as a page of one.

        Raises NoData if nothing matches and no page was asked for.
        """
        fields, excluded = self.fields(parameters), self._excluded(parameters)
        summaries = self.rows(parameters, **path)
        page = page_of(summaries, parameters)
        if page is None and not summaries:
            raise NoData("The reports have no such course.")
        shown = list(summaries if page is None else page.items)
        if since := parameters.day("recent_date"):
            add_recent_change(shown, since)
        for summary in shown:
            for counts in summary["enrollment_modes"].values():
                for name in excluded & counts.keys():
                    del counts[name]
        results = self.serialize(shown, [name for name in fields if name not in excluded])
        if page is None:
            return Response(results)
        envelope = page.envelope(self.request.build_absolute_uri(), results)
        response = Response(envelope)
        if links := link_header(envelope):
            response["Link"] = links
        return response

    post = ReportView.get

    def rows(self, parameters: Parameters, **path: str) -> list[Summary]:  # noqa: ARG002
        """The courses that match, in order."""
        summaries = course_summaries(parameters.course_ids())
        if text := parameters.text("text_search"):
            summaries = [summary for summary in summaries if has_text(summary, text)]
        if states := parameters.choices("availability", AVAILABILITIES):
            summaries = [summary for summary in summaries if availability(summary) in states]
        if pacing := parameters.choices("pacing_type", PACING_TYPES):
            summaries = [summary for summary in summaries if summary["pacing_type"] in pacing]
        programs = set(parameters.texts("program_ids"))
        if programs or "programs" in self.fields(parameters):
            add_programs(summaries)
        if programs:
            summaries = [summary for summary in summaries if programs & set(summary["programs"])]
        order = parameters.choice("order_by", SORT_KEYS) or "catalog_course_title"
        if {order, *self.fields(parameters)} & {*ACTIVITY}:
            add_activity(summaries, self.run and self.run.whole_end)
        descending = parameters.choice("sort_order", ("asc", "desc")) == "desc"
        # They come by id; sorting keeps that order among equals.
        return sorted(summaries, key=SORT_KEYS[order], reverse=descending)

    def fields(self, parameters: Parameters) -> list[str]:
        """The members to show; some are there only when they are asked for."""
        names = list(self.serializer_class().fields)
        chosen = parameters.choices("fields", names)
        unasked = {*ACTIVITY} - {*chosen}
        if not parameters.text("recent_date"):
            unasked.add("recent_count_change")
        if not (parameters.flag("programs") or "programs" in chosen):
            unasked.add("programs")
        return [name for name in chosen or names if name not in unasked]

    def _excluded(self, parameters: Parameters) -> set[str]:
        return set(parameters.choices("exclude", self.serializer_class().fields))
