"""Courses whose reports are written by hand, as few rows as they need."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from served import Served

UNTIL = date(2026, 5, 3)
"""A Sunday: the last day of the numbers."""
_START = date(2026, 1, 5)
_RUN = {
    "sequence": 1,
    "warehouse_id": "w",
    "status": "succeeded",
    "notes": "[]",
    "engine": "duckdb",
    "version": "0.1.0",
    **dict.fromkeys(("files", "bytes", "lines", "events", "rejected", "late_events"), 0),
    **dict.fromkeys(("rejects_by_reason", "rows_by_table", "seconds_by_step"), "{}"),
}


def insert_run(
    served: Served,
    until: date = UNTIL,
    *,
    so_far: bool = False,
    start: date = _START,
    newest_event: date | None = None,
) -> None:
    """A run that succeeded, with numbers up to a day, if there is none.

    It is the newest, if no later day has one; with `so_far`, the day is not over.
    """
    run_id, end = f"until-{until}", until + timedelta(days=1)
    if served.select("SELECT 1 FROM pipeline_run WHERE run_id = ?", run_id):
        return
    run = {
        "run_id": run_id,
        "sequence": until.toordinal(),
        "started": f"{until} 12:00:00" if so_far else f"{end} 03:00:00",
        "ended": f"{until} 12:01:00" if so_far else f"{end} 03:01:00",
        "interval_start": str(start),
        "interval_end": str(end),
        "newest_event": str(newest_event or until),
    }
    served.insert("pipeline_run", {**_RUN, **run})


def insert_course(
    served: Served, course_id: str, enrolled: int, title: str = "", until: date = UNTIL
) -> None:
    """A course with so many learners for two weeks, all of them active in both."""
    insert_run(served, until)
    summary: dict[str, Any] = dict.fromkeys(
        ("cumulative_count", "count_change_7_days", "passing_users"), 0
    )
    served.insert(
        "course_meta_summary_enrollment",
        {"course_id": course_id, "enrollment_mode": "audit", "count": enrolled, **summary}
        | ({"catalog_course_title": title} if title else {}),
    )
    weeks = [until - timedelta(days=13), until - timedelta(days=6)]
    served.insert(
        "course_activity",
        *(
            {
                "course_id": course_id,
                "label": "ACTIVE",
                "interval_start": f"{monday} 00:00:00",
                "interval_end": f"{monday + timedelta(days=7)} 00:00:00",
                "count": enrolled,
            }
            for monday in weeks
        ),
    )
    served.insert(
        "course_enrollment_daily",
        *(
            {
                "course_id": course_id,
                "date": str(until - timedelta(days=back)),
                "count": enrolled,
                "cumulative_count": enrolled,
            }
            for back in range(15)
        ),
    )
