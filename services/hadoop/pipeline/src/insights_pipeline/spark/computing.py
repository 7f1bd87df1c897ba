"""The metrics on Spark: what each day adds, for the days touched; all else anew, from that.

A table whose query and sources are what they were at the last run stands as it is.
"""

from __future__ import annotations

import shutil
from functools import partial
from typing import TYPE_CHECKING

from insights_pipeline import dialects, schema, upkeep
from insights_pipeline.metrics import Added, Appended, Latest, LookedUp, Viewed
from insights_pipeline.spark import sizing
from insights_pipeline.spark.catalog import declared
from insights_pipeline.spark.ingredients import Ingredients
from insights_pipeline.spark.writing import write
from insights_pipeline.warehouse import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

    from insights_pipeline.metrics import Metric
    from insights_pipeline.schema import Table
    from insights_pipeline.spark.home import Plan
    from insights_pipeline.spark.store import Store
    from insights_pipeline.upkeep import Change
    from insights_pipeline.warehouse import Warehouse

_NOW = "now_"
"""Begins the name of a temporary view of a table as it will be after the run."""


class Computing:
    """One run's computation: into the run's folder in the store, and the reports from there."""

    def __init__(
        self,
        session: SparkSession,
        store: Store,
        warehouse: Warehouse,
        change: Change,
        plan: Plan,
        local: Path,
    ) -> None:
        """Begin.

        Args:
            change: what the run adds.
            plan: is told what was written.
            local: the run's folder on this machine.
        """
        self._session, self._store, self._warehouse = session, store, warehouse
        self._change, self._plan, self._local = change, plan, local
        self._unshown: dict[str, Callable[[], None]] = {}
        """What shows a table of which nothing is asked yet, by its name."""

    def begin(self, new_events: Sequence[str]) -> None:
        """Show what the metrics read.

        Args:
            new_events: folders of the store with the run's events, by date.
        """
        self._suit_size()
        self._unshown |= {t.name: partial(self._bring_input, t) for t in schema.INPUTS}
        self._show_touched_events(new_events)
        self._ingredients = Ingredients(self._warehouse, self._change.run, bool(new_events))

    def compute(self, metric: Metric) -> None:
        """Compute a metric; those that it reads come before it."""
        self._session.sparkContext.setJobDescription(metric.name)
        query = dialects.spark(metric, self._change.interval)
        if isinstance(metric.upkeep, Viewed):
            self._plan.views[metric.name] = query
        elif isinstance(metric.upkeep, LookedUp):
            self._look_up(metric)
        elif self._stands(metric, query):
            self._unshown[metric.name] = partial(self._show_as_it_is, metric.table)
        else:
            self._make(metric)
            self._ingredients.made(metric, query)

    def end(self) -> None:
        """Have the next run know what the tables were made of."""
        self._ingredients.keep()

    def _stands(self, metric: Metric, query: str) -> bool:
        return (
            not self._plan.anew
            and metric.name not in self._change.new
            and self._ingredients.are_the_same(metric, query)
            and self._store.exists(metric.name)
        )

    def _make(self, metric: Metric) -> None:
        if isinstance(metric.upkeep, Appended | Added | Latest):
            self._append(metric)
        elif metric.table in schema.HOME:
            self._report(metric)
        else:
            self._write(self._query(metric), metric.name)
            self._bring(metric.name, [metric.name])
            self._show(metric.table, self._staged(metric.table))

    def _suit_size(self) -> None:
        """Set what follows from how much there is."""
        row = self._warehouse.connection.execute("SELECT SUM(bytes_read) FROM ledger.stream")
        ((total,),) = row.fetchall()
        compiled = sizing.is_worth_compiling(total or 0)
        for name, value in {
            "spark.sql.shuffle.partitions": sizing.shuffle_partitions(total or 0),
            "spark.sql.codegen.wholeStage": compiled,
            "spark.sql.codegen.factoryMode": "FALLBACK" if compiled else "NO_CODEGEN",
        }.items():
            self._session.conf.set(name, value)

    def _append(self, metric: Metric) -> None:
        """Compute the touched days, and show them beside all others."""
        name, days = metric.name, self._touched
        if days:
            self._write(self._query(metric), name, "date")
        came = self._bring_days(name)
        frames = []
        if came:
            frames.append(self._staged(metric.table))
        if not self._plan.anew and self._store.exists(name):
            home = self._read(metric.table, [name])
            # Spark looks into no folder of a date that is left out.
            frames.append(home.where(~home.date.isin(days)) if days else home)
        self._show(metric.table, *frames)

    def _report(self, metric: Metric) -> None:
        """Compute a table that is kept at home, and bring what changed into the warehouse."""
        table, name = metric.table, metric.name
        self._write(self._query(metric), name)
        local = self._local / name
        self._store.fetch(f"{self._plan.folder}/{name}", local)
        columns, files = map(_from_spark, table.columns), quoted(f"{local}/*.parquet")
        query = f"SELECT {', '.join(columns)} FROM {files}"
        upkeep.replace(self._warehouse.connection, self._change, metric, query)
        shutil.rmtree(local)
        self._bring(name, [name])
        self._show(table, self._staged(table))

    def _look_up(self, metric: Metric) -> None:
        """Have a table answered at home, of what is at home, and bring it to the store."""
        connection, name = self._warehouse.connection, metric.name
        upkeep.look_up(connection, self._change, metric)
        self._put(metric.table, f"{name}/{name}.parquet")
        self._bring(name, [name])
        self._show(metric.table, self._staged(metric.table))

    def _bring_days(self, name: str) -> set[str]:
        """Have what was written of a table take the place of its days.

        Returns: the days that were written.
        """
        came = self._days_in(f"{self._plan.folder}/{name}")
        before = self._days_in(name) if self._plan.anew else set()
        self._plan.days[name] = sorted(came | before)
        self._bring(name, [f"{name}/date={day}" for day in self._plan.days[name]])
        return came

    def _bring(self, name: str, folders: list[str]) -> None:
        """Have what was written of a table take the place of what is in these folders."""
        for staged in self._store.files(f"{self._plan.folder}/{name}"):
            self._plan.moves[staged] = staged.removeprefix(f"{self._plan.folder}/")
        self._plan.replaced += folders

    def _days_in(self, folder: str) -> set[str]:
        names = self._store.names(folder)
        return {name.removeprefix("date=") for name in names if name.startswith("date=")}

    def _bring_input(self, table: Table) -> None:
        name = f"inputs/{table.name}"
        self._put(table, name)
        self._show(table, self._read(table, [f"{self._plan.folder}/{name}"]))

    def _put(self, table: Table, name: str) -> None:
        """Put what the warehouse has of a table into the run's folder of the store."""
        local = self._local / f"{table.name}.parquet"
        columns = ", ".join(f'"{column}"' for column in table.names)
        self._warehouse.connection.execute(
            f"COPY (SELECT {columns} FROM {table.name}) TO {quoted(str(local))} (FORMAT parquet)"
        )
        self._store.put(local, f"{self._plan.folder}/{name}")

    def _show_touched_events(self, new_events: Sequence[str]) -> None:
        """Show all events of the days that new events are of; of all days for a new table."""
        rows = self._warehouse.connection.execute(
            "SELECT DISTINCT date FROM ledger.part WHERE run = ? OR ? ORDER BY date",
            [self._change.run, bool(self._change.new)],
        )
        self._touched = [day for (day,) in rows.fetchall()]
        days = [str(day) for day in self._touched]
        frames = [self._read(schema.EVENTS, [folder]) for folder in new_events]
        if not self._plan.anew:
            homes = [
                f"events/date={day}" for day in days if self._store.exists(f"events/date={day}")
            ]
            if homes:
                frames.append(self._read(schema.EVENTS, homes, base="events"))
        before = self._days_in("events") if self._plan.anew else set()
        self._plan.days["events"] = sorted(before.union(days))
        self._plan.replaced += [f"events/date={day}" for day in before]
        self._show(schema.EVENTS, *frames)

    def _query(self, metric: Metric) -> DataFrame:
        for name in self._unshown.keys() & metric.reads:
            self._unshown.pop(name)()
        relations = {name: f"{_NOW}{name}" for name in metric.reads}
        return self._session.sql(dialects.spark(metric, self._change.interval, relations))

    def _show_as_it_is(self, table: Table) -> None:
        self._show(table, self._read(table, [table.name]))

    def _staged(self, table: Table) -> DataFrame:
        return self._read(table, [f"{self._plan.folder}/{table.name}"])

    def _read(self, table: Table, names: Sequence[str], base: str | None = None) -> DataFrame:
        reader = self._session.read.schema(declared(table))
        if base:
            reader = reader.option("basePath", self._store.uri(base))
        return reader.parquet(*map(self._store.uri, names)).select(*table.names)

    def _write(self, frame: DataFrame, name: str, *folders: str) -> None:
        write(frame, self._store.uri(f"{self._plan.folder}/{name}"), *folders)

    def _show(self, table: Table, *frames: DataFrame) -> None:
        shown = self._session.createDataFrame([], declared(table)) if not frames else frames[0]
        for frame in frames[1:]:
            shown = shown.unionByName(frame)
        shown.createOrReplaceTempView(f"{_NOW}{table.name}")


def _from_spark(column: schema.Column) -> str:
    if column.type is schema.Type.TIMESTAMP:
        # Spark's are moments, of which DuckDB would ask in which time zone.
        return f'MAKE_TIMESTAMP(EPOCH_US("{column.name}")) AS "{column.name}"'
    return f'"{column.name}"'
