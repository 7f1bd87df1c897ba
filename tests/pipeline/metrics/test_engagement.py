from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from insights_pipeline import schema
from insights_pipeline.interval import Interval
from worked import COURSE, Event, compute, event

TWO_WEEKS = Interval(date(2014, 7, 14), date(2014, 7, 28))
LAST_WEEK, END = date(2014, 7, 21), date(2014, 7, 28)


def attempt(name: str, problem: str, success: str = "incorrect", day: int = 22) -> Event:
    return event(
        f"{day} 10:00",
        "problem_check",
        username=name,
        event_source="server",
        payload={"problem_id": problem, "success": success},
    )


def view(name: str, video: str, day: int = 22) -> Event:
    return event(f"{day} 10:00", "play_video", username=name, payload={"id": video})


def post(name: str, day: int = 22) -> Event:
    payload = {"commentable_id": "general"}
    return event(f"{day} 10:00", "edx.forum.thread.created", username=name, payload=payload)


@pytest.mark.parametrize(
    ("source", "event_type", "payload", "what"),
    [
        (
            "server",
            "problem_check",
            {"problem_id": "p", "success": "Correct"},
            ["p attempted", "p completed"],
        ),
        ("server", "problem_check", {"problem_id": "p", "success": 1}, ["p attempted"]),
        ("browser", "problem_check", {"problem_id": "p"}, []),
        ("server", "problem_check", {"problem_id": ""}, []),
        ("server", "problem_check", {"problem_id": 7}, []),
        ("mobile", "play_video", {"id": "\nv "}, ["v viewed"]),
        ("browser", "play_video", {"id": "  "}, []),
        ("browser", "edx.forum.comment.created", {"commentable_id": "c"}, ["c contributed"]),
        ("server", "edx.forum.thread.viewed", {"commentable_id": "c"}, []),
        ("server", "edx.forum.thread.created", {"id": "t"}, []),
    ],
)
def test_what_an_event_says_of_which_entity(
    source: str, event_type: str, payload: dict[str, Any], what: list[str]
) -> None:
    done = event("22 10:00", event_type, username="ann", event_source=source, payload=payload)
    rows = compute(schema.MODULE_ENGAGEMENT, [done])
    assert [f"{entity} {action}" for *_, entity, action, _count in rows] == what


def test_long_ids_are_cut_and_counted_together() -> None:
    long = ["v" * 255 + "1", "v" * 255 + "2"]
    ((*_, entity, _viewed, count),) = compute(
        schema.MODULE_ENGAGEMENT, [view("ann", video) for video in long]
    )
    assert (entity, count) == ("v" * 255, 2)


def test_retired_learners_and_visitors_do_not_count() -> None:
    assert (
        compute(schema.MODULE_ENGAGEMENT, [view("r" * 31, "v"), view("", "v") | {"username": None}])
        == []
    )


def test_visitors_count_under_the_name_that_the_site_gives_them() -> None:
    visitor = view("", "v") | {"username": None}
    ((_course, username, *_),) = compute(
        schema.MODULE_ENGAGEMENT, [visitor], inputs={schema.VISITOR_NAME: [("ANONYMOUS USER",)]}
    )
    assert username == "ANONYMOUS USER"


def solved(name: str) -> list[Event]:
    return [attempt(name, "p", "correct")]


def ranges(events: list[Event], measure: str) -> dict[str, tuple[float | None, float | None]]:
    """The ranges of a measure: low and high value."""
    rows = compute(schema.MODULE_ENGAGEMENT_METRIC_RANGES, events)
    assert {row[:3] for row in rows} <= {(COURSE, LAST_WEEK, END)}
    return {
        range_type: (low, high) for *_, metric, range_type, high, low in rows if metric == measure
    }


def test_ranges_lie_between_percentiles() -> None:
    """Of 0, 1, …, 20 videos: the 15th percentile is 3, the 85th is 17."""
    events = [view(f"learner_{n}", f"v{m}") for n in range(1, 21) for m in range(n)]
    events.append(post("learner_0"))
    assert ranges(events, "videos_viewed") == {"low": (0, 3), "normal": (3, 17), "high": (17, None)}


def test_where_all_do_the_same_nothing_is_high() -> None:
    events = [view("ann", "v"), view("bob", "v")]
    assert ranges(events, "videos_viewed") == {"low": (0, 1), "normal": (1, None)}
    assert ranges(events, "problem_attempts") == {"normal": (0, None)}
    assert ranges(events, "problem_attempts_per_completed") == {"normal": (0, None)}


def test_an_infinite_ratio_is_null() -> None:
    """Of the ratios 1, 1 and infinity, the 85th percentile is infinite."""
    events = [attempt(name, "p", "correct") for name in ("ann", "bob")] + [attempt("eve", "p")]
    assert ranges(events, "problem_attempts_per_completed") == {
        "low": (0, 1),
        "normal": (1, None),
        "high": (None, None),
    }


def roster(events: list[Event], **inputs: Any) -> dict[str, dict[str, Any]]:
    """The roster's rows by username, of learners 1 and 2, ann and bob, who enrolled on the 15th."""
    enrollments = [
        event("15 10:00", "edx.course.enrollment.activated", user, payload={"mode": "audit"})
        for user in (1, 2)
    ]
    profile = dict.fromkeys(schema.AUTH_USERPROFILE.names)
    given = {
        schema.AUTH_USER: [(1, "ann", "ann@example.org"), (2, "bob", None)],
        schema.AUTH_USERPROFILE: [
            tuple((profile | {"user_id": user, **inputs.get(name, {})}).values())
            for user, name in ((1, "ann"), (2, "bob"))
        ],
        schema.COURSE_GROUPS_COURSEUSERGROUP: [
            (1, "red", COURSE, "cohort"),
            (2, "blue", COURSE, "cohort"),
            (3, "a", "other", "cohort"),
        ],
        schema.COURSE_GROUPS_COURSEUSERGROUP_USERS: [(1, 1), (2, 1), (3, 1)],
    }
    rows = compute(schema.LEARNER_ROSTER, [*enrollments, *events], interval=TWO_WEEKS, inputs=given)
    return {
        row["username"]: row
        for row in (dict(zip(schema.LEARNER_ROSTER.names, values, strict=True)) for values in rows)
    }


def test_a_learner_of_the_roster() -> None:
    events = [attempt("ann", "p"), attempt("ann", "p", "correct"), attempt("ann", "q")]
    ann = roster(events, ann={"name": "Ann\tB.\\"})["ann"]
    assert (
        ann
        | {
            "user_id": 1,
            "name": "Ann B.",
            "email": "ann@example.org",
            "cohort": "blue",  # of two the first
            "enrollment_mode": "audit",
            "enrollment_date": date(2014, 7, 15),
            "start_date": LAST_WEEK,
            "end_date": END,
            "problem_attempts": 3,
            "problems_attempted": 2,
            "problems_completed": 1,
            "problem_attempts_per_completed": 3.0,
            "attempt_ratio_order": 3,
            "videos_viewed": 0,
        }
        == ann
    )


@pytest.mark.parametrize(
    ("events", "segments"),
    [
        ([], "inactive"),
        ([view("bob", "v", day=14)], "disengaging"),
        ([view("bob", "v", day=21)], ""),
        ([view("bob", f"v{n}") for n in range(3)] + [view("ann", "v")], "highly_engaged"),
        ([attempt("bob", "p"), *solved("ann"), *solved("eve")], "struggling"),
        # As upstream has it: no attempt, and struggling all the same.
        (
            [view("bob", "v"), attempt("ann", "p", "correct"), *2 * solved("eve")],
            "highly_engaged,struggling",
        ),
        # In other letters it is another learner.
        ([view("Bob", "v")], "inactive"),
    ],
)
def test_segments(events: list[Event], segments: str) -> None:
    assert roster(events)["bob"]["segments"] == segments


def test_attempts_without_success_sort_downwards() -> None:
    bob = roster([attempt("bob", "p"), attempt("bob", "q")])["bob"]
    assert (bob["problem_attempts_per_completed"], bob["attempt_ratio_order"]) == (None, -2)


def test_who_left_is_not_in_the_roster() -> None:
    left = event("27 10:00", "edx.course.enrollment.deactivated", 2, payload={"mode": "audit"})
    assert [*roster([left])] == ["ann"]
