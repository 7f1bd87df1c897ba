"""What learners answered: the reports by answer and by tag."""

from __future__ import annotations

from insights_pipeline.schema.columns import COURSE, Table, boolean, integer, text

_MODULE = text("module_id", "the problem's usage key")

ANSWER_DISTRIBUTION = Table(
    "answer_distribution",
    "How often each answer was given to each part of a problem.",
    (
        COURSE,
        _MODULE,
        text("part_id", "id of the part of the problem that was answered"),
        boolean("correct", "whether the answer is right; null: unknown", nullable=True),
        integer("first_response_count", "learners whose first answer it was"),
        integer("last_response_count", "learners whose latest answer it is"),
        text("value_id", "id of the choice; null: not a choice", nullable=True),
        text("answer_value_text", "the answer as learners see it", long=True),
        integer("variant", "seed of a randomised problem; null: none", nullable=True),
        text("problem_display_name", "the problem's title", long=True),
        text("question_text", "the question as learners see it", long=True),
    ),
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
