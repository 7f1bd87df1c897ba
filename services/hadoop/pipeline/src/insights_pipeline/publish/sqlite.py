"""The reports database of a site on one machine: a SQLite file."""

from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from insights_pipeline.errors import BadDataFolder
from insights_pipeline.publish.reports import Reports
from insights_pipeline.warehouse import no_room

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

_WAIT = 60  # seconds for a reader or a backup that holds the database


class SqliteReports(Reports):
    """A SQLite file, in the folder of the warehouse.

    Args:
        path: of the file; made where it is not there.
        migrate: brings the file at a path to the Data API's current schema.
    """

    def __init__(self, path: Path, migrate: Callable[[Path], None]) -> None:
        self.path = path
        self.place = str(path)
        self._migrate = migrate

    def open(self) -> None:
        """Make or migrate the file. Raises what `migrate` raises."""
        self._migrate(self.path)

    @contextmanager
    def transaction(self) -> Generator[_Transaction]:
        """A transaction on the file.

        Raises:
            BadDataFolder: it cannot be written or lacks a table.
            NoRoom: the disk is full.
        """
        try:
            with closing(
                sqlite3.connect(f"file:{self.path}?mode=rw", uri=True, timeout=_WAIT)
            ) as connection:
                connection.isolation_level = None
                connection.execute("BEGIN IMMEDIATE")
                yield _Transaction(connection)
                connection.execute("COMMIT")
                # Who copies the file has all of it, whatever readers keep it open.
                connection.execute("PRAGMA wal_checkpoint")
        except sqlite3.Error as error:
            # A full disk may also keep SQLite from making room in the file that readers share.
            code = getattr(error, "sqlite_errorcode", None)
            if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE):
                raise no_room(self.path.parent) from error
            raise BadDataFolder(
                f"{self.path}: {error}: nothing was published; end what else uses it, check the"
                " disk and run again"
            ) from error


class _Transaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def row(self, query: str) -> Sequence[Any] | None:
        row: tuple[Any, ...] | None = self._connection.execute(query).fetchone()
        return row

    def clear(self, table: str) -> int:
        return self._connection.execute(f"DELETE FROM {table}").rowcount

    def delete(self, table: str, keys: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
        same = " AND ".join(f'"{key}" IS ?' for key in keys)
        return self._change(f"DELETE FROM {table} WHERE {same}", rows)

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
        names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
        return self._change(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)

    def update(self, table: str, row: int, column: str, value: Any) -> None:
        self._connection.execute(f'UPDATE {table} SET "{column}" = ? WHERE id = ?', [value, row])

    def _change(self, statement: str, rows: Sequence[Sequence[Any]]) -> int:
        before = self._connection.total_changes
        self._connection.executemany(statement, rows)
        return self._connection.total_changes - before
