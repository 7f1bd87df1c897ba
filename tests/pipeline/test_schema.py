"""The declared tables are what the metrics give, and what the Data API reads."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import pytest

from embedded import Site, provide_reports
from insights_pipeline import schema
from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval
from insights_pipeline.metrics import METRICS, Metric
from insights_pipeline.sample import SampleOptions, write_sample
from insights_pipeline.schema import REPORTS, Table, Type

if TYPE_CHECKING:
    from collections.abc import Iterator

INPUTS = (schema.EVENTS, *schema.INPUTS)
SQLITE_TYPES = {
    Type.TEXT: "varchar(255)",
    Type.INTEGER: "integer",
    Type.BIGINT: "bigint",
    Type.DOUBLE: "real",
    Type.BOOLEAN: "bool",
    Type.DATE: "date",
    Type.TIMESTAMP: "datetime",
}
INTERVAL = Interval(date(2014, 7, 1), date(2014, 8, 1))


def named(item: Table | Metric) -> str:
    return item.name


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A reports database as the Data API's migrations make it."""
    path = tmp_path_factory.mktemp("schema") / "reports.sqlite3"
    provide_reports(path)
    with closing(sqlite3.connect(path)) as connection:
        yield connection


@pytest.mark.parametrize("table", REPORTS, ids=named)
def test_the_data_api_has_the_same_columns(table: Table, reports: sqlite3.Connection) -> None:
    found = {
        name: (type_.lower(), not not_null)
        for _place, name, type_, not_null, *_ in reports.execute(f"PRAGMA table_info({table.name})")
    }
    declared = {
        c.name: ("text" if c.long else SQLITE_TYPES[c.type], c.nullable) for c in table.columns
    }
    assert found == declared | {"id": ("integer", False), "created": ("datetime", False)}


@pytest.fixture(scope="module")
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine with every table as it is declared, without rows."""
    with closing(duckdb.connect()) as connection:
        for table in (*INPUTS, *(metric.table for metric in METRICS)):
            columns = ", ".join(f"{column.name} {column.type}" for column in table.columns)
            connection.execute(f"CREATE TABLE {table.name} ({columns})")
        yield connection


@pytest.mark.parametrize("metric", METRICS, ids=named)
def test_a_metric_gives_the_declared_columns(
    metric: Metric, empty: duckdb.DuckDBPyConnection
) -> None:
    worded = empty.execute(f"DESCRIBE {metric.definition(INTERVAL)}").fetchall()
    assert sorted(name for name, *_ in worded) == sorted(metric.table.names)
    typed = empty.execute(f"DESCRIBE {metric.query(INTERVAL)}").fetchall()
    assert [(name, type_) for name, type_, *_ in typed] == [
        (column.name, column.type) for column in metric.table.columns
    ]


def test_a_metric_comes_after_what_it_reads() -> None:
    known = {table.name for table in INPUTS}
    for metric in METRICS:
        assert set(metric.reads) <= known
        known.add(metric.name)


def test_every_report_has_its_metric() -> None:
    assert {table.name for table in REPORTS} <= {metric.name for metric in METRICS}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse with rows in every table of a metric."""
    site = Site(tmp_path_factory.mktemp("site"))
    options = SampleOptions(days=28, learners=60, courses=3, dirty=0.01)
    sample = write_sample(site.folder / "sample", options)
    shutil.copytree(sample.logs, site.logs)
    site.log(odd_checks(sample.interval[0]))
    site.update(Interval(*sample.interval), Inputs(**sample.inputs))
    with closing(duckdb.connect(str(site.data / "warehouse.duckdb"), read_only=True)) as connection:
        yield connection


def odd_checks(day: date) -> list[bytes]:
    """What the sample has none of: a problem with a tag, and an answer of no shape."""
    check = {
        "event_type": "problem_check",
        "event_source": "server",
        "username": "ann",
        "time": f"{day}T10:00:00+00:00",
        "context": {
            "course_id": "course-v1:edX+DemoX+2014",
            "asides": {"tagging_aside": {"saved_tags": {"difficulty": "easy"}}},
        },
        "event": {"problem_id": "p", "answers": "none"},
    }
    return [json.dumps(check).encode()]


@pytest.mark.parametrize("metric", METRICS, ids=named)
def test_rows_keep_to_the_declared_key_and_nulls(
    metric: Metric, warehouse: duckdb.DuckDBPyConnection
) -> None:
    table = metric.table
    total, *nulls = one_row(
        warehouse, table, *(f"COUNT(*) - COUNT({name})" for name in table.names)
    )
    assert total > 0
    assert {c.name for c, count in zip(table.columns, nulls, strict=True) if count} <= {
        column.name for column in table.columns if column.nullable
    }
    if table.key:
        _total, keys = one_row(warehouse, table, f"COUNT(DISTINCT ({', '.join(table.key)}))")
        assert keys == total


def one_row(
    warehouse: duckdb.DuckDBPyConnection, table: Table, *aggregates: str
) -> tuple[int, ...]:
    """The number of rows, and the aggregates over them."""
    query = f"SELECT {', '.join(('COUNT(*)', *aggregates))} FROM {table.name}"
    (row,) = warehouse.execute(query).fetchall()
    return tuple(row)
