"""The embedded engine's warehouse: a DuckDB file, and events as Parquet beside it.

All that a run changes (ledger, tables, the run counter) is one transaction in `warehouse.duckdb`.
Parquet files of events are written to `incoming/` first, named in that transaction, and moved to
`events/date=…/` after it; a run that finds some still waiting moves them then. So a crash at any
moment leaves the state of before or of after.
"""

from __future__ import annotations

import shutil
import uuid
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import duckdb

from insights_pipeline import schema
from insights_pipeline.errors import BadDataFolder, NoRoom, PipelineError
from insights_pipeline.interval import Interval
from insights_pipeline.logs.ledger import KnownFile, Ledger, Stream
from insights_pipeline.metrics import METRICS, Viewed

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path

    from insights_pipeline.logs.reader import Part

VERSION = 1
RUN = "changed_in"
"""Column of every stored table: the run in which the row last changed."""
GONE = "__gone"
"""Suffix of the tables that hold the keys of report rows that are no more."""

_INPUTS = (schema.AUTH_USERPROFILE, schema.GRADES_PERSISTENTCOURSEGRADE, schema.COURSE_CATALOG)
_REPORTS = {table.name for table in schema.REPORTS}


class Warehouse:
    """An open warehouse.

    Attributes:
        folder: the data folder.
        id: tells this warehouse from any other, also from one in the same folder later.
        sequence: number of the last run that was committed; 0 before the first.
        interval: that run's interval.
    """

    def __init__(self, folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.folder = folder
        self.connection = connection
        meta: dict[str, str] = dict(connection.execute("SELECT name, value FROM meta").fetchall())
        self.id = meta["warehouse_id"]
        self.sequence = int(meta["sequence"])
        self.interval = Interval.parse(meta["interval"]) if "interval" in meta else None

    # --- one run's transaction --------------------------------------------------------------------

    @contextmanager
    def run(self) -> Generator[int]:
        """A transaction around all that a run changes; yields the run's number."""
        self.connection.execute("BEGIN")
        try:
            yield self.sequence + 1
            self.sequence += 1
            self.set_meta("sequence", str(self.sequence))
            self.connection.execute("COMMIT")
        except BaseException:
            # After an error DuckDB may have ended the transaction by itself.
            with _ignore(duckdb.Error):
                self.connection.execute("ROLLBACK")
            raise

    def set_meta(self, name: str, value: str) -> None:
        """Remember a value."""
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [name, value])

    def set_interval(self, interval: Interval) -> None:
        """Remember what the tables cover now."""
        self.set_meta("interval", str(interval))
        self.interval = interval

    # --- ledger -----------------------------------------------------------------------------------

    def known_files(self) -> dict[str, KnownFile]:
        """Every log file of earlier runs, by its path."""
        rows = self.connection.execute("SELECT path, size, mtime_ns, stream FROM ledger.file")
        return {row[0]: KnownFile(*row) for row in rows.fetchall()}

    def streams(self, first_line: bytes) -> list[Stream]:
        """The streams that begin with this line."""
        rows = self.connection.execute(
            "SELECT id, first_line, bytes_read, lines_read, open_line, blocks, tail"
            " FROM ledger.stream WHERE first_line = ?",
            [first_line],
        )
        return [Stream(*row) for row in rows.fetchall()]

    def last_stream(self) -> int:
        """The highest id of a stream; 0 where there is none."""
        return int(self._value("SELECT COALESCE(MAX(id), 0) FROM ledger.stream"))

    def store_ledger(self, ledger: Ledger) -> None:
        """Take in what the ledger noted in this run."""
        for stream in ledger.streams.values():
            self.connection.execute("DELETE FROM ledger.stream WHERE id = ?", [stream.id])
            self.connection.execute(
                "INSERT INTO ledger.stream VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    stream.id,
                    stream.first_line,
                    stream.bytes_read,
                    stream.lines_read,
                    stream.open_line,
                    stream.blocks,
                    stream.tail,
                ],
            )
        for file in ledger.files.values():
            self.connection.execute("DELETE FROM ledger.file WHERE path = ?", [file.path])
            self.connection.execute(
                "INSERT INTO ledger.file VALUES (?, ?, ?, ?)",
                [file.path, file.size, file.mtime_ns, file.stream],
            )

    # --- events -----------------------------------------------------------------------------------

    @property
    def events(self) -> Path:
        """Folder of the events, one folder a UTC date below it."""
        return self.folder / "events"

    def incoming(self, run: int) -> Path:
        """Where the run's files wait for its end."""
        return self.folder / "incoming" / f"run-{run:06}"

    def add_parts(self, run: int, parts: Iterable[Part]) -> None:
        """Name the run's Parquet files as part of the events."""
        rows = [(run, part.date, part.name, part.rows, part.bytes) for part in parts]
        if rows:
            self.connection.executemany("INSERT INTO ledger.part VALUES (?, ?, ?, ?, ?)", rows)

    def bind_new_events(self, run: int, parts: list[Part]) -> None:
        """Make the run's events readable as `new_events`, typed as schema.EVENTS."""
        columns = ", ".join(
            'CAST("time" AS DATE) AS "date"' if name == "date" else f'"{name}"'
            for name in schema.EVENTS.names
        )
        if not parts:
            empty = ", ".join(f'NULL::{c.type} AS "{c.name}"' for c in schema.EVENTS.columns)
            self.connection.execute(
                f"CREATE OR REPLACE TEMP VIEW new_events AS SELECT {empty} WHERE FALSE"
            )
            return
        files = _quoted(str(self.incoming(run) / "*.parquet"))
        self.connection.execute(
            f"CREATE OR REPLACE TEMP VIEW new_events AS SELECT {columns} FROM read_parquet({files})"
        )

    def settle_files(self) -> None:
        """Finish, or undo, what an earlier run left in `incoming/`."""
        for run_folder in sorted((self.folder / "incoming").glob("run-*")):
            run = int(run_folder.name.removeprefix("run-"))
            rows = self.connection.execute(
                "SELECT date, name FROM ledger.part WHERE run = ?", [run]
            ).fetchall()
            for day, name in rows:
                waiting = run_folder / name
                if waiting.exists():
                    home = self.events / f"date={day}"
                    home.mkdir(parents=True, exist_ok=True)
                    waiting.replace(home / f"run-{run:06}-{name}")
            rejects = run_folder / "rejects.jsonl"
            if rejects.exists() and run <= self.sequence:
                (self.folder / "rejects").mkdir(exist_ok=True)
                rejects.replace(self.folder / "rejects" / f"run-{run:06}.jsonl")
            shutil.rmtree(run_folder, ignore_errors=True)

    def missing_parts(self) -> int:
        """How many of the events' files are not where they should be."""
        rows = self.connection.execute("SELECT run, date, name FROM ledger.part").fetchall()
        return sum(
            not (self.events / f"date={day}" / f"run-{run:06}-{name}").exists()
            for run, day, name in rows
        )

    # --- answers ----------------------------------------------------------------------------------

    def rows(self, table: schema.Table) -> list[tuple[Any, ...]]:
        """All rows of a table, in its columns' order."""
        names = ", ".join(f'"{name}"' for name in table.names)
        return self.connection.execute(f"SELECT {names} FROM {table.name}").fetchall()

    def first_event(self) -> date | None:
        """Date of the earliest event that was ever read."""
        found = self._value("SELECT MIN(date) FROM ledger.part")
        return found if isinstance(found, date) else None

    def _value(self, query: str) -> Any:
        row = self.connection.execute(query).fetchone()
        return row[0] if row else None


@contextmanager
def open_warehouse(folder: Path, memory: int, threads: int) -> Generator[Warehouse]:
    """Open the warehouse in `folder`, or make one.

    Args:
        folder: the data folder; made where it is not there.
        memory: bytes that the engine may use.
        threads: how many the engine may use.

    Raises:
        BadDataFolder: the folder belongs to a newer version, or its warehouse is damaged.
        NoRoom: the disk is full.
    """
    path = folder / "warehouse.duckdb"
    is_new = not path.exists()
    with told_as_pipeline_errors(path):
        folder.mkdir(parents=True, exist_ok=True)
        connection = duckdb.connect(
            str(path),
            config={
                "memory_limit": f"{memory // 2**20}MiB",
                "threads": threads,
                "temp_directory": str(folder / "incoming" / "spill"),
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
        try:
            _bring_up_to_date(connection, path)
            warehouse = Warehouse(folder, connection)
            if is_new:
                # Leftovers of a warehouse that was removed belong to nobody.
                shutil.rmtree(folder / "events", ignore_errors=True)
            warehouse.settle_files()
            yield warehouse
        finally:
            connection.close()


def _bring_up_to_date(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    found = connection.execute(
        "SELECT 1 FROM information_schema.tables"
        " WHERE table_schema = 'main' AND table_name = 'meta'"
    ).fetchone()
    if not found:
        _create(connection)
        return
    row = connection.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
    version = int(row[0]) if row else 0
    if version > VERSION:
        raise BadDataFolder(
            f"{path} was written by a newer version (format {version}, this one knows {VERSION}):"
            " upgrade this checkout, or use another --data folder"
        )


def _create(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE meta (name VARCHAR PRIMARY KEY, value VARCHAR NOT NULL)")
    connection.execute("CREATE SCHEMA ledger")
    connection.execute(
        "CREATE TABLE ledger.stream (id BIGINT, first_line BLOB, bytes_read BIGINT,"
        " lines_read BIGINT, open_line BOOLEAN, blocks BLOB, tail BLOB)"
    )
    connection.execute(
        "CREATE TABLE ledger.file (path VARCHAR, size BIGINT, mtime_ns BIGINT, stream BIGINT)"
    )
    connection.execute(
        "CREATE TABLE ledger.part (run BIGINT, date DATE, name VARCHAR, rows BIGINT, bytes BIGINT)"
    )
    connection.execute("CREATE TABLE ledger.input (name VARCHAR PRIMARY KEY, version VARCHAR)")
    for table in _INPUTS:
        connection.execute(f"CREATE TABLE {table.name} ({_columns_of(table)})")
        _describe(connection, table)
    for metric in METRICS:
        if isinstance(metric.upkeep, Viewed):
            continue
        columns = _columns_of(metric.table)
        connection.execute(f"CREATE TABLE {metric.name} ({columns}, {RUN} BIGINT)")
        _describe(connection, metric.table)
        if metric.name in _REPORTS:
            keys = ", ".join(
                f'"{c.name}" {c.type}' for c in metric.table.columns if c.name in metric.table.key
            )
            connection.execute(f"CREATE TABLE {metric.name}{GONE} ({keys}, {RUN} BIGINT)")
    for name, value in (
        ("version", str(VERSION)),
        ("warehouse_id", uuid.uuid4().hex),
        ("sequence", "0"),
        ("created", datetime.now(UTC).isoformat(timespec="seconds")),
    ):
        connection.execute("INSERT INTO meta VALUES (?, ?)", [name, value])
    connection.execute("COMMIT")


def _columns_of(table: schema.Table) -> str:
    return ", ".join(f'"{column.name}" {column.type}' for column in table.columns)


def _describe(connection: duckdb.DuckDBPyConnection, table: schema.Table) -> None:
    connection.execute(f"COMMENT ON TABLE {table.name} IS {_quoted(table.meaning)}")
    for column in table.columns:
        connection.execute(
            f'COMMENT ON COLUMN {table.name}."{column.name}" IS {_quoted(column.meaning)}'
        )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def told_as_pipeline_errors(path: Path) -> Generator[None]:
    """Turn what the engine and the disk report into errors that an operator can mend."""
    try:
        yield
    except PipelineError:
        raise
    except (duckdb.Error, OSError) as error:
        text = str(error).splitlines()[0]
        if "No space left" in text or ("not enough" in text.lower() and "disk" in text.lower()):
            raise NoRoom(
                f"no space left on the disk of {path.parent}: free some and run again;"
                " nothing was published"
            ) from error
        if isinstance(error, duckdb.OutOfMemoryException):
            raise PipelineError(
                f"the run needs more than its memory limit ({text}): raise --memory"
            ) from error
        raise BadDataFolder(f"{path}: {text}") from error


@contextmanager
def _ignore(*errors: type[Exception]) -> Generator[None]:
    try:
        yield
    except errors:
        return
