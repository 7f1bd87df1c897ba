"""Who is active: what learners did on a day, and the report by week."""

from __future__ import annotations

from insights_pipeline.schema.columns import (
    COURSE,
    DATE,
    USER,
    Table,
    integer,
    text,
    timestamp,
)

USER_ACTIVITY = Table(
    "user_activity",
    "Which learner did what in which course on which day.",
    (
        COURSE,
        DATE,
        USER,
        text("label", "ACTIVE, ATTEMPTED_PROBLEM, PLAYED_VIDEO or POSTED_FORUM"),
    ),
    key=("course_id", "date", "user_id", "label"),
)

COURSE_ACTIVITY = Table(
    "course_activity",
    "Learners active in each whole week, Monday to Monday.",
    (
        COURSE,
        timestamp("interval_start", "Monday 00:00 UTC"),
        timestamp("interval_end", "the Monday after, 00:00 UTC"),
        text("label", "ACTIVE, ATTEMPTED_PROBLEM, PLAYED_VIDEO or POSTED_FORUM"),
        integer("count", "learners"),
    ),
    key=("course_id", "interval_start", "label"),
)
