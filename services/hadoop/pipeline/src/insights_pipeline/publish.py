"""Brings the reports database to the warehouse's state, in one transaction.

The database holds, in its newest run record, the warehouse and the run that it shows. Only rows
that changed since then are written; a database that shows another warehouse, or none, is filled
anew. A reader sees the run before or this one.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from insights_pipeline.errors import BadDataFolder, NoRoom
from insights_pipeline.schema import REPORTS, Column, Table, Type
from insights_pipeline.warehouse import GONE, RUN

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator
    from pathlib import Path

    from insights_pipeline.runs import RunRecord
    from insights_pipeline.warehouse import Warehouse

_BATCH = 10_000  # rows
_WAIT = 60  # seconds for a reader or a backup that holds the database


class SqliteReports:
    """The reports database of a site on one machine; its schema is the Data API's."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def publish(self, warehouse: Warehouse, record: RunRecord) -> None:
        """Show the warehouse's state, and the record of the run that made it.

        Raises:
            BadDataFolder: the database cannot be written or lacks a table.
            NoRoom: the disk is full.
        """
        with self._transaction() as connection:
            since = self._shown(connection, warehouse)
            for table in REPORTS:
                record.rows_written += _bring(connection, warehouse, table, since)
                (record.rows_by_table[table.name],) = connection.execute(
                    f"SELECT COUNT(*) FROM {table.name}"
                ).fetchone()
            record.status, record.ended = "succeeded", datetime.now(UTC)
            record.warehouse_id, record.sequence = warehouse.id, warehouse.sequence
            _store(connection, record)

    def note_failure(self, record: RunRecord) -> None:
        """Keep the record of a run that published nothing."""
        with self._transaction() as connection:
            _store(connection, record)

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection]:
        try:
            with closing(
                sqlite3.connect(f"file:{self.path}?mode=rw", uri=True, timeout=_WAIT)
            ) as connection:
                connection.isolation_level = None
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            if "full" in str(error):
                raise NoRoom(
                    f"no space left on the disk of {self.path}: free some and run again;"
                    " nothing was published"
                ) from error
            raise BadDataFolder(f"{self.path}: {error}") from error

    @staticmethod
    def _shown(connection: sqlite3.Connection, warehouse: Warehouse) -> int | None:
        """The warehouse's run that the database shows, or None."""
        row = connection.execute(
            "SELECT warehouse_id, sequence FROM pipeline_run WHERE status = 'succeeded'"
            " ORDER BY id DESC LIMIT 1"
        ).fetchone()
        if row and row[0] == warehouse.id and row[1] <= warehouse.sequence:
            return int(row[1])
        return None


def _bring(
    connection: sqlite3.Connection, warehouse: Warehouse, table: Table, since: int | None
) -> int:
    """Write what changed in a table after run `since`; returns how many rows that was."""
    before = connection.total_changes
    created = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    columns = [*table.names, "created"]
    names = ", ".join(f'"{name}"' for name in columns)
    marks = ", ".join("?" * len(columns))
    delete = f"DELETE FROM {table.name}"
    condition = "TRUE"
    if since is None:
        connection.execute(delete)
    else:
        condition = f"{RUN} > {since}"
        same = " AND ".join(f'"{name}" IS ?' for name in table.key)
        keys = [column for column in table.columns if column.name in table.key]
        for name in (f"{table.name}{GONE}", table.name):
            for rows in _batches(warehouse, name, keys, condition):
                connection.executemany(f"{delete} WHERE {same}", rows)
    for rows in _batches(warehouse, table.name, table.columns, condition):
        connection.executemany(
            f"INSERT INTO {table.name} ({names}) VALUES ({marks})",
            [(*row, created) for row in rows],
        )
    return connection.total_changes - before


def _batches(
    warehouse: Warehouse, name: str, columns: Iterable[Column], condition: str
) -> Iterator[list[tuple[Any, ...]]]:
    cursor = warehouse.connection.cursor()
    cursor.execute(f"SELECT {', '.join(map(_as_sqlite, columns))} FROM {name} WHERE {condition}")
    while rows := cursor.fetchmany(_BATCH):
        yield rows


def _as_sqlite(column: Column) -> str:
    match column.type:
        case Type.DATE:
            return f"STRFTIME(\"{column.name}\", '%Y-%m-%d')"
        case Type.TIMESTAMP:
            return f"STRFTIME(\"{column.name}\", '%Y-%m-%d %H:%M:%S')"
        case _:
            return f'"{column.name}"'


def _store(connection: sqlite3.Connection, record: RunRecord) -> None:
    interval = record.interval
    row = {
        "run_id": record.run_id,
        "created": datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S"),
        "status": record.status,
        "started": record.started.strftime("%Y-%m-%d %H:%M:%S"),
        "ended": (record.ended or datetime.now(UTC)).strftime("%Y-%m-%d %H:%M:%S"),
        "interval_start": interval and interval.start.isoformat(),
        "interval_end": interval and interval.end.isoformat(),
        "engine": record.engine,
        "version": record.version,
        "files": record.files,
        "bytes": record.bytes,
        "lines": record.lines,
        "events": record.events,
        "rejected": record.rejected,
        "late_events": record.late_events,
        "warehouse_id": record.warehouse_id,
        "sequence": record.sequence,
        "error": record.error,
        "rejects_by_reason": json.dumps(record.rejects_by_reason),
        "rows_by_table": json.dumps(record.rows_by_table),
        "seconds_by_step": json.dumps(record.seconds_by_step),
        "notes": json.dumps(record.notes),
    }
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    connection.execute(f"INSERT INTO pipeline_run ({names}) VALUES ({marks})", [*row.values()])
