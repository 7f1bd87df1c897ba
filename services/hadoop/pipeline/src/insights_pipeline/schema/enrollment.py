"""Who is enrolled: what is kept per learner, and the reports by day."""

from __future__ import annotations

from insights_pipeline.schema.columns import (
    COURSE,
    DATE,
    TIME,
    USER,
    Column,
    Table,
    Type,
    integer,
    text,
    timestamp,
)
from insights_pipeline.schema.inputs import COURSE_CATALOG

ENROLLMENT_EVENT = Table(
    "enrollment_event",
    "One row an enrollment event.",
    (
        COURSE,
        USER,
        TIME,
        DATE,
        text("kind", "activated, deactivated or mode_changed"),
        text("mode", "enrollment mode that the event names"),
    ),
)

ENROLLMENT_DAY = Table(
    "enrollment_day",
    "A learner's enrollment at the end of each day that changed it, until the next such day.",
    (
        COURSE,
        USER,
        DATE,
        Column("next_date", Type.DATE, "date of the next row; null: still holds", nullable=True),
        Column("enrolled", Type.BOOLEAN, "enrolled at the end of the day"),
        text("mode", "mode of the day's last event"),
    ),
    key=("course_id", "user_id", "date"),
)

LEARNER_ENROLLMENT = Table(
    "learner_enrollment",
    "A learner's enrollment history in one course run, summed up.",
    (
        COURSE,
        USER,
        text("current_enrollment_mode", "last mode seen on an activation or a mode change"),
        integer("current_enrollment_is_active", "1 while enrolled, else 0"),
        text("first_enrollment_mode", "mode of the first enrollment"),
        timestamp("first_enrollment_time", "UTC"),
        timestamp("last_unenrollment_time", "UTC; null: never left", nullable=True),
        timestamp("first_verified_enrollment_time", "UTC; null: never verified", nullable=True),
        timestamp("first_credit_enrollment_time", "UTC; null: never for credit", nullable=True),
    ),
    key=("course_id", "user_id"),
)

COURSE_ENROLLMENT_SUMMARY = Table(
    "course_enrollment_summary",
    "A learner's enrollment history in one course run, with the end of what was looked at.",
    (*LEARNER_ENROLLMENT.columns, timestamp("end_time", "end of the interval, UTC")),
    key=LEARNER_ENROLLMENT.key,
)

_COUNT = integer("count", "learners enrolled at the end of the day")
_CUMULATIVE = integer("cumulative_count", "learners ever enrolled up to that day")


def _enrollment_report(name: str, meaning: str, *dimension: Column) -> Table:
    return Table(
        name,
        meaning,
        (COURSE, DATE, *dimension, _COUNT, _CUMULATIVE),
        key=("course_id", "date", *(column.name for column in dimension)),
    )


COURSE_ENROLLMENT_DAILY = _enrollment_report(
    "course_enrollment_daily", "Learners enrolled, by day."
)

COURSE_ENROLLMENT_MODE_DAILY = _enrollment_report(
    "course_enrollment_mode_daily",
    "Learners enrolled, by day and enrollment mode.",
    text("mode", "enrollment mode on that day"),
)

COURSE_ENROLLMENT_GENDER_DAILY = _enrollment_report(
    "course_enrollment_gender_daily",
    "Learners enrolled, by day and gender.",
    text("gender", "null: unknown", nullable=True),
)

COURSE_ENROLLMENT_BIRTH_YEAR_DAILY = _enrollment_report(
    "course_enrollment_birth_year_daily",
    "Learners enrolled on the interval's last day, by year of birth.",
    integer("birth_year", "null: unknown", nullable=True),
)

COURSE_ENROLLMENT_EDUCATION_LEVEL_DAILY = _enrollment_report(
    "course_enrollment_education_level_daily",
    "Learners enrolled on the interval's last day, by level of education.",
    text("education_level", "null: unknown", nullable=True),
)

COURSE_META_SUMMARY_ENROLLMENT = Table(
    "course_meta_summary_enrollment",
    "Each course run on the interval's last day, by enrollment mode.",
    (
        *COURSE_CATALOG.columns,
        text("enrollment_mode", "enrollment mode"),
        _COUNT,
        integer("count_change_7_days", "count, less what it was seven days earlier"),
        _CUMULATIVE,
        integer("passing_users", "learners known to have passed"),
    ),
    key=("course_id", "enrollment_mode"),
)

COURSE_PROGRAM_METADATA = Table(
    "course_program_metadata",
    "The programs that each course run is part of.",
    (
        COURSE,
        text("program_id", "the discovery service's id of the program"),
        text("program_type", "such as MicroMasters", nullable=True),
        text("program_title", "title", nullable=True),
    ),
    key=("course_id", "program_id"),
)
