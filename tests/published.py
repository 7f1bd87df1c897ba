"""Rows of the reports, for tests that write them by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from served import Row


def run(number: int, status: str, **more: Any) -> Row:
    """A row of pipeline_run: a run of a day of February 2026."""
    return {
        "run_id": f"run{number}",
        "sequence": number,
        "warehouse_id": "w",
        "status": status,
        "error": "disk full" if status == "failed" else None,
        "started": f"2026-02-0{number} 01:00:00",
        "ended": f"2026-02-0{number} 02:00:00",
        "created": f"2026-02-0{number} 02:00:00",
        "interval_start": "2026-01-05",
        "interval_end": None,
        "engine": "duckdb",
        "version": "1",
        "files": 1,
        "bytes": 2,
        "lines": 3,
        "events": 2,
        "rejected": 1,
        "late_events": 0,
        "rejects_by_reason": '{"blank": 1}',
        "rows_by_table": "{}",
        "seconds_by_step": '{"read": 0.5}',
        "notes": '["one", "two"]',
        **more,
    }


def learner(course_id: str, user_id: int, username: str, **more: Any) -> Row:
    """A row of learner_roster: a learner who did nothing."""
    return {
        "course_id": course_id,
        "username": username,
        "user_id": user_id,
        "start_date": "2026-01-18",
        "end_date": "2026-01-25",
        "problem_attempts": 0,
        "problems_attempted": 0,
        "problems_completed": 0,
        "attempt_ratio_order": 0,
        "videos_viewed": 0,
        "discussion_contributions": 0,
        "segments": "",
        **more,
    }


CS = "course-v1:Ex+CS+T1"
OTHER = "Ex/Other/T1"
LEARNERS = [
    learner(
        CS,
        1,
        "ann",
        name="Ann Ångström",
        email="ann@x.example",
        language="de",
        location="Ulm",
        year_of_birth=1990,
        gender="f",
        level_of_education="m",
        mailing_address="Street 1",
        city="Ulm",
        country="DE",
        goals="=to learn",
        cohort="Blue",
        enrollment_mode="verified",
        enrollment_date="2026-01-05",
        problem_attempts=6,
        problems_attempted=4,
        problems_completed=3,
        problem_attempts_per_completed=2.0,
        attempt_ratio_order=6,
        videos_viewed=1,
        discussion_contributions=2,
        segments="highly_engaged",
    ),
    learner(
        CS,
        2,
        "Bob",
        name="Bob 100%_\\*",
        email="BOB@y.example",
        cohort="Red",
        enrollment_mode="audit",
        problem_attempts=5,
        problems_attempted=2,
        attempt_ratio_order=-5,
        segments="highly_engaged,struggling",
    ),
    learner(CS, 3, "cy", enrollment_mode="audit", cohort="Blue", segments="inactive"),
    learner(CS, 4, "dee.d+e", name="Ångela", segments=None),
    learner(OTHER, 1, "ann", name="Ann"),
]
ENGAGEMENT = [
    {
        "course_id": CS,
        "username": "ann",
        "date": f"2026-01-{day}",
        "entity_type": entity_type,
        "entity_id": entity_id,
        "event": event,
        "count": count,
    }
    for day, entity_type, entity_id, event, count in (
        ("19", "problem", "p1", "attempted", 3),
        ("19", "problem", "p2", "attempted", 1),
        ("19", "problem", "p1", "completed", 1),
        ("19", "video", "v1", "viewed", 9),
        ("22", "discussion", "d1", "contributed", 2),
        ("22", "discussion", "d2", "contributed", 3),
    )
]
ANSWERS = [
    {
        "course_id": CS,
        "module_id": "sums",
        "part_id": part,
        "correct": correct,
        "first_response_count": 1,
        "last_response_count": count,
        "value_id": value,
        "answer_value_text": text,
        "variant": variant,
        "problem_display_name": "Sums",
        "question_text": "1 + 1?",
    }
    for part, correct, count, value, text, variant in (
        ("p_2_1", 1, 4, "choice_0", "<b>two</b>", 1),
        ("p_2_1", 1, 3, "choice_0", "<b>two</b>", 2),
        ("p_3_1", None, 2, None, "three", None),
    )
]
