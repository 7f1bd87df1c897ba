"""A course at a glance: what it is, what changed in it, and what each page answers first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from analyticsclient.constants import demographics as kinds
from analyticsclient.exceptions import NotFoundError
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
from insights.courses.answers.enrollment import WEEK
from insights.courses.answers.formats import day, number, percent
from insights.courses.answers.rows import by_day, known
from insights.courses.pages import (
    DEMOGRAPHICS,
    ENGAGEMENT,
    ENGAGEMENT_BY_SECTION,
    ENROLLMENT,
    GEOGRAPHY,
    LEARNERS,
    PERFORMANCE,
    VIDEOS,
)
from insights.courses.structure import PROBLEM, VIDEO, Structure, course_title
from insights.data_api.errors import DataApiDown, DataApiSlow
from insights.data_api.runs import freshness
from insights.data_api.times import day_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from insights.courses.answers.answer import Answer, Value
    from insights.courses.answers.changes import Change
    from insights.courses.answers.rows import ApiRow
    from insights.courses.pages import Page
    from insights.data_api.client import DataApi, OneCourse
    from insights.data_api.runs import Freshness

WEEKS = 8
"""How far back enrollment and activity are asked for."""
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


class Overview:
    """A course at a glance, all of it from one run of the pipeline.

    Each part is asked for when it is first needed, and raises what `DataApi` raises.
    """

    def __init__(self, data_api: DataApi, course_id: str) -> None:
        self.data_api = data_api
        self.course_id = course_id

    @cached_property
    def freshness(self) -> Freshness:
        """How fresh the numbers are."""
        return freshness(self.data_api)

    @cached_property
    def summary(self) -> dict[str, Any] | None:
        """The course's summary; None where the reports hold nothing of the course."""
        try:
            found = self.data_api.course_summaries().course_summaries([self.course_id])
        except NotFoundError:
            return None
        summary: dict[str, Any] = found[0]
        return summary

    @cached_property
    def name(self) -> str:
        """The course's title in the catalog, or in the LMS; its id where no title is known."""
        title: str = (self.summary or {}).get("catalog_course_title") or course_title(self._course)
        return title or self.course_id

    @property
    def start(self) -> date | None:
        """The day it starts."""
        return self._day("start_date")

    @property
    def end(self) -> date | None:
        """The day it ends."""
        return self._day("end_date")

    @property
    def pacing(self) -> str:
        """Who sets the pace, in the language of the page; empty where that is not known."""
        names = {"self_paced": _("Self-paced"), "instructor_paced": _("Instructor-paced")}
        return names.get((self.summary or {}).get("pacing_type") or "", "")

    @property
    def is_over(self) -> bool:
        """Whether the course has ended, as far as the numbers go."""
        return bool(self.end and self.freshness.until and self.end <= self.freshness.until)

    @property
    def facts(self) -> list[str]:
        """When it is, who sets the pace, and its id where the name is another."""
        start, end = (day(at) if at else "" for at in (self.start, self.end))
        if start and end:
            dates = f"{start} – {end}"
        elif start:
            dates = _("Since %(day)s") % {"day": start}
        else:
            dates = end and _("Until %(day)s") % {"day": end}
        course_id = self.course_id if self.course_id != self.name else ""
        return [fact for fact in (dates, self.pacing, course_id) if fact]

    @property
    def until(self) -> date | None:
        """The last whole day of the course's numbers; None where there is none."""
        return self.freshness.until if self.summary else None

    @property
    def last_day(self) -> date | None:
        """The last day of the course's numbers, over or not; None where there are none."""
        return (self.freshness.today or self.freshness.until) if self.summary else None

    @cached_property
    def cards(self) -> list[Card]:
        """A card for each page; none where the reports hold nothing of the course."""
        if not self.last_day:
            return []
        return [
            self._enrollment(self.last_day),
            self._demographics(),
            self._geography(),
            self._engagement(),
            *self._sections(),
            self._videos(),
            self._performance(),
            *self._learners(),
        ]

    @cached_property
    def changes(self) -> list[Change]:
        """What changed in the last whole week."""
        if not self.until:
            return []
        enrolled: dict[date, int] = {at: row["count"] for at, row in by_day(self.enrolled)}
        return changes(self.activity.table, enrolled, self.until)

    @cached_property
    def enrolled(self) -> Sequence[ApiRow]:
        """Learners enrolled at the end of each day of the last `WEEKS`, and of the day before."""
        since = self._since(WEEKS)
        return known(lambda: self._course.enrollment(start_date=since))

    @cached_property
    def activity(self) -> Answer:
        """Active learners of each of the last whole weeks, `WEEKS` at most."""
        since = self._since(WEEKS + 1)
        return engagement.weekly_activity(
            known(lambda: self._course.activity(start_date=since)), until=self.until
        )

    @property
    def _course(self) -> OneCourse:
        return self.data_api.courses(self.course_id)

    def _day(self, member: str) -> date | None:
        text = (self.summary or {}).get(member)
        return day_of(text) if text else None

    def _since(self, weeks: int) -> str | None:
        """So many weeks before the last day of the numbers."""
        return (self.last_day - weeks * WEEK).isoformat() if self.last_day else None

    def _enrollment(self, last_day: date) -> Card:
        today = self.freshness.today
        answer = enrollment.enrollment(self.enrolled, start=last_day, today=today)
        return Card(ENROLLMENT, answer, _figure(_last(answer, "count")))

    def _demographics(self) -> Card:
        rows = known(lambda: self._course.enrollment(kinds.BIRTH_YEAR))
        answer, _spread = demographics.ages(rows, self.freshness.today)
        return Card(DEMOGRAPHICS, answer, _largest_group(answer))

    def _geography(self) -> Card:
        rows = known(lambda: self._course.enrollment(kinds.LOCATION))
        answer = geography.geography(rows, self.freshness.today)
        countries = sum(code is not None for code in answer.table.values("code"))
        return Card(GEOGRAPHY, answer, number(countries) if countries else "")

    def _engagement(self) -> Card:
        return Card(ENGAGEMENT, self.activity, _figure(_last(self.activity, "any")))

    @cached_property
    def _structure(self) -> Structure:
        """The course's videos and problems, and what they are in."""
        return Structure.of(self._course, VIDEO, PROBLEM)

    @cached_property
    def _watched(self) -> list[ApiRow]:
        """The course's videos that were played."""
        return known(self._course.videos)

    @cached_property
    def _problems(self) -> list[performance.Problem]:
        """The course's problems."""
        return performance.problems(self._structure, known(self._course.problems))

    def _sections(self) -> list[Card]:
        """Where learners stop, if the course's sections are known."""
        found = sections.sections(self._structure, self._watched, self._problems)
        if not found:
            return []
        fall = sections.largest_fall(found, is_over=self.is_over)
        answer = sections.section_stops(found, is_over=self.is_over)
        return [Card(ENGAGEMENT_BY_SECTION, answer, f"−{percent(fall.share)}" if fall else "")]

    def _performance(self) -> Card:
        answer = performance.assignment_types(self._problems)
        answered, correct = (sum(map(_count, answer.table.values(key))) for key in ANSWERS)
        return Card(PERFORMANCE, answer, percent(correct / answered) if answered else "")

    def _videos(self) -> Card:
        answer, stops = (
            ask(self._watched, lambda module_id: module_id, self._structure)
            for ask in (video.videos, video.stops)
        )
        if stops.table.rows:
            answer = replace(answer, finding=f"{answer.finding} {stops.finding}")
        return Card(VIDEOS, answer, number(len(self._watched)) if self._watched else "")

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
