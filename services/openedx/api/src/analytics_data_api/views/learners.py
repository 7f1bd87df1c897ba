"""Who learns in a course, and what each of them does."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Count, Sum
from rest_framework.exceptions import NotFound
from rest_framework.response import Response

from analytics_data_api.documentation import parameters as p
from analytics_data_api.exceptions import (
    CourseKeyMalformed,
    CourseNotSpecified,
    LearnerEngagementTimelineNotFound,
    LearnerNotFound,
)
from analytics_data_api.reports.models import ModuleEngagement, ModuleEngagementMetricRanges
from analytics_data_api.roster import ORDERS, SEGMENTS, Learner, Question
from analytics_data_api.roster.search import roster
from analytics_data_api.serializers import (
    EngagementDaySerializer,
    EngagementRangesSerializer,
    LearnerMetadataSerializer,
    LearnerSerializer,
)
from analytics_data_api.views.base import CourseReportView

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analytics_data_api.parameters import Parameters

_DAY = timedelta(days=1)


class RosterView(CourseReportView):
    """Learners of a course."""

    # Elasticsearch shows a roster when the pipeline has made it, which is not when a run ends.
    changes_with_runs_alone = not settings.ELASTICSEARCH

    def updated(self, learners: Sequence[Learner]) -> list[Learner]:
        """The learners, each with the day on which the reports were made."""
        day = self.run and self.run.ended.date()
        return [{**learner, "last_updated": day} for learner in learners]


class LearnersView(RosterView):
    """The learners of a course: a page of them, the first one by default."""

    parameters = (
        p.COURSE_ID,
        p.LEARNERS_TEXT,
        p.LEARNER_SEGMENTS,
        p.IGNORE_SEGMENTS,
        p.COHORT,
        p.ENROLLMENT_MODE,
        p.LEARNERS_ORDER,
        p.SORT_ORDER,
        p.PAGE,
        p.LEARNERS_PAGE_SIZE,
    )
    shape = "page"
    errors = (
        CourseNotSpecified(),
        CourseKeyMalformed("nonsense"),
        NotFound("There is no page 7: the last one is 2."),
    )
    serializer_class = LearnerSerializer
    slug = "learners"

    def answer(self, parameters: Parameters, **path: str) -> Response:  # noqa: ARG002
        """A page, which may be empty.

        Raises NotFound if there are fewer pages.
        """
        question = self._question(parameters)

        def find(start: int, stop: int) -> tuple[Sequence[Learner], int]:
            learners, count = roster().find(question, start, stop)
            return self.updated(learners), count

        return self.paged(parameters, find)

    def _question(self, parameters: Parameters) -> Question:
        return Question(
            course_id=self.course_id,
            words=tuple((parameters.text("text_search") or "").split()),
            cohort=parameters.text("cohort"),
            enrollment_mode=parameters.text("enrollment_mode"),
            segments=tuple(parameters.choices("segments", SEGMENTS)),
            ignored_segments=tuple(parameters.choices("ignore_segments", SEGMENTS)),
            order_by=parameters.choice("order_by", ORDERS) or "username",
            descending=parameters.choice("sort_order", ("asc", "desc")) == "desc",
        )


class LearnerView(RosterView):
    """One learner of a course."""

    parameters = (p.COURSE_ID,)
    shape = "object"
    errors = (
        CourseNotSpecified(),
        CourseKeyMalformed("nonsense"),
        LearnerNotFound("ann", "course-v1:Ex+Demo+2026"),
    )
    serializer_class = LearnerSerializer
    slug = "learner"

    def answer(self, parameters: Parameters, **path: str) -> Response:
        """The learner, as an object.

        Raises LearnerNotFound if there is none of that name in the course.
        """
        fields = self.fields(parameters)
        learner = roster().learner(self.course_id, path["username"])
        if learner is None:
            raise LearnerNotFound(path["username"], self.course_id)
        return Response(self.serialize(self.updated([learner]), fields)[0])


class EngagementTimelineView(CourseReportView):
    """What a learner did in a course, day by day from the first day with anything to the last.

    Problems and videos are counted once a day, contributions to discussions each.
    """

    parameters = (p.COURSE_ID,)
    shape = "days"
    errors = (
        CourseNotSpecified(),
        CourseKeyMalformed("nonsense"),
        LearnerEngagementTimelineNotFound("ann", "course-v1:Ex+Demo+2026"),
    )
    serializer_class = EngagementDaySerializer
    slug = "engagement_timeline"

    def answer(self, parameters: Parameters, **path: str) -> Response:
        """An object with the list ``days``; as CSV, the list.

        Raises LearnerEngagementTimelineNotFound if there is none.
        """
        fields, days = self.fields(parameters), self.rows(parameters, **path)
        if not days:
            raise LearnerEngagementTimelineNotFound(path["username"], self.course_id)
        shown = self.serialize(days, fields)
        is_csv = self.request.accepted_renderer.format == "csv"
        return Response(shown if is_csv else {"days": shown})

    def rows(self, parameters: Parameters, **path: str) -> list[dict[str, Any]]:  # noqa: ARG002
        """A row for each day."""
        done = (
            ModuleEngagement.objects.filter(course_id=self.course_id, username=path["username"])
            .order_by("date")
            .values("date", "entity_type", "event")
            .annotate(times=Sum("count"), entities=Count("entity_id", distinct=True))
        )
        days = {day: _done(rows) for day, rows in groupby(done, itemgetter("date"))}
        return [{"date": day, **_NOTHING, **days.get(day, {})} for day in _from_first_to_last(days)]


# What a learner does, and whether it is counted by what it is done with.
_KINDS = {
    ("problem", "attempted"): ("problems_attempted", "entities"),
    ("problem", "completed"): ("problems_completed", "entities"),
    ("discussion", "contributed"): ("discussion_contributions", "times"),
    ("video", "viewed"): ("videos_viewed", "entities"),
}
_NOTHING = {name: 0 for name, _ in _KINDS.values()}


def _done(rows: Any) -> dict[str, int]:
    kinds = ((_KINDS.get((row["entity_type"], row["event"])), row) for row in rows)
    return {kind[0]: row[kind[1]] for kind, row in kinds if kind}


def _from_first_to_last(days: dict[date, Any]) -> Iterator[date]:
    if days:
        first, last = min(days), max(days)
        yield from (first + number * _DAY for number in range((last - first).days + 1))


class LearnerMetadataView(RosterView):
    """The learners of a course by what the list of them can be filtered by, as an object.

    With it comes which values of what learners did in the last week are high and low in the course.
    """

    shape = "object"
    errors = (CourseNotSpecified(), CourseKeyMalformed("nonsense"))
    serializer_class = LearnerMetadataSerializer
    slug = "learner_metadata"

    def answer(self, parameters: Parameters, **path: str) -> Response:  # noqa: ARG002
        """The numbers; zeros and nulls where there is nobody."""
        fields = self.fields(parameters)
        row = {**roster().counts(self.course_id), "engagement_ranges": _ranges(self.course_id)}
        return Response(self.serialize([row], fields)[0])


def _ranges(course_id: str) -> dict[str, Any]:
    rows = list(ModuleEngagementMetricRanges.objects.filter(course_id=course_id))
    bounds = {(row.metric, row.range_type): [row.low_value, row.high_value] for row in rows}
    measures = [name for name in EngagementRangesSerializer().fields if name != "date_range"]
    return {
        "date_range": {
            "start": rows[0].start_date if rows else None,
            "end": rows[0].end_date if rows else None,
        },
        **{measure: _ranks(measure, bounds) for measure in measures},
    }


def _ranks(measure: str, bounds: dict[tuple[str, str], list[float | None]]) -> dict[str, Any]:
    # Of attempts at a problem, few are good.
    top, bottom = (
        ("low", "high") if measure == "problem_attempts_per_completed" else ("high", "low")
    )
    return {
        "class_rank_bottom": bounds.get((measure, bottom)),
        "class_rank_average": bounds.get((measure, "normal")),
        "class_rank_top": bounds.get((measure, top)),
    }
