"""Brings the reports database to the warehouse's state, in one transaction.

The newest record of a run that succeeded tells which state of the warehouse the database shows.
Only rows that changed since then are written; where the warehouse was never in that state, because
one of the two was removed or restored, the database is filled anew. A reader sees the run before
or this one.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from insights_pipeline.errors import BadDataFolder
from insights_pipeline.schema import REPORTS, Column, Table, Type
from insights_pipeline.warehouse import FILE, GONE, RUN, no_room

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
            with record.step("publish"):
                since = self._shown(connection, warehouse, record)
                for table in REPORTS:
                    record.rows_written += _bring(connection, warehouse, table, since)
                    (record.rows_by_table[table.name],) = connection.execute(
                        f"SELECT COUNT(*) FROM {table.name}"
                    ).fetchone()
            record.warehouse_id, record.sequence = warehouse.id, warehouse.sequence
            _store(connection, record, "succeeded")
        record.status = "succeeded"

    def note_failure(self, record: RunRecord) -> None:
        """Keep the record of a run that published nothing."""
        with self._transaction() as connection:
            _store(connection, record, "failed")

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
            # A full disk may also keep SQLite from making room in the file that readers share.
            code = getattr(error, "sqlite_errorcode", None)
            if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE):
                raise no_room(self.path.parent) from error
            raise BadDataFolder(
                f"{self.path}: {error}: nothing was published; end what else uses it, check the"
                " disk and run again"
            ) from error

    @staticmethod
    def _shown(
        connection: sqlite3.Connection, warehouse: Warehouse, record: RunRecord
    ) -> int | None:
        """The warehouse's run that the database shows; None, with a note, where that is unknown."""
        shown = connection.execute(
            "SELECT sequence, run_id FROM pipeline_run WHERE status = 'succeeded'"
            " ORDER BY id DESC LIMIT 1"
        ).fetchone()
        if shown is None:
            return None
        if warehouse.made(*shown):
            since = int(shown[0])
            if events := warehouse.events_since(since):
                record.notes.append(
                    f"with {events:,} events of an earlier run that ended before it had published"
                )
            return since
        record.notes.append(
            f"{FILE} is new: all logs were read, and all reports replaced"
            if warehouse.is_new
            else f"the reports were not made from this {FILE}: all of them were replaced"
        )
        return None


def _bring(
    connection: sqlite3.Connection, warehouse: Warehouse, table: Table, since: int | None
) -> int:
    """Write what changed in a table after run `since`; returns how many rows that was."""
    if since is None:
        removed = connection.execute(f"DELETE FROM {table.name}").rowcount
        return max(removed, _insert(connection, warehouse, table, "TRUE"))
    gone = _delete(connection, warehouse, table, f"{table.name}{GONE}", since)
    _delete(connection, warehouse, table, table.name, since)
    return gone + _insert(connection, warehouse, table, f"{RUN} > {since}")


def _delete(
    connection: sqlite3.Connection, warehouse: Warehouse, table: Table, listed: str, since: int
) -> int:
    """Remove the rows whose keys are listed as changed after run `since`."""
    before = connection.total_changes
    same = " AND ".join(f'"{name}" IS ?' for name in table.key)
    keys = [column for column in table.columns if column.name in table.key]
    for rows in _batches(warehouse, listed, keys, f"{RUN} > {since}"):
        connection.executemany(f"DELETE FROM {table.name} WHERE {same}", rows)
    return connection.total_changes - before


def _insert(
    connection: sqlite3.Connection, warehouse: Warehouse, table: Table, condition: str
) -> int:
    before = connection.total_changes
    created = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    columns = [*table.names, "created"]
    names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
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


def _store(connection: sqlite3.Connection, record: RunRecord, status: str) -> None:
    interval, ended = record.interval, datetime.now(UTC)
    row = {
        "run_id": record.run_id,
        "created": ended.strftime("%Y-%m-%d %H:%M:%S"),
        "status": status,
        "started": record.started.strftime("%Y-%m-%d %H:%M:%S"),
        "ended": ended.strftime("%Y-%m-%d %H:%M:%S"),
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
