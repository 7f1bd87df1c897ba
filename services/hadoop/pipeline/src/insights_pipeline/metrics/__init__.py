"""All metrics, in an order in which each comes after what it reads."""

from itertools import chain

from insights_pipeline.metrics import activity, enrollment, video
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

SUBJECTS: dict[str, tuple[Metric, ...]] = {
    "enrollment": enrollment.METRICS,
    "activity": activity.METRICS,
    "video": video.METRICS,
}
METRICS: tuple[Metric, ...] = tuple(chain.from_iterable(SUBJECTS.values()))

__all__ = [
    "METRICS",
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
