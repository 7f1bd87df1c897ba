"""What is said to have changed is true, and of as many learners as that takes."""

from __future__ import annotations

import math
import random
import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.courses.answers import engagement
from insights.courses.answers.changes import LEAST, LEAST_SHARE, changes, is_change
from insights.courses.pages import ENGAGEMENT, ENROLLMENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from insights.courses.answers.changes import Change

UNTIL = date(2026, 5, 3)  # a Sunday
MONDAYS = [date(2026, 4, 20), date(2026, 4, 27)]
WEEK = timedelta(days=7)
COUNTS = st.integers(0, 3000)


def told(*weeks: tuple[int, ...], enrolled: Sequence[int] = ()) -> list[Change]:
    """What is told of two weeks: any activity, problems, videos, forum; enrollment week by week."""
    rows = [
        {
            "interval_start": f"{monday}T000000",
            **dict(zip(engagement.ACTIVITIES, week, strict=True)),
        }
        for monday, week in zip(MONDAYS, weeks, strict=True)
        if any(week)
    ]
    known = {UNTIL - WEEK * back: count for back, count in enumerate(reversed(enrolled))}
    return changes(engagement.weekly_activity(rows, until=UNTIL).table, known, UNTIL)


def test_sentences_of_a_course() -> None:
    found = told((100, 60, 40, 5), (150, 30, 41, 6), enrolled=(500, 510, 480))

    assert [change.text for change in found] == [
        "More learners were active: 150 in the week from 27 Apr 2026, 100 before.",
        "Fewer tried a problem: 30 in the week from 27 Apr 2026, 60 before.",
        "Enrollment changed by −30 learners in the seven days to 3 May 2026, and by +10 in the"
        " seven days before.",
    ]
    assert [change.page for change in found] == [ENGAGEMENT, ENGAGEMENT, ENROLLMENT]


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        (0, 30, True),
        (0, 29, False),  # too few
        (10, 20, False),  # 30, but chance makes as much
        (100, 128, False),  # 28 < 2·√228
        (100, 131, True),  # 31 > 2·√231
        (131, 100, True),
        (5000, 5450, False),  # more than chance, and less than a tenth
        (5000, 5500, True),
        (0, -40, True),
        (40, -40, True),
        (7, 7, False),
    ],
)
def test_what_is_a_change(before: int, after: int, changed: bool) -> None:
    assert is_change(before, after) is changed


@given(*(st.tuples(COUNTS, COUNTS, COUNTS, COUNTS) for _ in range(2)), st.lists(COUNTS, max_size=4))
def test_no_sentence_is_false(
    before: tuple[int, ...], after: tuple[int, ...], enrolled: list[int]
) -> None:
    found = told(before, after, enrolled=enrolled)

    assert len(found) <= 5
    joined = [second - first for first, second in zip(enrolled[-3:], enrolled[-2:], strict=False)]
    of_activity = iter(zip(before, after, strict=True)) if before[0] and after[0] else iter(())
    for change in found:
        words, *numbers = re.findall(r"^\w+|[−+]?[\d,]+(?= (?:in|before|learners))", change.text)
        first, last = (int(each.replace(",", "").replace("−", "-")) for each in numbers)
        if change.page is ENROLLMENT:
            assert [last, first] == joined[-2:]
        else:
            assert (last, first) in of_activity
            assert words == ("More" if first > last else "Fewer")
        assert first != last
        assert abs(first) + abs(last) >= LEAST
        assert abs(first - last) > 2 * math.sqrt(abs(first) + abs(last))
        assert abs(first - last) >= LEAST_SHARE / 100 * abs(last)


def test_weeks_that_differ_by_chance_alone_are_rarely_told_apart() -> None:
    """The counts of two weeks of a course of 1,000, each of whom comes with the same chance."""
    chance = random.Random(0)
    for share in (0.02, 0.1, 0.3):
        weeks = [sum(chance.random() < share for _ in range(1000)) for _ in range(400)]
        wrong = sum(map(is_change, weeks[::2], weeks[1::2]))
        assert wrong <= 0.1 * len(weeks) / 2


def test_silence_is_not_told_of_learners() -> None:
    """As when the logs of a week have not come."""
    assert told((400, 300, 200, 100), (0, 0, 0, 0)) == []
    assert told((0, 0, 0, 0), (400, 300, 200, 100)) == []
    assert told((0, 0, 0, 0), (0, 0, 0, 0)) == []


@pytest.mark.parametrize("known", [(), (10,), (10, 500)])
def test_enrollment_of_less_than_two_weeks_is_not_compared(known: tuple[int, ...]) -> None:
    assert told((0,) * 4, (0,) * 4, enrolled=known) == []
