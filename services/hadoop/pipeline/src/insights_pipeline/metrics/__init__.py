"""All metrics, in an order in which each comes after what it reads."""

from itertools import chain

from insights_pipeline.metrics import activity, enrollment, problems, video
from insights_pipeline.metrics.definition import (
    Appended,
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
    "activity": activity.METRICS,
    "video": video.METRICS,
    "problems": problems.METRICS,
}
METRICS: tuple[Metric, ...] = tuple(chain.from_iterable(SUBJECTS.values()))

REPORT_FILES: tuple[ReportFiles, ...] = problems.FILES
"""All kinds of CSV files."""

__all__ = [
    "METRICS",
    "REPORT_FILES",
    "SUBJECTS",
    "Appended",
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
