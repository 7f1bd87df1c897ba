"""What learners do with a course's blocks: engagement by day, what is usual, and the roster."""

from __future__ import annotations

from insights_pipeline.schema.columns import (
    COURSE,
    DATE,
    USER,
    USERNAME,
    Column,
    Table,
    Type,
    date,
    double,
    integer,
    text,
)

_ENTITY = (
    text("entity_type", "video, problem or discussion"),
    text("entity_id", "the block's id, or the discussion's"),
    text("event", "viewed, attempted, completed or contributed"),
)

ENGAGEMENT_EVENT = Table(
    "engagement_event",
    "One row whenever somebody did something with a block.",
    (COURSE, text("username", "null for visitors", nullable=True), DATE, *_ENTITY),
    personal=True,
)

MODULE_ENGAGEMENT = Table(
    "module_engagement",
    "How often a learner did what with which block on which day.",
    (
        COURSE,
        USERNAME,
        DATE,
        *_ENTITY,
        integer("count", "how often"),
    ),
    key=("course_id", "username", "date", "entity_type", "entity_id", "event"),
    personal=True,
)

ENTERPRISE_LEARNER = Table(
    "enterprise_learner",
    "The learners of each enterprise customer.",
    (
        text("enterprise_customer_id", "the customer's UUID: lower case, with hyphens"),
        USERNAME,
    ),
    key=("enterprise_customer_id", "username"),
    personal=True,
)

_START = date("start_date", "first day of the week that was looked at")
_END = date("end_date", "day after its last")
_ATTEMPTS = integer("problem_attempts", "submissions")
_ATTEMPTED = integer("problems_attempted", "problems tried")
_COMPLETED = integer("problems_completed", "problems solved")
_RATIO = double(
    "problem_attempts_per_completed",
    "submissions for each problem solved; null: without bound",
    nullable=True,
)
_VIEWED = integer("videos_viewed", "videos played")
_CONTRIBUTIONS = integer("discussion_contributions", "posts, responses and comments")

LEARNER_WEEK = Table(
    "learner_week",
    "What each learner did in a course in the last week, and in the one before it.",
    (
        COURSE,
        USERNAME,
        _END,
        *(_ATTEMPTS, _ATTEMPTED, _COMPLETED, _RATIO, _VIEWED, _CONTRIBUTIONS),
        integer("days_active", "days on which the learner did any of it"),
    ),
    key=("course_id", "username", "end_date"),
    personal=True,
)

MODULE_ENGAGEMENT_METRIC_RANGES = Table(
    "module_engagement_metric_ranges",
    "Which values of a measure are low, normal and high among a course's active learners.",
    (
        COURSE,
        *(_START, _END),
        text("metric", "the measure"),
        text("range_type", "low, normal or high"),
        double("high_value", "upper bound, exclusive; null: none", nullable=True),
        double("low_value", "lower bound, inclusive; null: none", nullable=True),
    ),
    key=("course_id", "metric", "range_type"),
)


def _profile(name: str, meaning: str) -> Column:
    return Column(name, Type.TEXT, meaning, nullable=True, long=True)


LEARNER_ROSTER = Table(
    "learner_roster",
    "Each learner enrolled in a course, with what they did in the last week.",
    (
        COURSE,
        USERNAME,
        USER,
        _profile("name", "full name"),
        _profile("email", "e-mail address"),
        _profile("location", "where the learner is, in own words"),
        _profile("language", "language, in own words"),
        integer("year_of_birth", "null: not given", nullable=True),
        _profile("gender", "as the learner gave it"),
        _profile("level_of_education", "the LMS's code"),
        _profile("mailing_address", "postal address"),
        _profile("city", "city"),
        _profile("country", "code of a country"),
        _profile("goals", "why the learner is here, in own words"),
        text("cohort", "null: in none", nullable=True),
        text("enrollment_mode", "enrollment mode", nullable=True),
        date("enrollment_date", "when the learner enrolled", nullable=True),
        *(_START, _END),
        *(_ATTEMPTS, _ATTEMPTED, _COMPLETED, _RATIO),
        integer("attempt_ratio_order", "sorts learners by that ratio and their attempts"),
        *(_VIEWED, _CONTRIBUTIONS),
        text("segments", "kinds of learner, such as struggling, by commas", nullable=True),
    ),
    key=("course_id", "username"),
    personal=True,
)
