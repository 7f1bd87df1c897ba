"""Courses side by side, week by week since each one's start."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from insights.courses.answers.comparison import Compared, activity, enrollment, numbers
from insights.courses.answers.download import download

MONDAY = date(2026, 1, 5)
DAY, WEEK = timedelta(days=1), timedelta(days=7)
SUMMARY = {
    "count": 50,
    "cumulative_count": 80,
    "active_count": 10,
    "verified_enrollment": 5,
    "passing_users": 2,
}


def course(letter: str, start: date | None = MONDAY, **given_: Any) -> Compared:
    """A course of which only what is given is known."""
    known = {"summary": SUMMARY, "enrolled": {}, "active": {}, "videos": 0, "answers": 0}
    return Compared(
        letter, f"course-v1:Ex+{letter}+T1", f"Title {letter}", start=start, **{**known, **given_}
    )


def test_each_course_has_a_row_of_numbers() -> None:
    new = dict.fromkeys(SUMMARY, 0)
    courses = [
        course("A", videos=40, answers=8),
        course("B", summary={**SUMMARY, "count": 200, "active_count": 20}),
        course("C", summary=new),
        course("D", summary=None),
    ]

    answer = numbers(courses)

    assert answer.table.rows == (
        ("A: Title A", 80, 50, 10, 0.2, 0.1, 0.04, 0.5, 0.1, "course-v1:Ex+A+T1"),
        ("B: Title B", 80, 200, 20, 0.1, 0.025, 0.01, 0.0, 0.0, "course-v1:Ex+B+T1"),
        ("C: Title C", 0, 0, 0, None, None, None, None, None, "course-v1:Ex+C+T1"),
        ("D: Title D", 0, 0, None, None, None, None, None, None, "course-v1:Ex+D+T1"),
    )
    assert answer.finding == (
        "Most learners are enrolled in B: 200. The largest share of the enrolled was active last"
        " week in A: 20%."
    )


def test_who_has_as_many_is_named_too_and_nobody_where_there_is_nobody() -> None:
    assert numbers([course("A"), course("B")]).finding == (
        "Most learners are enrolled in A and B: 50. The largest share of the enrolled was active"
        " last week in A and B: 20%."
    )
    empty = dict.fromkeys(SUMMARY, 0)
    nobody = numbers([course("A", summary=empty), course("B", summary=None)])
    assert nobody.finding == "Nobody is enrolled in any of them."
    unknown = {**SUMMARY, "active_count": None}
    assert numbers([course("A", summary=unknown), course("B", summary=unknown)]).finding == (
        "Most learners are enrolled in A and B: 50."
    )


def test_weeks_are_counted_from_the_one_with_the_start() -> None:
    """Of the days before, and of a week that is not yet whole, nothing is shown."""
    thursday, february = MONDAY + 3 * DAY, date(2026, 2, 2)
    days = {MONDAY - 30 * DAY + DAY * number: number for number in range(60)}  # to a Tuesday
    later = {february + DAY * number: 100 + number for number in range(10)}

    table = enrollment(
        [course("A", thursday, enrolled=days), course("B", february, enrolled=later)]
    ).table

    assert table.rows == ((1, 36, 106), (2, 43, None), (3, 50, None), (4, 57, None))
    assert days[MONDAY + 6 * DAY] == 36
    weeks = {MONDAY - WEEK: 4, MONDAY: 5, MONDAY + WEEK: 6}
    assert activity([course("A", thursday, active=weeks), course("B")]).table.rows == (
        (1, 5, None),
        (2, 6, None),
    )


def test_without_a_known_start_the_first_learner_begins_the_first_week() -> None:
    days = {MONDAY + DAY * number: max(0, number - 8) for number in range(22)}
    unknown = course("A", None, enrolled=days, active={MONDAY: 9, MONDAY + WEEK: 7})

    assert unknown.first_day == MONDAY + 9 * DAY
    assert unknown.enrolled_by_week == {1: 5, 2: 12}
    assert unknown.active_by_week == {1: 7}
    assert course("A", None, active={MONDAY: 9}).active_by_week == {}


def test_the_latest_common_week_is_told() -> None:
    def of(**counts: dict[int, int]) -> str:
        return activity(
            [
                course(
                    letter,
                    active={MONDAY + WEEK * (week - 1): count for week, count in weeks.items()},
                )
                for letter, weeks in counts.items()
            ]
        ).finding

    assert of(A={1: 9, 2: 8, 3: 7}, B={1: 1, 2: 2000}) == (
        "8 in A and 2,000 in B were active in week 2, the last that all of them have had."
    )
    assert of(A={1: 9}, B={2: 8}) == "They have no week in common yet."
    assert of(A={}, B={}) == "They have no week in common yet."


def test_a_csv_has_titles_and_ids_where_a_page_has_letters() -> None:
    answer = enrollment([course("A", enrolled={MONDAY + 6 * DAY: 3}), course("B")])

    assert [column.label or column.title for column in answer.table.columns] == ["Week", "A", "B"]
    assert answer.chart is None  # one week is no line
    assert download(answer, "x").content.decode("utf-8-sig").splitlines() == [
        "Week,A: Title A (course-v1:Ex+A+T1),B: Title B (course-v1:Ex+B+T1)",
        "1,3,",
    ]


COUNTS = st.dictionaries(st.dates(date(2025, 6, 1), date(2026, 6, 1)), st.integers(0, 5000))


@given(st.lists(st.tuples(COUNTS, st.none() | st.dates(date(2025, 1, 1))), min_size=2, max_size=4))
def test_each_number_of_a_course_stands_in_its_week(
    given_: list[tuple[dict[date, int], date | None]],
) -> None:
    courses = [
        course(letter, start, enrolled=days)
        for letter, (days, start) in zip("ABCD", given_, strict=False)
    ]

    table = enrollment(courses).table

    weeks = [week for week, *_counts in table.rows]
    assert weeks == [*range(weeks[0], weeks[-1] + 1)] if weeks else True
    for place, each in enumerate(courses, 1):
        shown = {row[0]: row[place] for row in table.rows if row[place] is not None}
        assert len(shown) == sum(
            at.weekday() == 6 and each.first_day is not None and at >= each.first_day
            for at in each.enrolled
        )
        for week, count in shown.items():
            assert each.first_day
            assert isinstance(week, int)
            monday = each.first_day - DAY * each.first_day.weekday() + WEEK * (week - 1)
            assert each.enrolled[monday + 6 * DAY] == count
