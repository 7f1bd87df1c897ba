from __future__ import annotations

from datetime import date, datetime

import pytest

from insights_pipeline.interval import Interval
from insights_pipeline.schema import COURSE_ACTIVITY, USER_ACTIVITY
from worked import COURSE, compute, event


@pytest.mark.parametrize(
    ("source", "event_type", "labels"),
    [
        ("server", "problem_check", {"ACTIVE", "ATTEMPTED_PROBLEM"}),
        ("browser", "problem_check", {"ACTIVE"}),
        ("browser", "play_video", {"ACTIVE", "PLAYED_VIDEO"}),
        ("mobile", "play_video", {"ACTIVE", "PLAYED_VIDEO"}),
        ("server", "play_video", {"ACTIVE"}),
        ("server", "edx.forum.thread.created", {"ACTIVE", "POSTED_FORUM"}),
        ("server", "edx.forum.thread.viewed", {"ACTIVE"}),
        ("browser", "edx.forum.thread.created", {"ACTIVE"}),
        ("server", "/courses/edX/DemoX/info", {"ACTIVE"}),
        (None, "page_close", {"ACTIVE"}),
        ("server", "edx.course.enrollment.activated", set()),
        ("task", "problem_check", set()),
    ],
)
def test_what_an_event_says_about_its_learner(
    source: str | None, event_type: str, labels: set[str]
) -> None:
    rows = compute(USER_ACTIVITY, [event("21 10:00", event_type, event_source=source)])
    assert rows == [(COURSE, date(2014, 7, 21), 1, label) for label in sorted(labels)]


def test_an_event_without_learner_or_course_is_nobodys_activity() -> None:
    visitor = event("21 10:00", "page_close", user=None)
    outside = event("21 10:00", "page_close", course_id=None)
    assert compute(USER_ACTIVITY, [visitor, outside]) == []


def test_a_learner_counts_once_a_week_however_busy() -> None:
    days = ["21 10:00", "21 11:00", "27 23:59:59.999999"]
    events = [event(day, "play_video", user) for day in days for user in (1, 2)]
    assert compute(COURSE_ACTIVITY, events) == [
        (COURSE, datetime(2014, 7, 21), datetime(2014, 7, 28), "ACTIVE", 2),
        (COURSE, datetime(2014, 7, 21), datetime(2014, 7, 28), "PLAYED_VIDEO", 2),
    ]


@pytest.mark.parametrize(
    ("interval", "weeks"),
    [
        (Interval(date(2014, 7, 21), date(2014, 7, 28)), [21]),
        (Interval(date(2014, 7, 14), date(2014, 7, 29)), [14, 21]),
        (Interval(date(2014, 7, 15), date(2014, 7, 28)), [21]),
        (Interval(date(2014, 7, 15), date(2014, 7, 27)), []),
    ],
)
def test_only_weeks_that_lie_in_the_interval_count(interval: Interval, weeks: list[int]) -> None:
    events = [event(f"{day} 12:00", "page_close") for day in (14, 20, 21, 27, 28)]
    rows = compute(COURSE_ACTIVITY, events, interval=interval)
    assert [row[1].day for row in rows] == weeks
