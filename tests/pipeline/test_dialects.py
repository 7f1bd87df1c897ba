"""Spark's form of the metrics as text; test_spark.py runs it."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

import insights_pipeline
from insights_pipeline import dialects
from insights_pipeline.interval import Interval
from insights_pipeline.metrics import METRICS, Metric
from insights_pipeline.schema import COURSE_ACTIVITY

INTERVAL = Interval(date(2014, 7, 21), date(2014, 7, 28))
SOURCE = Path(insights_pipeline.__file__).parents[1]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_types_are_those_that_hive_knows(metric: Metric) -> None:
    query = dialects.spark(metric, INTERVAL)
    assert "_NTZ" not in query
    assert "VARCHAR" not in query


def test_a_table_may_be_read_under_another_name() -> None:
    (metric,) = (metric for metric in METRICS if metric.table is COURSE_ACTIVITY)
    assert "FROM hive.user_activity" in dialects.spark(
        metric, INTERVAL, {"user_activity": "hive.user_activity"}
    )


def test_the_embedded_engine_needs_no_sqlglot() -> None:
    program = "import sys, insights_pipeline.update, insights_pipeline.dialects\n"
    program += "print('sqlglot' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == "False\n"
