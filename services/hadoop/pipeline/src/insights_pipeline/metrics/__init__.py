"""All metrics, in an order in which each comes after what it reads."""

from itertools import chain

from insights_pipeline.metrics import (
    activity,
    engagement,
    enrollment,
    geography,
    grades,
    problems,
    programs,
    structure,
    student_engagement,
    video,
)
from insights_pipeline.metrics.definition import (
    Added,
    Appended,
    Latest,
    LookedUp,
    Metric,
    PerDay,
    PerEntity,
    PerWeek,
    Relation,
    Sql,
    Summed,
    Viewed,
    Whole,
)
from insights_pipeline.report_files import ReportFiles

SUBJECTS: dict[str, tuple[Metric, ...]] = {
    "enrollment": enrollment.METRICS,
    "programs": programs.METRICS,
    "structure": structure.METRICS,
    "geography": geography.METRICS,
    "activity": activity.METRICS,
    "video": video.METRICS,
    "grades": grades.METRICS,
    "problems": problems.METRICS,
    "student_engagement": student_engagement.METRICS,
    "engagement": engagement.METRICS,
}
METRICS: tuple[Metric, ...] = tuple(chain.from_iterable(SUBJECTS.values()))

REPORT_FILES: tuple[ReportFiles, ...] = (*problems.FILES, *student_engagement.FILES)
"""All kinds of CSV files."""

__all__ = [
    "METRICS",
    "REPORT_FILES",
    "SUBJECTS",
    "Added",
    "Appended",
    "Latest",
    "LookedUp",
    "Metric",
    "PerDay",
    "PerEntity",
    "PerWeek",
    "Relation",
    "Sql",
    "Summed",
    "Viewed",
    "Whole",
]
