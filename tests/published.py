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
