"""A course's week on one page: what the report's page, its PDF and the weekly mail all show.

It is meant to be handed round. Of a course with few learners it leaves out what could tell who one
of them is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from insights.courses.answers.engagement import last_week
from insights.courses.answers.enrollment import enrollment
from insights.courses.answers.formats import day, number
from insights.courses.pages import DEMOGRAPHICS, ENGAGEMENT, ENROLLMENT, GEOGRAPHY, LEARNERS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from insights.courses.answers.answer import Answer
    from insights.courses.answers.changes import Change
    from insights.courses.overview import Card, Overview
    from insights.courses.pages import Page

FEW = 10
"""Learners enrolled: of a course with fewer, nothing is told of who they are."""
_WHO_THEY_ARE = (DEMOGRAPHICS, GEOGRAPHY, LEARNERS)


@dataclass(frozen=True)
class Report:
    """What there is to say of a course's week, in the language of whoever it is made for.

    Attributes:
        course_id: the course.
        name: its title; its id where no title is known.
        facts: when it is, who sets the pace, its id.
        week: the Monday of the last whole week; None where there are no numbers of the course, and
            so neither changes, cards nor charts.
        until: the last day of the numbers that is over.
        today: the day after it, where the numbers cover what has come of that.
        computed: when they were computed, in UTC.
        changes: what changed in the week.
        charts: enrollment and activity over the last weeks, each with a chart where there is one to
            draw, and with the figure of the course's overview.
        cards: the overview's others, but for what is left out.
        left_out: a sentence on what is left out; empty where nothing is.
    """

    course_id: str
    name: str
    facts: Sequence[str]
    week: date | None
    until: date | None
    today: date | None
    computed: datetime | None
    changes: Sequence[Change]
    charts: Sequence[Card]
    cards: Sequence[Card]
    left_out: str

    @property
    def days(self) -> str:
        """The week in words; empty where there is none."""
        if not self.week:
            return ""
        values = {"first": day(self.week), "last": day(self.week + timedelta(days=6))}
        return _("Week from %(first)s to %(last)s") % values

    @property
    def as_of(self) -> str:
        """The last day of the numbers in words, and today; empty where there are none."""
        until = [_("Data until %(day)s") % {"day": day(self.until)}] if self.until else []
        so_far = [_("%(day)s so far") % {"day": day(self.today)}] if self.today else []
        return ", ".join([*until, *so_far])


def report(overview: Overview) -> Report:
    """The report of a course; raises what `Overview` raises."""
    until = overview.until
    few = bool(overview.last_day) and not _many(overview)
    over_weeks = _over_weeks(overview)
    return Report(
        course_id=overview.course_id,
        name=overview.name,
        facts=overview.facts,
        week=last_week(until) if until else None,
        until=until,
        today=overview.freshness.today,
        computed=overview.freshness.computed,
        changes=overview.changes,
        charts=[
            replace(card, answer=over_weeks[card.page])
            for card in overview.cards
            if card.page in over_weeks
        ],
        cards=[
            card
            for card in overview.cards
            if card.page not in over_weeks and not (few and card.page in _WHO_THEY_ARE)
        ],
        left_out=_left_out() if few else "",
    )


def _over_weeks(overview: Overview) -> dict[Page, Answer]:
    """By page, what has a chart in place of a card."""
    enrolled = enrollment(overview.enrolled, today=overview.freshness.today)
    return {ENROLLMENT: enrolled, ENGAGEMENT: overview.activity}


def _many(overview: Overview) -> bool:
    counts = enrollment(overview.enrolled).table.values("count")
    return bool(counts) and isinstance(counts[-1], int) and counts[-1] >= FEW


def _left_out() -> str:
    text = _(
        "Fewer than %(count)s learners are enrolled: their ages and countries, and how many may"
        " need attention, are not in this report, as that could tell who they are."
    )
    return text % {"count": number(FEW)}
