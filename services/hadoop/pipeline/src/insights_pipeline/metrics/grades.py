"""What learners opened and how they did (upstream: data_api/studentmodule_dist.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from insights_pipeline import schema
from insights_pipeline.metrics.definition import Metric, Whole

if TYPE_CHECKING:
    from insights_pipeline.metrics.definition import Relation, Sql


def grade_distribution(courseware_studentmodule: Relation) -> Sql:
    """How many learners have which points in each block of a course, by the LMS's own account.

    A learner's row of any kind of block counts once it has a grade, 0 and negative ones too; what
    can be had of it is part of what is told apart, and may be unknown.
    """
    # Adding 0 makes 0 of -0, which engines do not tell apart alike.
    return f"""
        SELECT course_id, module_id, grade, max_grade, COUNT(*) AS count
        FROM (
            SELECT course_id, module_id, grade + 0 AS grade, max_grade + 0 AS max_grade
            FROM {courseware_studentmodule}
            WHERE grade IS NOT NULL
        ) AS graded
        GROUP BY course_id, module_id, grade, max_grade
    """


def sequential_open_distribution(courseware_studentmodule: Relation) -> Sql:
    """How many learners opened each subsection: the LMS has a row for it of each who did."""
    return f"""
        SELECT course_id, module_id, COUNT(*) AS count
        FROM {courseware_studentmodule}
        WHERE module_type = 'sequential'
        GROUP BY course_id, module_id
    """


METRICS = (
    Metric(schema.GRADE_DISTRIBUTION, grade_distribution, Whole()),
    Metric(schema.SEQUENTIAL_OPEN_DISTRIBUTION, sequential_open_distribution, Whole()),
)
