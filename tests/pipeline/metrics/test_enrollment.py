from __future__ import annotations

from datetime import date, datetime
from itertools import permutations

import pytest

from insights_pipeline import schema
from insights_pipeline.interval import Interval
from worked import COURSE, Event, compute, event

SATURDAY, SUNDAY = date(2014, 7, 26), date(2014, 7, 27)


def enrollment(time: str, kind: str, user: int = 1, mode: object = "audit") -> Event:
    return event(time, f"edx.course.enrollment.{kind}", user, payload={"mode": mode})


# Day by day.


def test_every_day_from_the_first_event_on_has_a_row() -> None:
    events = [
        enrollment("25 10:00", "activated", user=1),
        enrollment("26 10:00", "activated", user=2),
        enrollment("27 10:00", "deactivated", user=1),
    ]
    assert compute(schema.COURSE_ENROLLMENT_DAILY, events) == [
        (COURSE, date(2014, 7, 25), 1, 1),
        (COURSE, SATURDAY, 2, 2),
        (COURSE, SUNDAY, 1, 2),
    ]


def test_who_comes_and_goes_within_a_day_has_been_there() -> None:
    events = [enrollment("27 10:00", "activated"), enrollment("27 11:00", "deactivated")]
    assert compute(schema.COURSE_ENROLLMENT_DAILY, events) == [(COURSE, SUNDAY, 0, 1)]


def test_a_first_deactivation_proves_nothing_about_earlier_days() -> None:
    events = [enrollment("27 10:00", "deactivated")]
    assert compute(schema.COURSE_ENROLLMENT_DAILY, events) == [(COURSE, SUNDAY, 0, 1)]


@pytest.mark.parametrize(
    "events",
    list(
        permutations(
            [
                enrollment("27 10:00", "deactivated", mode="honor"),
                enrollment("27 10:00", "activated", mode="audit"),
                enrollment("27 10:00", "deactivated", mode="verified"),
            ]
        )
    ),
)
def test_events_at_the_same_time_go_by_kind_then_mode(events: tuple[Event, ...]) -> None:
    assert compute(schema.ENROLLMENT_DAY, events) == [(COURSE, 1, SUNDAY, None, False, "verified")]


def test_days_outside_the_interval_do_not_count() -> None:
    events = [enrollment("25 23:59", "activated", user=1), enrollment("26 00:00", "activated", 2)]
    interval = Interval(SATURDAY, SUNDAY)
    rows = compute(schema.COURSE_ENROLLMENT_DAILY, events, interval=interval)
    assert rows == [(COURSE, SATURDAY, 1, 1)]


@pytest.mark.parametrize("mode", [None, "", "  ", 7, True, ["audit"]])
def test_an_event_without_a_text_for_a_mode_does_not_count(mode: object) -> None:
    events = [enrollment("27 10:00", "activated", mode=mode)]
    assert compute(schema.ENROLLMENT_EVENT, events) == []


# By mode, gender, age and education.


def test_a_mode_that_nobody_has_on_a_day_has_no_row() -> None:
    events = [
        enrollment("26 10:00", "activated", mode="audit"),
        enrollment("27 10:00", "mode_changed", mode=" verified\n"),
    ]
    assert compute(schema.COURSE_ENROLLMENT_MODE_DAILY, events) == [
        (COURSE, SATURDAY, "audit", 1, 1),
        (COURSE, SUNDAY, "verified", 1, 1),
    ]


def test_who_left_stays_in_the_last_mode() -> None:
    events = [
        enrollment("26 10:00", "activated", mode="audit"),
        enrollment("27 10:00", "deactivated", mode="audit"),
    ]
    assert compute(schema.COURSE_ENROLLMENT_MODE_DAILY, events) == [
        (COURSE, SATURDAY, "audit", 1, 1),
        (COURSE, SUNDAY, "audit", 0, 1),
    ]


PROFILES = {
    schema.AUTH_USERPROFILE: [
        (1, "f", 1980, "p_se"),
        (2, "", None, ""),
        (3, None, 1980, "unheard of"),
    ]
}
FOUR_LEARNERS = [enrollment("27 10:00", "activated", user) for user in (1, 2, 3, 4)]


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (schema.COURSE_ENROLLMENT_GENDER_DAILY, {None: 3, "f": 1}),
        (schema.COURSE_ENROLLMENT_BIRTH_YEAR_DAILY, {None: 2, 1980: 2}),
        (schema.COURSE_ENROLLMENT_EDUCATION_LEVEL_DAILY, {None: 3, "doctorate": 1}),
    ],
)
def test_what_is_not_known_of_a_learner_is_null(
    table: schema.Table, values: dict[object, int]
) -> None:
    assert compute(table, FOUR_LEARNERS, inputs=PROFILES) == [
        (COURSE, SUNDAY, value, count, count) for value, count in values.items()
    ]
    assert compute(table, FOUR_LEARNERS) == []


def test_age_and_education_are_of_the_last_day_alone() -> None:
    events = [enrollment("25 10:00", "activated"), enrollment("26 10:00", "deactivated")]
    rows = compute(schema.COURSE_ENROLLMENT_BIRTH_YEAR_DAILY, events, inputs=PROFILES)
    assert rows == [(COURSE, SUNDAY, 1980, 0, 1)]


# The course's summary.

CATALOG = {
    schema.COURSE_CATALOG: [
        (COURSE, "Demo", "edX+DemoX", datetime(2014, 7, 1), None, "self_paced", "Current")
    ]
}


def summary(events: list[Event], inputs: dict[schema.Table, list[tuple[object, ...]]]) -> object:
    """Rows of mode, count, change in 7 days, cumulative count and passing users."""
    fortnight = Interval(date(2014, 7, 14), date(2014, 7, 28))
    rows = compute(schema.COURSE_META_SUMMARY_ENROLLMENT, events, interval=fortnight, inputs=inputs)
    return [row[-5:] for row in rows]


def test_the_change_is_against_the_same_mode_seven_days_before() -> None:
    events = [
        enrollment("20 10:00", "activated", user=1),
        enrollment("20 10:00", "activated", user=2),
        enrollment("21 10:00", "activated", user=3),
        enrollment("22 10:00", "mode_changed", user=1, mode="verified"),
        enrollment("23 10:00", "deactivated", user=2),
    ]
    assert summary(events, {}) == [("audit", 1, -1, 2, 0), ("verified", 1, 1, 1, 0)]


def test_the_catalog_tells_more_about_a_course_run() -> None:
    events = [enrollment("27 10:00", "activated")]
    (known,) = compute(schema.COURSE_META_SUMMARY_ENROLLMENT, events, inputs=CATALOG)
    assert known[:7] == CATALOG[schema.COURSE_CATALOG][0]
    (unknown,) = compute(schema.COURSE_META_SUMMARY_ENROLLMENT, events)
    assert unknown[:7] == (COURSE, None, None, None, None, None, None)


def test_a_learner_passes_in_the_mode_of_the_day_of_the_grade() -> None:
    events = [
        enrollment("20 10:00", "activated", mode="audit"),
        enrollment("24 10:00", "mode_changed", mode="verified"),
    ]

    def grade(letter: str, passed: datetime | None, modified: datetime | None) -> object:
        table = schema.GRADES_PERSISTENTCOURSEGRADE
        return summary(events, {table: [(1, COURSE, letter, passed, modified)]})

    noon = datetime(2014, 7, 23, 12)
    assert grade("A", noon, modified=noon) == [("verified", 1, 1, 1, 0)]
    assert grade("A", noon, modified=datetime(2014, 7, 24)) == [("verified", 1, 1, 1, 1)]
    assert grade("A", noon, modified=datetime(2014, 9, 1)) == [("verified", 1, 1, 1, 1)]
    assert grade("", noon, modified=datetime(2014, 7, 24)) == [("verified", 1, 1, 1, 0)]
    assert grade("A", None, modified=datetime(2014, 7, 24)) == [("verified", 1, 1, 1, 0)]
    assert grade("A", noon, modified=None) == [("verified", 1, 1, 1, 0)]


# The learner's summary.


def test_only_what_can_be_true_enters_a_learners_history() -> None:
    events = [
        enrollment("24 10:00", "mode_changed", mode="credit"),  # not enrolled yet
        enrollment("25 10:00", "activated", mode="audit"),
        enrollment("25 11:00", "activated", mode="verified"),  # enrolled already
        enrollment("26 10:00", "mode_changed", mode="verified"),
        enrollment("27 10:00", "deactivated", mode="honor"),  # its mode is not believed
        enrollment("27 11:00", "deactivated", mode="verified"),  # gone already
    ]
    assert compute(schema.COURSE_ENROLLMENT_SUMMARY, events) == [
        (
            COURSE,
            1,
            "verified",
            0,
            "audit",
            datetime(2014, 7, 25, 10),
            datetime(2014, 7, 27, 10),
            datetime(2014, 7, 26, 10),
            None,
            datetime(2014, 7, 28),
        )
    ]


def test_who_was_never_seen_enrolling_has_no_history() -> None:
    events = [enrollment("27 10:00", "deactivated"), enrollment("27 11:00", "mode_changed")]
    assert compute(schema.LEARNER_ENROLLMENT, events) == []
