"""The nine metrics in slow, plain Python, written from their definitions.

It shares no code with the pipeline, so that the two can be checked against each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .activity import activity_table
from .enrollment import enrollment_tables
from .lms import Grade, Lms, Profile
from .reading import read
from .video import video_tables

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

__all__ = ["COLUMNS", "Grade", "Lms", "Profile", "reference_tables", "reference_totals"]

COLUMNS: dict[str, tuple[str, ...]] = {
    "course_enrollment_daily": ("course_id", "date", "count", "cumulative_count"),
    "course_enrollment_mode_daily": ("course_id", "date", "mode", "count", "cumulative_count"),
    "course_enrollment_gender_daily": ("course_id", "date", "gender", "count", "cumulative_count"),
    "course_enrollment_birth_year_daily": (
        "course_id",
        "date",
        "birth_year",
        "count",
        "cumulative_count",
    ),
    "course_enrollment_education_level_daily": (
        "course_id",
        "date",
        "education_level",
        "count",
        "cumulative_count",
    ),
    "course_meta_summary_enrollment": (
        "course_id",
        "catalog_course_title",
        "catalog_course",
        "start_time",
        "end_time",
        "pacing_type",
        "availability",
        "enrollment_mode",
        "count",
        "count_change_7_days",
        "cumulative_count",
        "passing_users",
    ),
    "course_activity": ("course_id", "interval_start", "interval_end", "label", "count"),
    "video": (
        "pipeline_video_id",
        "course_id",
        "encoded_module_id",
        "duration",
        "segment_length",
        "users_at_start",
        "users_at_end",
        "total_viewed_seconds",
    ),
    "video_timeline": ("pipeline_video_id", "segment", "num_users", "num_views"),
    "course_enrollment_summary": (
        "course_id",
        "user_id",
        "current_enrollment_mode",
        "current_enrollment_is_active",
        "first_enrollment_mode",
        "first_enrollment_time",
        "last_unenrollment_time",
        "first_verified_enrollment_time",
        "first_credit_enrollment_time",
        "end_time",
    ),
}


def reference_tables(
    lines: Iterable[bytes],
    interval: tuple[date, date],
    lms: Lms,
    catalog: list[dict[str, Any]],
) -> dict[str, list[tuple[Any, ...]]]:
    """The tables of `COLUMNS` over a left-closed, right-open interval of UTC dates.

    Dates and datetimes are strings as the reports database holds them, NULL is None, rows are
    sorted with None first. `catalog` holds course runs as the discovery service gives them.
    """
    start, end = interval
    events = [event for event in read(lines)[0] if start <= event.day < end]
    tables = {
        **enrollment_tables(events, end, lms, catalog),
        "course_activity": activity_table(events, interval),
        **video_tables(events),
    }
    return {name: sorted(tables[name], key=none_first) for name in COLUMNS}


def reference_totals(lines: Iterable[bytes]) -> tuple[int, int, dict[str, int]]:
    """The numbers of lines and of events, and of rejected lines by reason."""
    events, rejects = read(lines)
    return len(events) + rejects.total(), len(events), dict(rejects)


def none_first(row: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple((value is not None, value) for value in row)
