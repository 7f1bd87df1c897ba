"""Some courses side by side, each as it was in its first week, its second, and so on.

Weeks are those of all pages, Monday to Sunday. The first one of a course has the day on which the
course starts; where no start is known, or it is still to come, the first day with a learner. So
courses that start in different months lie above each other. Days before the first week are left
out, and so is the week that is not yet whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from insights.charts.chart import Chart, Form
from insights.courses.answers.answer import Answer, Column, Kind, Table
from insights.courses.answers.enrollment import WEEK
from insights.courses.answers.formats import listed, number, percent, share

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from insights.courses.answers.rows import ApiRow

    Weeks = Mapping[int, int]
    """A number of learners by week, from 1."""

LETTERS = "ABCD"
LEAST, MOST = 2, len(LETTERS)
"""Courses that are compared at once."""
_SUNDAY = timedelta(days=6)


@dataclass(frozen=True)
class Compared:
    """A course among others.

    Attributes:
        letter: what charts call it.
        title: its id where it has no title.
        summary: as the Data API has it; None where the reports hold nothing of the course.
        start: the day on which it starts; None where no start is known, or it is still to come.
        enrolled: learners enrolled at the end of each day that is over.
        active: active learners of each week, by its Monday.
        videos: viewers at the start of all its videos, added up.
        answers: learners with an answer to each of its problems, added up.
    """

    letter: str
    course_id: str
    title: str
    summary: ApiRow | None
    start: date | None
    enrolled: Mapping[date, int]
    active: Mapping[date, int]
    videos: int
    answers: int

    @property
    def name(self) -> str:
        """Its letter and its title."""
        return f"{self.letter}: {self.title}"

    @property
    def first_day(self) -> date | None:
        """The day that the first week has; None where there is none."""
        return self.start or min((at for at, count in self.enrolled.items() if count), default=None)

    @property
    def enrolled_by_week(self) -> Weeks:
        """Learners enrolled at the end of each week that is whole."""
        return self._by_week({at - _SUNDAY: count for at, count in self.enrolled.items()})

    @property
    def active_by_week(self) -> Weeks:
        """Active learners of each week that is whole."""
        return self._by_week(self.active)

    def _by_week(self, counts: Mapping[date, int]) -> Weeks:
        """Counts by Monday as counts by week; those of other days do not count."""
        if self.first_day is None:
            return {}
        first = self.first_day - timedelta(days=self.first_day.weekday())
        weeks = {
            (at - first) // WEEK + 1: count for at, count in counts.items() if not at.weekday()
        }
        return {week: count for week, count in weeks.items() if week > 0}


def numbers(courses: Sequence[Compared]) -> Answer:
    """Each course in a row. Per learner is: of those ever enrolled."""
    rows = [_row(course) for course in courses]
    return Answer(
        key="numbers",
        question=_("How many learners do they have, and what do these do?"),
        finding=_numbers_finding(courses),
        table=Table(
            (
                Column("course", _("Course"), Kind.TEXT),
                Column("ever", _("Ever enrolled"), Kind.COUNT, _("ever enrolled")),
                Column("enrolled", _("Enrolled"), Kind.COUNT, _("enrolled")),
                Column("active", _("Active in last week"), Kind.COUNT),
                Column("active_share", _("Active, of enrolled"), Kind.SHARE),
                Column("verified", _("Verified, of enrolled"), Kind.SHARE),
                Column("passing", _("Passing, of enrolled"), Kind.SHARE),
                Column("videos", _("Videos begun per learner"), Kind.RATIO),
                Column("answers", _("Problems answered per learner"), Kind.RATIO),
                Column("course_id", _("Course id"), Kind.CODE),
            ),
            tuple(rows),
        ),
        chart=Chart(Form.BARS, "course", ("ever", "enrolled"))
        if any(course.summary for course in courses)
        else None,
    )


def _row(course: Compared) -> tuple[str | int | float | None, ...]:
    summary = course.summary
    if summary is None:
        return (course.name, 0, 0, *[None] * 6, course.course_id)
    enrolled, ever, active = (
        summary[member] for member in ("count", "cumulative_count", "active_count")
    )
    return (
        course.name,
        ever,
        enrolled,
        active,
        None if active is None else share(active, enrolled),
        share(summary["verified_enrollment"], enrolled),
        share(summary["passing_users"], enrolled),
        share(course.videos, ever),
        share(course.answers, ever),
        course.course_id,
    )


def _numbers_finding(courses: Sequence[Compared]) -> str:
    enrolled = {course.letter: course.summary["count"] for course in courses if course.summary}
    if not any(enrolled.values()):
        return _("Nobody is enrolled in any of them.")
    names, most = _most(enrolled)
    sentences = [
        _("Most learners are enrolled in %(courses)s: %(count)s.")
        % {"courses": names, "count": number(int(most))}
    ]
    active = {
        course.letter: course.summary["active_count"] / course.summary["count"]
        for course in courses
        if course.summary and course.summary["count"] and course.summary["active_count"]
    }
    if active:
        names, most = _most(active)
        text = _(
            "The largest share of the enrolled was active last week in %(courses)s: %(percent)s."
        )
        sentences.append(text % {"courses": names, "percent": percent(most)})
    return " ".join(sentences)


def _most(values: Mapping[str, float]) -> tuple[str, float]:
    """Who has most, all of them if there are several, and how much that is."""
    most = max(values.values())
    return listed([name for name, value in values.items() if value == most]), most


def enrollment(courses: Sequence[Compared]) -> Answer:
    """Learners enrolled at the end of each week since each course's start."""
    return _by_week(
        "enrollment",
        _("How did enrollment grow since they started?"),
        _(
            "%(parts)s were enrolled at the end of week %(week)s, the last that all of them have"
            " had."
        ),
        courses,
        lambda course: course.enrolled_by_week,
    )


def activity(courses: Sequence[Compared]) -> Answer:
    """Active learners in each week since each course's start."""
    return _by_week(
        "activity",
        _("How many learners were active each week since they started?"),
        _("%(parts)s were active in week %(week)s, the last that all of them have had."),
        courses,
        lambda course: course.active_by_week,
    )


def _by_week(
    key: str,
    question: str,
    text: str,
    courses: Sequence[Compared],
    count: Callable[[Compared], Weeks],
) -> Answer:
    """A number of learners week by week, a column a course; no value where none is known."""
    counts = {course.letter: count(course) for course in courses}
    known = sorted({week for weeks in counts.values() for week in weeks})
    weeks = range(known[0], known[-1] + 1) if known else ()
    drawn = tuple(letter for letter, of_course in counts.items() if of_course)
    return Answer(
        key=key,
        question=question,
        finding=_by_week_finding(text, counts),
        table=Table(
            (Column("week", _("Week"), Kind.COUNT), *(_column(course) for course in courses)),
            tuple((week, *(of.get(week) for of in counts.values())) for week in weeks),
        ),
        chart=Chart(Form.LINES, "week", drawn, point=_("Week {}"), dashed=True)
        if len(weeks) > 1
        else None,
    )


def _column(course: Compared) -> Column:
    return Column(
        course.letter,
        f"{course.name} ({course.course_id})",
        Kind.COUNT,
        counted=_("in %(course)s") % {"course": course.letter},
        label=course.letter,
    )


def _by_week_finding(text: str, counts: Mapping[str, Weeks]) -> str:
    common = set.intersection(*(set(weeks) for weeks in counts.values()))
    if not common:
        return _("They have no week in common yet.")
    week = max(common)
    parts = [
        _("%(count)s in %(course)s") % {"count": number(weeks[week]), "course": letter}
        for letter, weeks in counts.items()
    ]
    return text % {"week": number(week), "parts": listed(parts)}
