"""Courses with their learners: the rows of each enrollment mode brought together."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, time, timedelta
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from analytics_data_api import enrollment_modes
from analytics_data_api.reports.models import (
    CourseActivity,
    CourseEnrollmentDaily,
    CourseMetaSummaryEnrollment,
    CourseProgramMetadata,
    CourseStructure,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from datetime import date

Summary = dict[str, Any]

COUNTS = ("count", "cumulative_count", "count_change_7_days", "passing_users")
AVAILABILITIES = ("archived", "current", "upcoming", "unknown")
PACING_TYPES = ("instructor_paced", "self_paced")
ACTIVITY = ("active_count", "active_count_change")


def course_summaries(course_ids: Collection[str]) -> list[Summary]:
    """Each of the courses that is known, or all that are, by id."""
    # Plain tuples: with hundreds of courses, models would take as long as all the rest.
    rows = CourseMetaSummaryEnrollment.objects.values_list(named=True)
    if course_ids:
        rows = rows.filter(course_id__in=course_ids)
    summaries = [
        _summary(course_id, list(group))
        for course_id, group in groupby(rows, attrgetter("course_id"))
    ]
    _name(summaries)
    return summaries


def _name(summaries: list[Summary]) -> None:
    """Give courses that the catalog has no title of the one that the LMS has."""
    nameless = {each["course_id"]: each for each in summaries if not each["catalog_course_title"]}
    if nameless:
        titles = CourseStructure.objects.filter(position=0, course_id__in=nameless)
        for course_id, title in titles.values_list("course_id", "display_name"):
            nameless[course_id]["catalog_course_title"] = title or None


def _summary(course_id: str, rows: list[Any]) -> Summary:
    modes = {mode: dict.fromkeys(COUNTS, 0) for mode in enrollment_modes.ALL}
    totals = dict.fromkeys(COUNTS, 0)
    for row in rows:
        mode = modes.get(enrollment_modes.shown(row.enrollment_mode), {})
        for name in COUNTS:
            count = getattr(row, name)
            totals[name] += count
            if mode:
                mode[name] += count
    course = rows[0]
    return {
        "course_id": course_id,
        "catalog_course_title": course.catalog_course_title,
        "catalog_course": course.catalog_course,
        "start_date": course.start_time,
        "end_date": course.end_time,
        "pacing_type": course.pacing_type,
        "availability": (
            "Upcoming" if course.availability == "Starting Soon" else course.availability
        ),
        **totals,
        "verified_enrollment": modes[enrollment_modes.VERIFIED]["count"],
        "enrollment_modes": modes,
        "created": max(row.created for row in rows),
    }


def add_programs(summaries: list[Summary]) -> None:
    """Note the ids of the programs that each course is part of."""
    rows = CourseProgramMetadata.objects.order_by("program_id").values_list(
        "course_id", "program_id"
    )
    programs = defaultdict(list)
    for course_id, program_id in rows:
        programs[course_id].append(program_id)
    for summary in summaries:
        summary["programs"] = programs[summary["course_id"]]


def add_recent_change(summaries: list[Summary], since: date) -> None:
    """Note by how much each course's count differs from the one at the end of a day."""
    days = CourseEnrollmentDaily.objects.filter(
        course_id__in=[summary["course_id"] for summary in summaries], date=since
    )
    counts = dict(days.values_list("course_id", "count"))
    for summary in summaries:
        summary["recent_count_change"] = summary["count"] - counts.get(summary["course_id"], 0)


def add_activity(summaries: list[Summary], until: date | None) -> None:
    """Note each course's active learners of the last whole week, and what changed in it.

    Args:
        summaries: of the courses.
        until: the day after the last one of the data that is over; with None, no week is known,
            and both are None.
    """
    if until is None:
        for summary in summaries:
            summary.update(dict.fromkeys(ACTIVITY))
        return
    end = datetime.combine(until - timedelta(days=until.weekday()), time.min)
    ends = (end, end - timedelta(days=7))
    weeks = CourseActivity.objects.filter(
        course_id__in=[summary["course_id"] for summary in summaries],
        label="ACTIVE",
        interval_end__in=ends,
    ).order_by()
    counts = {
        (course_id, week): count
        for course_id, week, count in weeks.values_list("course_id", "interval_end", "count")
    }
    for summary in summaries:
        # A week in which nobody did anything has no row.
        now, before = (counts.get((summary["course_id"], week), 0) for week in ends)
        summary.update(zip(ACTIVITY, (now, now - before), strict=True))


def has_text(summary: Summary, text: str) -> bool:
    """Tell whether a course's title or id has the text in it, in any case."""
    wanted = text.casefold()
    return any(
        wanted in (summary[name] or "").casefold() for name in ("catalog_course_title", "course_id")
    )


def availability(summary: Summary) -> str:
    """The one of `AVAILABILITIES` that a course has."""
    known = (summary["availability"] or "").lower()
    return known if known in AVAILABILITIES else "unknown"


def _number(name: str) -> Callable[[Summary], Any]:
    return lambda summary: summary[name]


def _number_or_none(name: str) -> Callable[[Summary], Any]:
    return lambda summary: summary[name] or 0


def _moment(name: str) -> Callable[[Summary], Any]:
    return lambda summary: summary[name] or datetime.min


# What a list of courses may be sorted by. Without a title a course comes after all others, without
# a date before them.
SORT_KEYS: dict[str, Callable[[Summary], Any]] = {
    "catalog_course_title": lambda summary: (
        summary["catalog_course_title"] is None,
        (summary["catalog_course_title"] or "").casefold(),
    ),
    "start_date": _moment("start_date"),
    "end_date": _moment("end_date"),
    "verified_enrollment": _number("verified_enrollment"),
    **{name: _number(name) for name in COUNTS},
    **{name: _number_or_none(name) for name in ACTIVITY},
}
