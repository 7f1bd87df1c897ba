"""A course at a glance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from analyticsclient.constants import demographics as kinds
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from insights.courses.answers import (
    demographics,
    engagement,
    enrollment,
    geography,
    learner,
    performance,
    sections,
    video,
)
from insights.courses.answers.changes import changes
from insights.courses.answers.formats import number, percent
from insights.courses.answers.rows import by_day
from insights.courses.pages import (
    DEMOGRAPHICS,
    ENGAGEMENT,
    ENGAGEMENT_BY_SECTION,
    ENROLLMENT,
    GEOGRAPHY,
    HOME,
    LEARNERS,
    PERFORMANCE,
    VIDEOS,
)
from insights.courses.structure import PROBLEM, VIDEO, Structure
from insights.courses.views.answers import known
from insights.courses.views.base import CourseView
from insights.data_api.errors import DataApiDown, DataApiSlow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from insights.courses.answers.answer import Answer, Value
    from insights.courses.answers.changes import Change
    from insights.courses.answers.rows import ApiRow
    from insights.courses.pages import Page

_WEEK = timedelta(days=7)
ANSWERS = ("answered", "correct")
"""The columns of answers, and of those that are right."""


@dataclass(frozen=True)
class Card:
    """What a page answers first.

    Attributes:
        page: where there is more.
        answer: its question, and the finding.
        figure: the number that matters most; empty where there is none.
    """

    page: Page
    answer: Answer
    figure: str


class CourseHomeView(CourseView):
    """What the course is, what changed in it, and a card for each of its pages."""

    page = HOME
    template_name = "courses/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the template shows; no cards where the reports hold nothing of the course."""
        until = self.freshness.until
        is_known = self.summary and until
        return super().get_context_data(
            summary=self.summary,
            start=self.day("start_date"),
            end=self.day("end_date"),
            pacing=self._pacing(),
            cards=self._cards(until) if is_known else [],
            changes=self._changes(until) if is_known else [],
            **kwargs,
        )

    def _pacing(self) -> str:
        names = {"self_paced": _("Self-paced"), "instructor_paced": _("Instructor-paced")}
        return names.get((self.summary or {}).get("pacing_type") or "", "")

    def _cards(self, until: date) -> list[Card]:
        return [
            self._enrollment(until),
            self._demographics(),
            self._geography(),
            self._engagement(),
            *self._sections(),
            self._videos(),
            self._performance(),
            *self._learners(),
        ]

    def _changes(self, until: date) -> list[Change]:
        enrolled: dict[date, int] = {at: row["count"] for at, row in by_day(self.enrolled)}
        return changes(self.activity.table, enrolled, until)

    @cached_property
    def enrolled(self) -> Sequence[ApiRow]:
        """Learners enrolled at the end of each of the last fifteen days."""
        since = (self._until - 2 * _WEEK).isoformat()
        return known(lambda: self.course.enrollment(start_date=since))

    @cached_property
    def activity(self) -> Answer:
        """Active learners of the last whole week, and of the one before it."""
        since = (self._until - 3 * _WEEK).isoformat()
        return engagement.weekly_activity(
            known(lambda: self.course.activity(start_date=since)), until=self._until
        )

    @property
    def _until(self) -> date:
        assert self.freshness.until
        return self.freshness.until

    def _enrollment(self, until: date) -> Card:
        answer = enrollment.enrollment(self.enrolled, start=until)
        return Card(ENROLLMENT, answer, _figure(_last(answer, "count")))

    def _demographics(self) -> Card:
        answer, _spread = demographics.ages(known(lambda: self.course.enrollment(kinds.BIRTH_YEAR)))
        return Card(DEMOGRAPHICS, answer, _largest_group(answer))

    def _geography(self) -> Card:
        answer = geography.geography(known(lambda: self.course.enrollment(kinds.LOCATION)))
        countries = sum(code is not None for code in answer.table.values("code"))
        return Card(GEOGRAPHY, answer, number(countries) if countries else "")

    def _engagement(self) -> Card:
        return Card(ENGAGEMENT, self.activity, _figure(_last(self.activity, "any")))

    @cached_property
    def structure(self) -> Structure:
        """The course's videos and problems, and what they are in."""
        return Structure.of(self.course, VIDEO, PROBLEM)

    @cached_property
    def videos(self) -> list[ApiRow]:
        """The course's videos that were played."""
        return known(self.course.videos)

    @cached_property
    def problems(self) -> list[performance.Problem]:
        """The course's problems."""
        return performance.problems(self.structure, known(self.course.problems))

    def _sections(self) -> list[Card]:
        """Where learners stop, if the course's sections are known."""
        found = sections.sections(self.structure, self.videos, self.problems)
        if not found:
            return []
        fall = sections.largest_fall(found, is_over=self.is_over)
        answer = sections.section_stops(found, is_over=self.is_over)
        return [Card(ENGAGEMENT_BY_SECTION, answer, f"−{percent(fall.share)}" if fall else "")]

    def _performance(self) -> Card:
        answer = performance.assignment_types(self.problems)
        answered, correct = (sum(map(_count, answer.table.values(key))) for key in ANSWERS)
        return Card(PERFORMANCE, answer, percent(correct / answered) if answered else "")

    def _videos(self) -> Card:
        answer, stops = (
            ask(self.videos, lambda module_id: module_id, self.structure)
            for ask in (video.videos, video.stops)
        )
        if stops.table.rows:
            answer = replace(answer, finding=f"{answer.finding} {stops.finding}")
        return Card(VIDEOS, answer, number(len(self.videos)) if self.videos else "")

    def _learners(self) -> list[Card]:
        try:
            segments = self.data_api.learner_metadata(self.course_id)["segments"]
        except (DataApiDown, DataApiSlow):
            return []
        answer = learner.attention(segments)
        return [
            Card(
                LEARNERS, answer, _figure(_last(answer, "count")) if any(segments.values()) else ""
            )
        ]


def _largest_group(ages: Answer) -> str:
    """The group of age with most learners; the last one, of unknown age, is none."""
    counts = dict(zip(ages.table.values("age"), ages.table.values("count"), strict=True))
    groups = [(count, str(group)) for group, count in list(counts.items())[:-1] if count]
    return max(groups, default=(0, ""))[1]


def _last(answer: Answer, key: str) -> Value:
    """The last value of a column; None if there is none."""
    values = answer.table.values(key)
    return values[-1] if values else None


def _count(value: Value) -> int:
    return value if isinstance(value, int) else 0


def _figure(value: Value) -> str:
    return number(value) if isinstance(value, int) else ""
