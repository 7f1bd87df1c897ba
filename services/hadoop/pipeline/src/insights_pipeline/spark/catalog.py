"""The store's tables as a catalog shows them: Hive's metastore, or one that ends with the run.

Each lies at a place of its own, so that dropping one, or losing the metastore, loses no row: one
that is not there is made anew from its files.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from insights_pipeline.metrics import METRICS, Added, Appended, Latest
from insights_pipeline.schema import EVENTS, Column, Table, Type

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyspark.sql import SparkSession

    from insights_pipeline.spark.store import Store

_PARTITIONED = "Partition Columns: [`date`]"
"""What Spark tells of a table that is kept by day."""
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

    @cached_property
    def _by_day(self) -> dict[str, bool]:
        """Of each table that is shown, whether each date is a folder by itself."""
        rows = self._session.sql("SHOW TABLE EXTENDED LIKE '*'").collect()
        return {
            row.tableName: _PARTITIONED in row.information for row in rows if not row.isTemporary
        }

    def show(self, table: Table, days: Iterable[str] = (), anew: bool = False) -> None:
        """Show what the store has of the table by now.

        Args:
            table: any that lies in the store.
            days: dates that came or changed, of a table that is kept by day.
            anew: whether any other date may be gone.
        """
        name, by_day = table.name, is_kept_by_day(table)
        # An earlier version may have kept it otherwise.
        if name in self._by_day and (anew or self._by_day[name] != by_day):
            self._do(f"DROP TABLE {name}")
            del self._by_day[name]
        if name not in self._by_day:
            self._make(table)
            self._by_day[name] = by_day
        elif by_day and (changed := list(days)):
            there = set(self._store.names(name))
            came = [_partition(day) for day in changed if f"date={day}" in there]
            gone = [_partition(day) for day in changed if f"date={day}" not in there]
            if came:
                self._do(f"ALTER TABLE {name} ADD IF NOT EXISTS {' '.join(came)}")
            if gone:
                self._do(f"ALTER TABLE {name} DROP IF EXISTS {', '.join(gone)}")

    def show_view(self, table: Table, query: str) -> None:
        """Show a query as a view."""
        columns = ", ".join(f"`{c.name}` COMMENT {quoted(c.meaning)}" for c in table.columns)
        self._do(
            f"CREATE OR REPLACE VIEW {table.name} ({columns}) COMMENT {quoted(table.meaning)}"
            f" AS {query}"
        )

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
