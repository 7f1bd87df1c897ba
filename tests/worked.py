"""Worked examples: what the metrics make of a handful of events, in an engine of their own."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import duckdb

from embedded import Rows, in_order
from insights_pipeline import schema
from insights_pipeline.interval import Interval
from insights_pipeline.metrics import METRICS, Metric

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Event = dict[str, Any]

COURSE = "course-v1:edX+DemoX+2014"
WEEK = Interval(date(2014, 7, 21), date(2014, 7, 28))  # a Monday, and the next
_METRICS = {metric.name: metric for metric in METRICS}


def event(time: str, event_type: str, user: int | None = 1, **fields: Any) -> Event:
    """A row of the events table; `time` is in July 2014, as in "21 10:00"."""
    moment = datetime.fromisoformat(f"2014-07-{time}")
    payload = json.dumps(fields.pop("payload")) if "payload" in fields else None
    row = {
        "time": moment,
        "date": moment.date(),
        "event_type": event_type,
        "event_source": "browser",
        "user_id": user,
        "course_id": COURSE,
        "payload": payload,
    }
    return row | fields


def compute(
    table: schema.Table,
    events: Iterable[Event],
    *,
    interval: Interval = WEEK,
    inputs: Mapping[schema.Table, Rows] | None = None,
) -> Rows:
    """The table's rows, sorted, from events and rows of the inputs beside them.

    Among the inputs may be tables that metrics fill, in place of what they would fill in. What the
    rows of an input lack of its last columns is NULL.
    """
    return compute_all([table], events, interval=interval, inputs=inputs)[table]


def compute_all(
    tables: Iterable[schema.Table],
    events: Iterable[Event],
    *,
    interval: Interval = WEEK,
    inputs: Mapping[schema.Table, Rows] | None = None,
) -> dict[schema.Table, Rows]:
    """Several tables' rows, as `compute` has them."""
    tables = list(tables)
    given: dict[schema.Table, Rows] = {
        **{table: [] for table in schema.INPUTS},
        schema.EVENTS: [tuple(map(event.get, schema.EVENTS.names)) for event in events],
        **(inputs or {}),
    }
    needed = dict.fromkeys(metric for table in tables for metric in _needed_for(table.name))
    with closing(duckdb.connect()) as connection:
        for source, rows in given.items():
            columns = ", ".join(f"{column.name} {column.type}" for column in source.columns)
            connection.execute(f"CREATE TABLE {source.name} ({columns})")
            if rows:
                marks = ", ".join("?" * len(source.columns))
                nulls = (None,) * len(source.columns)
                connection.executemany(
                    f"INSERT INTO {source.name} VALUES ({marks})",
                    [(*row, *nulls[len(row) :]) for row in rows],
                )
        for metric in needed:
            if metric.table in given:
                continue
            connection.execute(f"CREATE TABLE {metric.name} AS {metric.query(interval)}")
        return {
            table: in_order(connection.execute(f"FROM {table.name}").fetchall()) for table in tables
        }


def _needed_for(name: str) -> list[Metric]:
    """The metric of that name, after those that it reads."""
    metric = _METRICS.get(name)
    if metric is None:
        return []
    needed = [before for source in metric.reads for before in _needed_for(source)]
    return [*dict.fromkeys(needed), metric]
