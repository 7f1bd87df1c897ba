"""What each learner does in each course: the tables behind the engagement CSVs."""

from __future__ import annotations

from insights_pipeline.schema.columns import (
    COURSE,
    DATE,
    USER,
    USERNAME,
    Column,
    Table,
    bigint,
    boolean,
    date,
    integer,
    text,
    timestamp,
)

LEARNER_ACTION = Table(
    "learner_action",
    "What each learner did in a course on each day, and how often.",
    (
        COURSE,
        DATE,
        USERNAME,
        text(
            "action",
            "problem, video, subsection, post, response, comment, page, upvote_given,"
            " upvote_received, downvote_given, downvote_received or other",
        ),
        text("entity_id", "the problem, video or path; empty where the action has none", long=True),
        bigint("count", "how often; votes taken back count less than none"),
        bigint("correct", "how often a problem was solved"),
        timestamp("last_time", "when last, UTC"),
    ),
    key=("course_id", "date", "username", "action", "entity_id"),
    personal=True,
)

_END: Column = date("end_date", "the day, or the last day of the week")
_NUMBERS: tuple[Column, ...] = (
    integer("days_active", "days with an event"),
    integer("problems_attempted", "problems tried"),
    integer("problem_attempts", "submissions"),
    integer("problems_correct", "problems solved"),
    integer("videos_played", "videos played"),
    integer("forum_posts", "discussions begun"),
    integer("forum_responses", "responses written"),
    integer("forum_comments", "comments written"),
    integer("forum_upvotes_given", "votes up given"),
    integer("forum_downvotes_given", "votes down given"),
    integer("forum_upvotes_received", "votes up received"),
    integer("forum_downvotes_received", "votes down received"),
    integer("textbook_pages_viewed", "pages of textbooks viewed"),
    text("last_subsection_viewed", "URL of the last one; empty: none", long=True),
)

STUDENT_ENGAGEMENT_DAILY = Table(
    "student_engagement_daily",
    "What each learner did in a course on each day.",
    (_END, COURSE, USERNAME, *_NUMBERS),
    key=("end_date", "course_id", "username"),
    personal=True,
)

STUDENT_ENGAGEMENT_WEEKLY = Table(
    "student_engagement_weekly",
    "What each learner did in a course in each week, counted back from the interval's end.",
    (_END, COURSE, USERNAME, *_NUMBERS),
    key=("end_date", "course_id", "username"),
    personal=True,
)

STUDENT_ENGAGEMENT_ALL = Table(
    "student_engagement_all",
    "What each learner did in a course in the whole interval.",
    (COURSE, USERNAME, *_NUMBERS),
    key=("course_id", "username"),
    personal=True,
)

STUDENT_ENGAGEMENT_LEARNER = Table(
    "student_engagement_learner",
    "The days on which a learner whom the LMS knows came to a course, or left it.",
    (
        COURSE,
        USER,
        DATE,
        boolean("enrolled", "enrolled at the end of the day, and until the learner's next row"),
        USERNAME,
        text("email", "e-mail address; empty: none"),
        text("cohort", "the learner's cohort in the course; empty: none"),
    ),
    key=("course_id", "user_id", "date"),
    personal=True,
)

EVENTS_OF_DAY = Table(
    "events_of_day",
    "How many events were read of each day.",
    (DATE, bigint("event_count", "events")),
    key=("date",),
)

TOTAL_EVENTS_DAILY = Table(
    "total_events_daily",
    "How many events each day of the interval has.",
    EVENTS_OF_DAY.columns,
    key=("date",),
)
