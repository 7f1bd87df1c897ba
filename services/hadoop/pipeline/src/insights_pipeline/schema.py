"""Every table of the warehouse and of the reports database, declared once.

A metric names the table that it fills; the engines create, check and describe tables from here
(the reports tables' indexes belong to the Data API's migrations, which a test holds against this
page). Types are SQL's; engines map them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Type(StrEnum):
    """Column types, as DuckDB names them."""

    TEXT = "VARCHAR"
    INTEGER = "INTEGER"
    BIGINT = "BIGINT"
    DOUBLE = "DOUBLE"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    TIMESTAMP = "TIMESTAMP"


@dataclass(frozen=True)
class Column:
    """A column: its name, its type, what it means, and whether it may be NULL."""

    name: str
    type: Type
    meaning: str
    nullable: bool = False


@dataclass(frozen=True)
class Table:
    """A table: its name, its columns in order, and the columns that tell its rows apart.

    `key` is empty for a table whose rows may repeat.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def values(self) -> tuple[str, ...]:
        """The columns that are not part of the key."""
        return tuple(name for name in self.names if name not in self.key)


def _text(name: str, meaning: str, nullable: bool = False) -> Column:
    return Column(name, Type.TEXT, meaning, nullable)


def _int(name: str, meaning: str, nullable: bool = False) -> Column:
    return Column(name, Type.INTEGER, meaning, nullable)


def _bigint(name: str, meaning: str, nullable: bool = False) -> Column:
    return Column(name, Type.BIGINT, meaning, nullable)


def _double(name: str, meaning: str, nullable: bool = False) -> Column:
    return Column(name, Type.DOUBLE, meaning, nullable)


def _timestamp(name: str, meaning: str, nullable: bool = False) -> Column:
    return Column(name, Type.TIMESTAMP, meaning, nullable)


_DATE = Column("date", Type.DATE, "UTC date")
_TIME = _timestamp("time", "UTC")
_COURSE = _text("course_id", "course run, as the LMS writes its key")
_USER = _bigint("user_id", "the LMS's number of the learner")
_MODULE = _text("encoded_module_id", "the video's id in the course, as its events carry it")
_VIDEO = _text("pipeline_video_id", "course_id|encoded_module_id")

# --- events: what reading leaves behind, and the only thing that metrics read ---------------------

EVENTS = Table(
    "events",
    "One row a readable line of tracking log, stored by UTC date.",
    (
        _TIME,
        _DATE,
        _text("event_type", "what happened; a URL path for an implicit event"),
        _text("event_source", "server, browser, mobile or task", nullable=True),
        _text("username", "null for visitors", nullable=True),
        _bigint("user_id", "learner; of an enrollment event, who is enrolled", nullable=True),
        _text("course_id", "course run; of an enrollment event, in which one", nullable=True),
        _text("ip", "the client's address", nullable=True),
        _text("module_display_name", "title of the block that the event is about", nullable=True),
        _text("payload", "the event's own data as JSON; null: none, or implicit", nullable=True),
    ),
)

# --- what each day adds: small extracts of events -------------------------------------------------

ENROLLMENT_EVENT = Table(
    "enrollment_event",
    "One row an enrollment event.",
    (
        _COURSE,
        _USER,
        _TIME,
        _DATE,
        _text("kind", "activated, deactivated or mode_changed"),
        _text("mode", "enrollment mode that the event names"),
    ),
)

USER_ACTIVITY = Table(
    "user_activity",
    "Which learner did what in which course on which day.",
    (
        _COURSE,
        _DATE,
        _USER,
        _text("label", "ACTIVE, ATTEMPTED_PROBLEM, PLAYED_VIDEO or POSTED_FORUM"),
    ),
    key=("course_id", "date", "user_id", "label"),
)

VIDEO_EVENT = Table(
    "video_event",
    "One row a usable event of a video player.",
    (
        _COURSE,
        _MODULE,
        _USER,
        _TIME,
        _DATE,
        _text("kind", "play, pause, seek or stop"),
        _double("position", "seconds into the video; of a seek, where it went"),
        _double("old_position", "of a seek, seconds into the video where it began", nullable=True),
        _double("duration", "the video's length in seconds; -1 when unknown"),
    ),
)

# --- what is kept per learner ---------------------------------------------------------------------

ENROLLMENT_DAY = Table(
    "enrollment_day",
    "A learner's enrollment at the end of each day that changed it, until the next such day.",
    (
        _COURSE,
        _USER,
        _DATE,
        Column("next_date", Type.DATE, "date of the next row; null: still holds", nullable=True),
        Column("enrolled", Type.BOOLEAN, "enrolled at the end of the day"),
        _text("mode", "mode of the day's last event"),
    ),
    key=("course_id", "user_id", "date"),
)

LEARNER_ENROLLMENT = Table(
    "learner_enrollment",
    "A learner's enrollment history in one course run, summed up.",
    (
        _COURSE,
        _USER,
        _text("current_enrollment_mode", "last mode seen on an activation or a mode change"),
        _int("current_enrollment_is_active", "1 while enrolled, else 0"),
        _text("first_enrollment_mode", "mode of the first enrollment"),
        _timestamp("first_enrollment_time", "UTC"),
        _timestamp("last_unenrollment_time", "UTC; null: never left", nullable=True),
        _timestamp("first_verified_enrollment_time", "UTC; null: never verified", nullable=True),
        _timestamp("first_credit_enrollment_time", "UTC; null: never for credit", nullable=True),
    ),
    key=("course_id", "user_id"),
)

COURSE_ENROLLMENT_SUMMARY = Table(
    "course_enrollment_summary",
    "A learner's enrollment history in one course run, with the end of what was looked at.",
    (*LEARNER_ENROLLMENT.columns, _timestamp("end_time", "end of the interval, UTC")),
    key=LEARNER_ENROLLMENT.key,
)

VIDEO_VIEWING = Table(
    "video_viewing",
    "One row a stretch of video that a learner watched without interruption.",
    (
        _COURSE,
        _MODULE,
        _USER,
        _timestamp("start_time", "when it began, UTC"),
        _double("start_offset", "seconds into the video where it began"),
        _double("end_offset", "seconds into the video where it ended"),
        _double("duration", "the video's length in seconds; -1 when unknown"),
    ),
)

VIDEO_SEGMENT_USAGE = Table(
    "video_segment_usage",
    "How often each five seconds of a video were watched.",
    (
        _COURSE,
        _MODULE,
        _int("segment", "0 is the first five seconds"),
        _bigint("num_users", "learners who watched any of it"),
        _bigint("num_views", "viewings that touched it"),
    ),
    key=("course_id", "encoded_module_id", "segment"),
)

VIDEO_LENGTH = Table(
    "video_length",
    "How long each watched video is.",
    (
        _VIDEO,
        _COURSE,
        _MODULE,
        _double("duration", "seconds; estimated where the logs do not say"),
    ),
    key=("pipeline_video_id",),
)

# --- LMS tables and the course catalog: inputs beside the logs ------------------------------------

AUTH_USERPROFILE = Table(
    "auth_userprofile",
    "What the LMS knows of its learners.",
    (
        _USER,
        _text("gender", "as the learner gave it; null or empty: not given", nullable=True),
        _int("year_of_birth", "null: not given", nullable=True),
        _text("level_of_education", "the LMS's code; null or empty: not given", nullable=True),
    ),
    key=("user_id",),
)

GRADES_PERSISTENTCOURSEGRADE = Table(
    "grades_persistentcoursegrade",
    "The LMS's course grades.",
    (
        _USER,
        _COURSE,
        _text("letter_grade", "empty while the learner does not pass", nullable=True),
        _timestamp(
            "passed_timestamp", "when the learner first passed; null: not yet", nullable=True
        ),
        _timestamp("modified", "when the grade last changed", nullable=True),
    ),
    key=("course_id", "user_id"),
)

COURSE_CATALOG = Table(
    "course_catalog",
    "Course runs as the course discovery service describes them.",
    (
        _COURSE,
        _text("catalog_course_title", "title", nullable=True),
        _text("catalog_course", "key of the course that this is a run of", nullable=True),
        _timestamp("start_time", "UTC", nullable=True),
        _timestamp("end_time", "UTC", nullable=True),
        _text("pacing_type", "instructor_paced or self_paced", nullable=True),
        _text("availability", "Archived, Current, Starting Soon or Upcoming", nullable=True),
    ),
    key=("course_id",),
)

# --- reports: what the Data API serves ------------------------------------------------------------

_COUNT = _int("count", "learners enrolled at the end of the day")
_CUMULATIVE = _int("cumulative_count", "learners ever enrolled up to that day")


def _enrollment_report(name: str, meaning: str, *dimension: Column) -> Table:
    return Table(
        name,
        meaning,
        (_COURSE, _DATE, *dimension, _COUNT, _CUMULATIVE),
        key=("course_id", "date", *(column.name for column in dimension)),
    )


COURSE_ENROLLMENT_DAILY = _enrollment_report(
    "course_enrollment_daily", "Learners enrolled, by day."
)
COURSE_ENROLLMENT_MODE_DAILY = _enrollment_report(
    "course_enrollment_mode_daily",
    "Learners enrolled, by day and enrollment mode.",
    _text("mode", "enrollment mode on that day"),
)
COURSE_ENROLLMENT_GENDER_DAILY = _enrollment_report(
    "course_enrollment_gender_daily",
    "Learners enrolled, by day and gender.",
    _text("gender", "null: unknown", nullable=True),
)
COURSE_ENROLLMENT_BIRTH_YEAR_DAILY = _enrollment_report(
    "course_enrollment_birth_year_daily",
    "Learners enrolled on the interval's last day, by year of birth.",
    _int("birth_year", "null: unknown", nullable=True),
)
COURSE_ENROLLMENT_EDUCATION_LEVEL_DAILY = _enrollment_report(
    "course_enrollment_education_level_daily",
    "Learners enrolled on the interval's last day, by level of education.",
    _text("education_level", "null: unknown", nullable=True),
)
COURSE_META_SUMMARY_ENROLLMENT = Table(
    "course_meta_summary_enrollment",
    "Each course run on the interval's last day, by enrollment mode.",
    (
        *COURSE_CATALOG.columns,
        _text("enrollment_mode", "enrollment mode"),
        _COUNT,
        _int("count_change_7_days", "count, less what it was seven days earlier"),
        _CUMULATIVE,
        _int("passing_users", "learners known to have passed"),
    ),
    key=("course_id", "enrollment_mode"),
)
COURSE_ACTIVITY = Table(
    "course_activity",
    "Learners active in each whole week, Monday to Monday.",
    (
        _COURSE,
        _timestamp("interval_start", "Monday 00:00 UTC"),
        _timestamp("interval_end", "the Monday after, 00:00 UTC"),
        _text("label", "ACTIVE, ATTEMPTED_PROBLEM, PLAYED_VIDEO or POSTED_FORUM"),
        _int("count", "learners"),
    ),
    key=("course_id", "interval_start", "label"),
)
VIDEO = Table(
    "video",
    "Each video that was watched.",
    (
        _VIDEO,
        _COURSE,
        _MODULE,
        _int("duration", "seconds; estimated where the logs do not say"),
        _int("segment_length", "seconds"),
        _int("users_at_start", "learners who watched the first segment"),
        _int("users_at_end", "learners who watched near the end"),
        _int("total_viewed_seconds", "seconds watched by all learners, in whole segments"),
    ),
    key=("pipeline_video_id",),
)
VIDEO_TIMELINE = Table(
    "video_timeline",
    "How often each segment of a video was watched.",
    (
        _VIDEO,
        _int("segment", "0 is the first"),
        _int("num_users", "learners who watched any of it"),
        _int("num_views", "viewings that touched it"),
    ),
    key=("pipeline_video_id", "segment"),
)

REPORTS = (
    COURSE_ENROLLMENT_DAILY,
    COURSE_ENROLLMENT_MODE_DAILY,
    COURSE_ENROLLMENT_GENDER_DAILY,
    COURSE_ENROLLMENT_BIRTH_YEAR_DAILY,
    COURSE_ENROLLMENT_EDUCATION_LEVEL_DAILY,
    COURSE_META_SUMMARY_ENROLLMENT,
    COURSE_ACTIVITY,
    VIDEO,
    VIDEO_TIMELINE,
)
