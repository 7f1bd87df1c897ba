"""Which programs course runs are part of (upstream: insights/enrollments.py).

There it is what the discovery service names with its course runs; a site may have the service's
programs instead, or both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from insights_pipeline import schema
from insights_pipeline.metrics.definition import Metric, Whole

if TYPE_CHECKING:
    from insights_pipeline.metrics.definition import Relation, Sql


def course_program_metadata(catalog_program: Relation, program_run: Relation) -> Sql:
    """A row a program and course run of it: named with the run, or with the program, or both.

    Type and title are those that the program has itself; else those that it is named with.
    """
    return f"""
        SELECT course_id, program_id, program_type, program_title
        FROM {program_run}
        UNION ALL
        SELECT named.course_id, named.program_id, named.program_type, named.program_title
        FROM {catalog_program} AS named
        LEFT JOIN {program_run} AS itself
            ON itself.course_id = named.course_id AND itself.program_id = named.program_id
        WHERE itself.program_id IS NULL
    """


METRICS = (Metric(schema.COURSE_PROGRAM_METADATA, course_program_metadata, Whole()),)
