"""All metrics, in an order in which each comes after what it reads."""

from insights_pipeline.metrics import activity, enrollment, video
from insights_pipeline.metrics.definition import (
    Appended,
    Metric,
    PerEntity,
    PerWeek,
    Relation,
    Sql,
    Summed,
    Viewed,
    Whole,
)

METRICS: tuple[Metric, ...] = (*enrollment.METRICS, *activity.METRICS, *video.METRICS)

__all__ = [
    "METRICS",
    "Appended",
    "Metric",
    "PerEntity",
    "PerWeek",
    "Relation",
    "Sql",
    "Summed",
    "Viewed",
    "Whole",
]
