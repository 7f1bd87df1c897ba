"""The store's tables as a catalog shows them: Hive's metastore, or one that ends with the run.

Each lies at a place of its own, so that dropping one, or losing the metastore, loses no row: one
that is not there is made anew from its files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from insights_pipeline.metrics import METRICS, Added, Appended, Latest
from insights_pipeline.schema import EVENTS, Column, Table, Type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyspark.sql import SparkSession

    from insights_pipeline.spark.store import Store

_BY_DAY = {
    EVENTS.name,
    *(metric.name for metric in METRICS if isinstance(metric.upkeep, Appended | Added | Latest)),
}


def is_kept_by_day(table: Table) -> bool:
    """Whether each date of the table is a folder by itself: those of which few change in a run.

    What is computed anew each time is not: a file for each date of years would be written for it.
    """
    return table.name in _BY_DAY


def declared(table: Table, comments: bool = False) -> str:
    """The table's columns in Spark's words."""
    return ", ".join(
        f"`{column.name}` {_type(column)}"
        + (f" COMMENT {quoted(column.meaning)}" if comments else "")
        for column in table.columns
    )


def quoted(text: str) -> str:
    """A text as Spark's SQL has it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _type(column: Column) -> str:
    return "STRING" if column.type is Type.TEXT else str(column.type)


class Catalog:
    """A database of the catalog that the session uses."""

    def __init__(self, session: SparkSession, store: Store, database: str) -> None:
        self._session, self._store = session, store
        session.sql(f"CREATE DATABASE IF NOT EXISTS `{database}`")
        session.sql(f"USE `{database}`")

    def show(self, table: Table, days: Iterable[str] = (), anew: bool = False) -> None:
        """Show what the store has of the table by now.

        Args:
            table: any that lies in the store.
            days: dates that came or changed, of a table that is kept by day.
            anew: whether any other date may be gone.
        """
        if anew or self._is_shown_otherwise(table):
            self._do(f"DROP TABLE IF EXISTS {table.name}")
        if not self._session.catalog.tableExists(table.name):
            self._make(table)
        elif is_kept_by_day(table):
            there = set(self._store.names(table.name))
            came = [_partition(day) for day in days if f"date={day}" in there]
            gone = [_partition(day) for day in days if f"date={day}" not in there]
            if came:
                self._do(f"ALTER TABLE {table.name} ADD IF NOT EXISTS {' '.join(came)}")
            if gone:
                self._do(f"ALTER TABLE {table.name} DROP IF EXISTS {', '.join(gone)}")

    def show_view(self, table: Table, query: str) -> None:
        """Show a query as a view."""
        columns = ", ".join(f"`{c.name}` COMMENT {quoted(c.meaning)}" for c in table.columns)
        self._do(
            f"CREATE OR REPLACE VIEW {table.name} ({columns}) COMMENT {quoted(table.meaning)}"
            f" AS {query}"
        )

    def _is_shown_otherwise(self, table: Table) -> bool:
        """Whether an earlier version kept it by day, or did not."""
        catalog = self._session.catalog
        if not catalog.tableExists(table.name):
            return False
        by_day = any(column.isPartition for column in catalog.listColumns(table.name))
        return by_day != is_kept_by_day(table)

    def _make(self, table: Table) -> None:
        self._store.make(table.name)
        by_day = is_kept_by_day(table)
        self._do(
            f"CREATE TABLE {table.name} ({declared(table, comments=True)}) USING PARQUET"
            + (" PARTITIONED BY (`date`)" if by_day else "")
            + f" COMMENT {quoted(table.meaning)} LOCATION {quoted(self._store.uri(table.name))}"
        )
        if by_day:
            self._do(f"MSCK REPAIR TABLE {table.name}")

    def _do(self, statement: str) -> None:
        self._session.sql(statement)


def _partition(day: str) -> str:
    return f"PARTITION (`date` = DATE '{day}')"
