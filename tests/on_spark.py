"""The Spark engine on a site of a test's own: a session of two cores, a store in a folder.

As a program (`python -m on_spark`, see `main`) it does one update in a process that may be killed.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

import updating
from embedded import in_order, provide_reports
from insights_pipeline.interval import Interval
from insights_pipeline.metrics import METRICS, Viewed
from insights_pipeline.publish.sqlite import SqliteReports
from insights_pipeline.resources import Resources
from insights_pipeline.schema import Type
from insights_pipeline.spark.session import open_session
from insights_pipeline.spark.update import Cluster, SparkUpdate, run_update
from insights_pipeline.update import REPORTS_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

    from insights_pipeline.runs import RunRecord
    from insights_pipeline.schema import Table
    from insights_pipeline.update import Update
    from insights_pipeline.warehouse import Warehouse
    from updating import Tables

RESOURCES = Resources(memory=2**31, processors=2)
FAST = {
    # What makes many queries on few rows fast.
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.codegen.wholeStage": "false",
    "spark.hadoop.ipc.client.connect.max.retries": "0",
}
HIVE = {
    # Hive's own metastore, inside the session's JVM and gone with it.
    "spark.sql.catalogImplementation": "hive",
    "spark.hadoop.javax.jdo.option.ConnectionURL": "jdbc:derby:memory:metastore;create=true",
    "spark.hadoop.datanucleus.schema.autoCreateAll": "true",
    "spark.hadoop.hive.metastore.schema.verification": "false",
}


def what_spark_lacks() -> str | None:
    """Why no session can start here, and what to do about it."""
    if find_spec("pyspark") is None or find_spec("pandas") is None:
        return "no pyspark: `./inv test` installs it"
    if which("java") is None:
        return "no java: install a Java 17 runtime to check the Spark engine"
    return None


def need_spark() -> None:
    """Skip the test where no session can start; on a CI machine that is a failure."""
    if reason := what_spark_lacks():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def cluster(store: Path, **settings: str) -> Cluster:
    """This machine as a cluster that keeps its tables in a folder."""
    return Cluster("local[2]", f"file://{store}", settings=FAST | settings)


def store_of(data: Path) -> Path:
    """The folder that is the store of the runs in a data folder."""
    return data.with_name(f"{data.name}-store")


def on_spark(update: Update, **settings: str) -> SparkUpdate:
    """The same update on Spark, with the store beside the data folder."""
    same = {**vars(update), "resources": RESOURCES}
    return SparkUpdate(**same, cluster=cluster(store_of(update.data), **settings))


class AfterSpark(SqliteReports):
    """Reports that are published once Spark has ended, which has half of the memory."""

    def publish(self, warehouse: Warehouse, record: RunRecord) -> None:
        """Publish them."""
        from pyspark import SparkContext

        assert SparkContext._active_spark_context is None
        super().publish(warehouse, record)


def run(update: SparkUpdate) -> RunRecord:
    """Run an update in this process."""
    return run_update(update, AfterSpark(update.data / REPORTS_FILE, provide_reports))


@contextmanager
def session(update: SparkUpdate) -> Iterator[SparkSession]:
    """A session of the update's cluster."""
    with open_session(update.cluster, update.data, RESOURCES.memory // 2) as opened:
        yield opened


def end_session() -> None:
    """End the session that this process has, if it has one."""
    from pyspark.sql import SparkSession

    if opened := SparkSession.getActiveSession():
        opened.stop()


def stored(store: Path, table: Table) -> list[tuple[Any, ...]]:
    """All rows that the store has of a table."""
    names = ", ".join(
        f'MAKE_TIMESTAMP(EPOCH_US("{c.name}"))' if c.type is Type.TIMESTAMP else f'"{c.name}"'
        for c in table.columns
    )
    files = f"{store}/{table.name}/**/*.parquet"
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT {names} FROM read_parquet('{files}')").fetchall()


def tables_in(store: Path, *names: str) -> Tables:
    """All tables that the store keeps, but the events, or some of them; sorted."""
    tables = (metric.table for metric in METRICS if not isinstance(metric.upkeep, Viewed))
    return {
        table.name: in_order(stored(store, table))
        for table in tables
        if not names or table.name in names
    }


def main(logs: str, data: str, inputs_as_json: str, interval: str) -> None:
    """Do one update."""
    from insights_pipeline.update import Update

    inputs = updating.read_inputs(inputs_as_json)
    run(on_spark(Update(Path(logs), Path(data), Interval.parse(interval), inputs)))


if __name__ == "__main__":
    main(*sys.argv[1:])
