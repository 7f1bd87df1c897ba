"""Spark's form of every metric gives the tables that the embedded engine gives, row for row.

It reads the events that an embedded run wrote, so that the two differ in the metrics alone.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from itertools import chain
from typing import TYPE_CHECKING, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from embedded import Site, in_order
from insights_pipeline import dialects, schema
from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval
from insights_pipeline.metrics import METRICS, SUBJECTS, LookedUp
from insights_pipeline.sample import SampleOptions, write_sample
from reference.engagement_strategies import VISITORS, engaged_site
from reference.strategies import histories
from reference.student_engagement_strategies import histories as engaged

T = TypeVar("T")

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from hypothesis.strategies import SearchStrategy
    from pyspark.sql import SparkSession

    from insights_pipeline.metrics import Metric

LOOKED_UP = [metric.table for metric in METRICS if isinstance(metric.upkeep, LookedUp)]
CONFIGURATION = {
    "spark.driver.memory": "1g",
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": False,
    # What follows makes many queries on few rows fast.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.adaptive.enabled": False,
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.codegen.wholeStage": False,
    "spark.sql.shuffle.partitions": 1,
}


def what_spark_lacks() -> str | None:
    """Why no session can start here, and what to do about it."""
    if find_spec("pyspark") is None:
        return "no pyspark: `./inv test` installs it"
    if shutil.which("java") is None:
        return "no java: install a Java 17 runtime to check Spark's form of the metrics"
    return None


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """A local session; on a CI machine its absence is a failure."""
    if reason := what_spark_lacks():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    from pyspark.sql import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    builder = SparkSession.builder.master("local[2]")
    for name, value in CONFIGURATION.items():
        builder = builder.config(name, value)
    session = builder.config("spark.sql.warehouse.dir", str(folder)).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()


@dataclass(frozen=True)
class Updated:
    """A site after an embedded run over the interval."""

    site: Site
    interval: Interval


@pytest.fixture
def published(tmp_path: Path, fixtures: Path) -> Updated:
    """All fixtures as one site's logs."""
    site, interval = Site(tmp_path), Interval(date(2014, 4, 1), date(2014, 8, 7))
    shutil.copytree(fixtures, site.logs)
    enrollment = fixtures / "enrollment"
    site.update(interval, Inputs(enrollment / "lms", enrollment / "course_runs.json"))
    return Updated(site, interval)


@pytest.fixture
def sample(tmp_path: Path) -> Updated:
    """Four weeks of a small site, one line in a hundred dirty."""
    options = SampleOptions(days=28, learners=30, courses=3, dirty=0.01)
    sample = write_sample(tmp_path / "sample", options)
    site, interval = Site(tmp_path), Interval(*sample.interval)
    shutil.copytree(sample.logs, site.logs)
    site.update(interval, Inputs(**sample.inputs))
    return Updated(site, interval)


@pytest.fixture
def wild(tmp_path: Path) -> Updated:
    """Many wild histories of the same learners and courses, one upon the other."""
    site, interval = Site(tmp_path), Interval(date(2014, 7, 19), date(2014, 8, 13))
    found = some(histories(), 30)
    # The last one knows most of the learners and courses that all of them share.
    found.sort(key=lambda h: len(h.lms.profiles) * len(h.lms.grades) * len(h.catalog))
    for history in found:
        site.log(history.lines)
    found[-1].write(site.folder)
    site.update(interval, Inputs(site.folder / "lms", site.folder / "course_runs.json"))
    return Updated(site, interval)


def some(strategy: SearchStrategy[T], count: int) -> list[T]:
    """Always the same ones."""
    found: list[T] = []

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(strategy)
    def collect(example: T) -> None:
        found.append(example)

    collect()
    return found


@pytest.fixture
def active(tmp_path: Path) -> Updated:
    """Learners of whom the LMS knows the cohorts, and who do all that engagement counts."""
    site, interval = Site(tmp_path), Interval(date(2014, 7, 19), date(2014, 8, 13))
    found = some(engaged(runs=1), 20)
    for history in found:
        site.log(history.lines)
    _, _, accounts = max(
        found, key=lambda h: len(h.runs[0][2].users) * len(h.runs[0][2].members)
    ).runs[0]
    (tmp_path / "lms").mkdir()
    accounts.write(tmp_path / "lms")
    site.update(interval, Inputs(tmp_path / "lms"))
    return Updated(site, interval)


@pytest.fixture
def enrolled(tmp_path: Path) -> Updated:
    """Learners who are enrolled and try, watch and post, visitors who have a name."""
    site, found = Site(tmp_path), engaged_site(11)
    site.log(found.lines)
    interval, inputs = Interval(*found.interval), Inputs(found.write_lms(tmp_path / "lms"))
    site.update(interval, inputs, visitors=VISITORS)
    return Updated(site, interval)


# In CI, whole runs compare the fixtures and a sample: tests/pipeline/spark/.
@pytest.mark.parametrize(
    ("name", "subjects"),
    [
        pytest.param("published", ["enrollment", "activity", "video"], marks=pytest.mark.full),
        pytest.param(
            "sample",
            ["enrollment", "activity", "video", "programs", "structure", "geography", "grades"],
            marks=pytest.mark.full,
        ),
        ("wild", ["enrollment", "activity", "video"]),
        ("active", ["student_engagement"]),
        ("enrolled", ["engagement"]),
    ],
)
def test_same_tables(
    spark: SparkSession, name: str, subjects: list[str], request: pytest.FixtureRequest
) -> None:
    """Of these subjects every table has to have rows."""
    updated: Updated = request.getfixturevalue(name)
    site, interval = updated.site, updated.interval
    events = spark.read.parquet(str(site.data / "events"))
    events.coalesce(1).cache().createOrReplaceTempView("events")
    for table in (*schema.INPUTS, *LOOKED_UP):
        declared = ", ".join(f"{c.name} {spark_type(c)}" for c in table.columns)
        rows = site.warehouse(table)[table.name]
        spark.createDataFrame(rows, declared).createOrReplaceTempView(table.name)

    expected = site.warehouse()
    wanted = list(chain.from_iterable(SUBJECTS[subject] for subject in subjects))
    for metric in with_what_they_read(wanted):
        if metric.table in LOOKED_UP:
            continue
        found = spark.sql(dialects.spark(metric, interval)).coalesce(1).cache()
        found.createOrReplaceTempView(metric.name)
        assert found.columns == list(metric.table.names)
        columns = [f"CAST({c.name} AS {spark_type(c)})" for c in metric.table.columns]
        rows = in_order(map(tuple, found.selectExpr(*columns).collect()))
        assert rows == expected[metric.name], metric.name
    for metric in wanted:
        assert expected[metric.name], f"no row of {metric.name} to compare"


def with_what_they_read(wanted: Iterable[Metric]) -> list[Metric]:
    """Metrics, each after those that it reads."""
    names = {metric.name for metric in wanted}
    for metric in reversed(METRICS):
        if metric.name in names:
            names.update(metric.reads)
    return [metric for metric in METRICS if metric.name in names]


def spark_type(column: schema.Column) -> str:
    """The type in which Python gets the same value from both engines."""
    match column.type:
        case schema.Type.TEXT:
            return "STRING"
        case schema.Type.TIMESTAMP:
            # Spark hands out a plain TIMESTAMP in the zone of this machine.
            return "TIMESTAMP_NTZ"
        case _:
            return str(column.type)
