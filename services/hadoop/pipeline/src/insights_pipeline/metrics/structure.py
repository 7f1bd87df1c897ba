"""What courses are made of: titles and places of their blocks.

Ours: upstream's Insights asks the LMS for it, each time that it shows a page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from insights_pipeline import schema
from insights_pipeline.metrics.definition import Metric, Whole

if TYPE_CHECKING:
    from insights_pipeline.metrics.definition import Relation, Sql

LONGEST_ID = 255
"""Characters; of blocks with longer ids no report can tell."""


def course_structure(course_blocks: Relation) -> Sql:
    """Each block of a course, where it is, and whether it counts towards the grade.

    A block in several places is in the first of them. Blocks with ids of more than 255 characters
    are left out.
    """
    above = ", ".join(
        f"CASE WHEN LENGTH({column}) <= {LONGEST_ID} THEN {column} END AS {name}"
        for column, name in (
            ("parent_block_id", "parent_id"),
            ("section_id", "section_id"),
            ("subsection_id", "subsection_id"),
            ("unit_id", "unit_id"),
        )
    )
    return f"""
        SELECT
            course_id,
            block_id,
            block_type,
            display_name,
            {above},
            CASE WHEN NOT is_orphan THEN sort_idx END AS "position",
            COALESCE(graded, FALSE) AS graded,
            assignment_type
        FROM {course_blocks}
        WHERE LENGTH(block_id) <= {LONGEST_ID}
    """


METRICS = (Metric(schema.COURSE_STRUCTURE, course_structure, Whole()),)
