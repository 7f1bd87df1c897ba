"""The embedded pipeline on a site of a test's own: from log lines to tables."""

from __future__ import annotations

import functools
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from analytics_data_api.database import migrate_sqlite
from insights_pipeline import schema
from insights_pipeline.inputs import Inputs
from insights_pipeline.metrics import METRICS
from insights_pipeline.publish.sqlite import SqliteReports
from insights_pipeline.resources import Resources
from insights_pipeline.update import REPORTS_FILE, Update, run_update
from insights_pipeline.warehouse import FILE as WAREHOUSE_FILE

if TYPE_CHECKING:
    from collections.abc import Iterable

    from insights_pipeline.interval import Interval
    from insights_pipeline.runs import RunRecord

Rows = list[tuple[Any, ...]]

SMALL = Resources(memory=2**30, processors=1)


@functools.cache
def empty_reports() -> bytes:
    """A reports database of the Data API's current schema."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / REPORTS_FILE
        migrate_sqlite(path)
        return path.read_bytes()


def provide_reports(path: Path) -> None:
    """What `migrate_sqlite` does for a new path, without a process for each."""
    if not path.exists():
        path.write_bytes(empty_reports())


def reports_in(data: Path) -> SqliteReports:
    """The reports database of a data folder, as quickly as can be."""
    return SqliteReports(data / REPORTS_FILE, provide_reports)


@dataclass(frozen=True)
class Site:
    """A folder with a site's logs (`logs`) and what the pipeline makes of them (`data`)."""

    folder: Path

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def log(self, lines: Iterable[bytes]) -> None:
        """Add lines, given without their ends, to the live log."""
        self.logs.mkdir(parents=True, exist_ok=True)
        with (self.logs / "tracking.log").open("ab") as file:
            file.writelines(line + b"\n" for line in lines)

    def update(self, interval: Interval, inputs: Inputs | None = None, **options: Any) -> RunRecord:
        """Run the pipeline on what is new in the logs.

        Args:
            interval: the dates to cover.
            inputs: what comes in beside the logs.
            options: more of an Update.
        """
        update = Update(self.logs, self.data, interval, inputs or Inputs(), SMALL, **options)
        return run_update(update, reports_in(self.data))

    def reports(self) -> dict[str, Rows]:
        """All reports tables without `id` and `created`, sorted."""
        with closing(sqlite3.connect(self.data / REPORTS_FILE)) as reports:
            return {
                table.name: in_order(
                    reports.execute(f"SELECT {', '.join(table.names)} FROM {table.name}").fetchall()
                )
                for table in schema.REPORTS
            }

    def warehouse(self, *tables: schema.Table) -> dict[str, Rows]:
        """The warehouse's tables, or some of them, sorted."""
        wanted = tables or [metric.table for metric in METRICS]
        with closing(duckdb.connect(str(self.data / WAREHOUSE_FILE), read_only=True)) as warehouse:
            return {
                table.name: in_order(
                    warehouse.execute(
                        f"SELECT {', '.join(table.names)} FROM {table.name}"
                    ).fetchall()
                )
                for table in wanted
            }


def in_order(rows: Iterable[tuple[Any, ...]]) -> Rows:
    """The rows sorted, with None before any other value."""
    return sorted(rows, key=lambda row: [(value is not None, value) for value in row])
