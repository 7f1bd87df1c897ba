"""What the LMS knows of grades: the reports by grade and by opened sequential."""

from __future__ import annotations

from insights_pipeline.schema.columns import COURSE, Table, double, integer, text

_MODULE = text("module_id", "the block's usage key")

GRADE_DISTRIBUTION = Table(
    "grade_distribution",
    "Learners by their points in each block that they were graded in.",
    (
        COURSE,
        _MODULE,
        double("grade", "points"),
        double("max_grade", "points that can be had; null: unknown", nullable=True),
        integer("count", "learners"),
    ),
    key=("course_id", "module_id", "grade", "max_grade"),
)

SEQUENTIAL_OPEN_DISTRIBUTION = Table(
    "sequential_open_distribution",
    "Learners who opened each subsection.",
    (
        COURSE,
        _MODULE,
        integer("count", "learners"),
    ),
    key=("course_id", "module_id"),
)
