"""What learners answered: the reports by answer, by tag and by learner."""

from __future__ import annotations

from insights_pipeline.schema.columns import (
    COURSE,
    DATE,
    TIME,
    USERNAME,
    Table,
    bigint,
    boolean,
    double,
    integer,
    text,
    timestamp,
)

_MODULE = text("module_id", "the problem's usage key")
_PROBLEM = text("problem_id", "the problem's usage key")
_PART = text("part_id", "id of the part of the problem that was answered")
_TITLE = text("title", "the problem's title, on one line", long=True)
_DISPLAY_NAME = text("problem_display_name", "the problem's title; empty: none", long=True)
_SCORE = double("score", "points; null: unknown", nullable=True)
_MAX_SCORE = double("max_score", "points that can be had; null: unknown", nullable=True)
_TAGS = text("tags", "the problem's tags as JSON; null: none", nullable=True, long=True)

PROBLEM_CHECK = Table(
    "problem_check",
    "One row a time that the server checked the answers to a problem.",
    (
        COURSE,
        text("problem_id", "the problem's usage key; empty: the event does not say"),
        text("username", "the learner's name in the LMS; empty: the event does not say"),
        TIME,
        DATE,
        text("org_id", "the organisation that runs the course", nullable=True),
        boolean("correct", "whether all answers were right"),
        _SCORE,
        _MAX_SCORE,
        _DISPLAY_NAME,
        _TITLE,
        _TAGS,
        text("answers", "as JSON, part by part; null: none, or none that can be used", True),
        text("flaw", "what of the event cannot be used; null: nothing", nullable=True),
    ),
)

PROBLEM_CHECK_FLAW = Table(
    "problem_check_flaw",
    "How many problem_check events have something that cannot be used.",
    (text("flaw", "what it is"), bigint("count", "events")),
    key=("flaw",),
)

PROBLEM_TALLY = Table(
    "problem_tally",
    "Submissions to each problem, and the tags that it had last.",
    (
        COURSE,
        _PROBLEM,
        text("org_id", "the organisation that runs the course", nullable=True),
        _TAGS,
        bigint("total_submissions", "submissions to the problem"),
        bigint("correct_submissions", "those that were right"),
    ),
    key=("course_id", "problem_id"),
)

PROBLEM_ANSWER = Table(
    "problem_answer",
    "What each learner answered first and last to each part of each problem.",
    (
        COURSE,
        _PROBLEM,
        USERNAME,
        text("attempt", "first or last; both, where there was but one"),
        _PART,
        TIME,
        text("value_id", "id of the choice, or raw answer; null: none", nullable=True, long=True),
        text("answer", "the answer as the event has it; null: unknown", nullable=True, long=True),
        text("plain_answer", "the answer without markup; null: unknown", nullable=True, long=True),
        text("response", "the answer on one line", long=True),
        boolean("correct", "whether it counts as right"),
        text("correctness", "what the LMS calls it; null: nothing", nullable=True, long=True),
        text("variant", "seed of a randomised problem as text; empty: none", long=True),
        integer("seed", "it, as a number; null: none", nullable=True),
        text("question", "the question as the event has it", long=True),
        text("clean_question", "the question on one line", long=True),
        text("response_type", "kind of the part; null: unknown", nullable=True, long=True),
        _DISPLAY_NAME,
        _TITLE,
        _SCORE,
        _MAX_SCORE,
        bigint("attempts", "how often the learner answered the problem"),
        timestamp("first_attempt", "when first, UTC"),
        timestamp("last_attempt", "when last, UTC"),
    ),
    key=("course_id", "problem_id", "username", "attempt", "part_id"),
)

ANSWER_DISTRIBUTION = Table(
    "answer_distribution",
    "How often each answer was given to each part of a problem.",
    (
        COURSE,
        _MODULE,
        _PART,
        boolean("correct", "whether the answer is right; null: unknown", nullable=True),
        integer("first_response_count", "learners whose first answer it was"),
        integer("last_response_count", "learners whose latest answer it is"),
        text("value_id", "id of the choice; null: not a choice", nullable=True),
        text("answer_value_text", "the answer as learners see it", long=True),
        integer("variant", "seed of a randomised problem; null: none", nullable=True),
        text("problem_display_name", "the problem's title", long=True),
        text("question_text", "the question as learners see it", long=True),
    ),
    together=("course_id", "part_id"),
)

TAGS_DISTRIBUTION = Table(
    "tags_distribution",
    "Submissions to the problems with a tag.",
    (
        COURSE,
        text("org_id", "the organisation that runs the course"),
        _MODULE,
        text("tag_name", "what kind of tag, such as difficulty"),
        text("tag_value", "the tag, such as easy"),
        integer("total_submissions", "submissions to the problem"),
        integer("correct_submissions", "those that were right"),
    ),
    key=("course_id", "module_id", "tag_name", "tag_value"),
)

PROBLEM_RESPONSE = Table(
    "problem_response",
    "What each learner answered last to each part of each problem, but for where that is.",
    (
        COURSE,
        USERNAME,
        _PROBLEM,
        text("answer_id", "id of the part of the problem that was answered"),
        _TITLE,
        text("question", "the question, on one line", long=True),
        _SCORE,
        _MAX_SCORE,
        boolean("correct", "whether the answer is right; null: unknown", nullable=True),
        text("answer", "the answer, on one line; several are joined by |", long=True),
        bigint("total_attempts", "how often the learner answered the problem"),
        timestamp("first_attempt_date", "when first, UTC"),
        timestamp("last_attempt_date", "when last, UTC"),
    ),
    key=("course_id", "username", "problem_id", "answer_id"),
    personal=True,
)

PROBLEM_PLACE = Table(
    "problem_place",
    "Where in its course each problem with a response is.",
    (
        COURSE,
        _PROBLEM,
        text("course_path", "names of the blocks above it", nullable=True, long=True),
        bigint("sort_idx", "its place in the course; -1: unknown"),
    ),
    key=("course_id", "problem_id"),
)
