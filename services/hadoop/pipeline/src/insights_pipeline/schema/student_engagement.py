"""What each learner did in a day and in a week: the tables behind the engagement CSVs."""

from __future__ import annotations

from insights_pipeline.schema.columns import COURSE, USERNAME, Column, Table, date, integer, text

_COLUMNS: tuple[Column, ...] = (
    date("end_date", "the day, or the last day of the week"),
    COURSE,
    USERNAME,
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
    _COLUMNS,
    key=("end_date", "course_id", "username"),
)

STUDENT_ENGAGEMENT_WEEKLY = Table(
    "student_engagement_weekly",
    "What each learner did in a course in each week, counted back from the interval's end.",
    _COLUMNS,
    key=("end_date", "course_id", "username"),
)
