"""What changed in a course in its last whole week: sentences, and none that the data do not bear.

The rule for each is `is_change`. What follows from a week of which no activity at all is known is
not told: its logs may not have come.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from insights.courses.answers.enrollment import WEEK
from insights.courses.answers.formats import day, number
from insights.courses.pages import ENGAGEMENT, ENROLLMENT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from insights.courses.answers.answer import Table
    from insights.courses.pages import Page

LEAST = 30
"""Learners of both weeks together: fewer are no ground for a sentence."""
LEAST_SHARE = 10
"""Percent of the earlier week."""


@dataclass(frozen=True)
class Change:
    """A sentence, and the page whose chart shows what it tells."""

    page: Page
    text: str


def is_change(before: int, after: int) -> bool:
    """Whether two weeks' numbers of learners, or of learners who came or went, differ in earnest.

    They do if all of these hold:

    - both weeks together have at least `LEAST`;
    - the difference is more than twice the square root of both together. If each learner decides by
      themselves and nothing has changed, two weeks differ by more in one of twenty cases (the
      counts are then Poisson's, and the variance of their difference is their sum);
    - it is at least `LEAST_SHARE` percent of the earlier week.
    """
    difference, both = abs(after - before), abs(after) + abs(before)
    return (
        both >= LEAST and difference**2 > 4 * both and 100 * difference >= LEAST_SHARE * abs(before)
    )


def changes(weeks: Table, enrolled: Mapping[date, int], until: date) -> list[Change]:
    """At most five sentences: four on activity, one on enrollment.

    Args:
        weeks: of `engagement.weekly_activity`, up to the last whole week.
        enrolled: learners enrolled at the end of each day that is known.
        until: the last day of the data.
    """
    return [*_of_activity(weeks), *_of_enrollment(enrolled, until)]


def _texts() -> dict[str, tuple[str, str]]:
    """By what learners do: how more of them, and fewer, are told."""
    return {
        "any": (
            _("More learners were active: %(after)s in the week from %(day)s, %(before)s before."),
            _("Fewer learners were active: %(after)s in the week from %(day)s, %(before)s before."),
        ),
        "attempted_problem": (
            _("More tried a problem: %(after)s in the week from %(day)s, %(before)s before."),
            _("Fewer tried a problem: %(after)s in the week from %(day)s, %(before)s before."),
        ),
        "played_video": (
            _("More played a video: %(after)s in the week from %(day)s, %(before)s before."),
            _("Fewer played a video: %(after)s in the week from %(day)s, %(before)s before."),
        ),
        "posted_forum": (
            _("More posted in the forum: %(after)s in the week from %(day)s, %(before)s before."),
            _("Fewer posted in the forum: %(after)s in the week from %(day)s, %(before)s before."),
        ),
    }


def _of_activity(weeks: Table) -> list[Change]:
    *_earlier, start = weeks.values("start") or [None]
    active = weeks.values("any")
    if not isinstance(start, date) or len(active) < 2 or not all(active[-2:]):
        return []
    found = []
    for key, (more, fewer) in _texts().items():
        before, after = _counts(weeks, key)
        if is_change(before, after):
            text = more if after > before else fewer
            values = {"after": number(after), "before": number(before), "day": day(start)}
            found.append(Change(ENGAGEMENT, text % values))
    return found


def _counts(weeks: Table, key: str) -> tuple[int, int]:
    """The last two values of a column."""
    before, after = weeks.values(key)[-2:]
    assert isinstance(before, int)
    assert isinstance(after, int)
    return before, after


def _of_enrollment(enrolled: Mapping[date, int], until: date) -> list[Change]:
    counts = [enrolled.get(until - WEEK * weeks) for weeks in (2, 1, 0)]
    if None in counts:
        return []
    first, second, third = (count or 0 for count in counts)
    before, after = second - first, third - second
    if not is_change(before, after):
        return []
    text = _(
        "Enrollment changed by %(after)s learners in the seven days to %(day)s, and by %(before)s"
        " in the seven days before."
    )
    values = {"after": _signed(after), "before": _signed(before), "day": day(until)}
    return [Change(ENROLLMENT, text % values)]


def _signed(value: int) -> str:
    """+12, 0 or −3."""
    return f"{'+' if value > 0 else '−' if value < 0 else ''}{number(abs(value))}"
