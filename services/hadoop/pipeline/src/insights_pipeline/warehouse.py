"""The embedded engine's warehouse: a DuckDB file, and events as Parquet beside it.

All that a run changes (ledger, tables, the run counter) is one transaction in `warehouse.duckdb`.
Parquet files of events are written to a folder of the run's own in `incoming/` first, named in that
transaction, and moved to `events/date=…/` after it; a run that finds some still waiting moves them
then. So a crash at any moment leaves the state of before or of after.
"""

from __future__ import annotations

import errno
import shutil
import uuid
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from insights_pipeline import schema
from insights_pipeline.errors import BadDataFolder, NoRoom, PipelineError
from insights_pipeline.interval import Interval
from insights_pipeline.logs.ledger import KnownFile, Ledger, Stream
from insights_pipeline.logs.reader import make_lasting
from insights_pipeline.metrics import METRICS, Viewed
from insights_pipeline.schema.columns import GONE, RUN

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from pathlib import Path

    from insights_pipeline.logs.reader import Part

FILE = "warehouse.duckdb"
VERSION = 2
"""Of what is kept. Events of version 1 lack what answers are counted from."""
PRUNED = "pruned_before"
"""Name of the value that says of which days events were removed: those before it."""

_INTERVAL, _WHOLE_BEFORE = "interval", "whole_before"
_HOME = {table.name for table in schema.HOME}


class Warehouse:
    """An open warehouse.

    Attributes:
        folder: the data folder.
        id: tells this warehouse from any other, also from one in the same folder later.
        sequence: number of the last run that was committed; 0 before the first.
        interval: that run's interval.
        is_new: whether no run was committed before it was opened.
        engine: that keeps its tables.
        new_tables: inside a run, the metrics' tables that no run before it knew.
        notes: what an operator should know of how it was opened.
    """

    def __init__(self, folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self.folder = folder
        self.connection = connection
        meta: dict[str, str] = dict(connection.execute("SELECT name, value FROM meta").fetchall())
        self.id = meta["warehouse_id"]
        self.sequence = int(meta["sequence"])
        self.interval = _interval_of(meta)
        self.is_new = self.sequence == 0
        self._engine = meta.get("engine")
        self.engine = self._engine or "duckdb"
        self._pruned_before = meta.get(PRUNED, "")
        self.new_tables: frozenset[str] = frozenset()
        self.notes: list[str] = []

    def check_engine(self, engine: str) -> None:
        """Make sure that no other engine keeps its tables here.

        Raises:
            BadDataFolder: one does.
        """
        found = self._engine or (engine if self.is_new else "duckdb")
        if found != engine:
            raise BadDataFolder(
                f"{self.folder} is kept by the engine {found}: name another data folder for"
                f" {engine}, or run {found}"
            )

    def use(self, memory: int, threads: int) -> None:
        """Let the engine use so many bytes and threads from here on."""
        self.connection.execute(f"SET memory_limit = '{memory // 2**20}MiB'")
        self.connection.execute(f"SET threads = {threads}")

    # --- one run's transaction --------------------------------------------------------------------

    @contextmanager
    def run(self, run_id: str) -> Generator[int]:
        """A transaction around all that the run `run_id` changes; yields the run's number."""
        number = self.sequence + 1
        self.connection.execute("BEGIN")
        try:
            self.new_tables = _provide_tables(self.connection)
            yield number
            self.connection.execute("INSERT INTO ledger.run VALUES (?, ?)", [number, run_id])
            self.set_meta("sequence", str(number))
            self.connection.execute("COMMIT")
            self.sequence = number
        except BaseException:
            # After an error DuckDB may have ended the transaction by itself.
            with suppress(duckdb.Error):
                self.connection.execute("ROLLBACK")
            with suppress(duckdb.Error, OSError):
                self.settle_files()
            raise

    def made(self, run: int, run_id: str) -> bool:
        """Whether `run_id` is this warehouse's run of that number.

        It is not after a restore that went behind it, even if later runs took its number again.
        """
        row = self._value(f"SELECT run_id FROM ledger.run WHERE run = {run}")
        return bool(row == run_id)

    def events_since(self, run: int) -> int:
        """How many events the runs after `run` brought, without the newest one."""
        return int(
            self._value(
                "SELECT COALESCE(SUM(rows), 0) FROM ledger.part"
                f" WHERE run > {run} AND run < {self.sequence}"
            )
        )

    def set_meta(self, name: str, value: str) -> None:
        """Remember a value."""
        self.connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", [name, value])

    def set_interval(self, interval: Interval) -> None:
        """Remember what the tables cover now."""
        self.set_meta(_INTERVAL, str(interval))
        self.set_meta(_WHOLE_BEFORE, str(interval.whole_before))
        self.interval = interval

    # --- ledger -----------------------------------------------------------------------------------

    def known_files(self) -> dict[str, KnownFile]:
        """Every log file of earlier runs, by its path."""
        rows = self.connection.execute("SELECT path, size, mtime_ns, stream FROM ledger.file")
        return {row[0]: KnownFile(*row) for row in rows.fetchall()}

    def streams(self, first_line: bytes) -> list[Stream]:
        """The streams that begin with this line."""
        rows = self.connection.execute(
            "SELECT id, first_line, bytes_read, lines_read, open_line, blocks, tail, head"
            " FROM ledger.stream WHERE first_line = ?",
            [first_line],
        )
        return [Stream(*row) for row in rows.fetchall()]

    def last_stream(self) -> int:
        """The highest id of a stream; 0 where there is none."""
        return int(self._value("SELECT COALESCE(MAX(id), 0) FROM ledger.stream"))

    def store_ledger(self, ledger: Ledger) -> None:
        """Take in what the ledger noted in this run."""
        self._replace("ledger.stream", "id", ledger.streams.values())
        self._replace("ledger.file", "path", ledger.files.values())

    def _replace(self, table: str, key: str, rows: Iterable[Stream | KnownFile]) -> None:
        """Put rows, fields named as the table's columns, in place of those with the same key."""
        fields = [vars(row) for row in rows]
        if fields:
            # One statement for all: a thousand small ones take a second.
            fresh = pa.Table.from_pylist(fields)
            self.connection.register("fresh", fresh)
            self.connection.execute(f"DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM fresh)")
            self.connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM fresh")
            self.connection.unregister("fresh")

    # --- events -----------------------------------------------------------------------------------

    @property
    def events(self) -> Path:
        """Folder of the events, one folder a UTC date below it."""
        return self.folder / "events"

    def incoming(self, run_id: str) -> Path:
        """Where the run's files wait for its end.

        No other run writes there, not even the orphaned workers of one that was killed.
        """
        return self.folder / "incoming" / run_id

    def name_parts(self, run: int, parts: Iterable[Part]) -> bool:
        """Name the run's files as part of the events; returns whether there are any."""
        rows = [{"run": run, **vars(part)} for part in parts]
        if rows:
            self.connection.register("fresh", pa.Table.from_pylist(rows))
            self.connection.execute("INSERT INTO ledger.part BY NAME SELECT * FROM fresh")
            self.connection.unregister("fresh")
        return bool(rows)

    def replace_parts(self, day: date, run: int, name: str, rows: int, size: int) -> None:
        """Name one file as all of a day's events, in a transaction of its own.

        Args:
            run: the newest of those that brought them.
            size: bytes.
        """
        self.connection.execute("BEGIN")
        self.connection.execute("DELETE FROM ledger.part WHERE date = ?", [day])
        self.connection.execute(
            "INSERT INTO ledger.part BY NAME"
            " SELECT ? AS run, ? AS date, ? AS name, ? AS rows, ? AS bytes",
            [run, day, name, rows, size],
        )
        self.connection.execute("COMMIT")

    def add_parts(self, run: int, incoming: Path, parts: Iterable[Part]) -> None:
        """Name the run's Parquet files as part of the events, and make them readable.

        They are bound as `new_events`, typed as schema.EVENTS; for new tables, `events` are all.
        """
        if self.name_parts(run, parts):
            make_lasting(incoming)
            new = events_in(self.connection, f"{incoming}/*.parquet")
        else:
            columns = ", ".join(f'NULL::{c.type} AS "{c.name}"' for c in schema.EVENTS.columns)
            new = f"SELECT {columns} WHERE FALSE"
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW new_events AS {new}")
        ever = "FROM new_events"
        if self.new_tables and any(self.events.glob("date=*/*.parquet")):
            ever += f" UNION ALL {events_in(self.connection, f'{self.events}/date=*/*.parquet')}"
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW events AS {ever}")

    def settle_files(self) -> None:
        """Finish what committed runs left in `incoming/`, and undo what others did."""
        for folder in (self.folder / "incoming").glob("*"):
            run = self.connection.execute(
                "SELECT run FROM ledger.run WHERE run_id = ?", [folder.name]
            ).fetchone()
            if run:
                self._bring_home(folder, *run)
            shutil.rmtree(folder, ignore_errors=True)

    def _bring_home(self, incoming: Path, run: int) -> None:
        parts = self.connection.execute("SELECT date, name FROM ledger.part WHERE run = ?", [run])
        for day, name in parts.fetchall():
            if (incoming / name).exists():
                home = self.folder / event_file(run, day, name)
                home.parent.mkdir(parents=True, exist_ok=True)
                (incoming / name).replace(home)
        rejects = incoming / "rejects.jsonl"
        if rejects.exists():
            rejects_file(self.folder, run).parent.mkdir(exist_ok=True)
            rejects.replace(rejects_file(self.folder, run))

    def check_files(self) -> int:
        """Remove events and rejects that are not this warehouse's; returns how many it misses.

        Both come from folders that were restored, or removed, one without the other.
        """
        rows = self.connection.execute("SELECT run, date, name FROM ledger.part").fetchall()
        named = {event_file(run, day, name) for run, day, name in rows}
        found = {
            str(path.relative_to(self.folder)) for path in self.events.glob("date=*/run-*.parquet")
        }
        for stray in found - named:
            (self.folder / stray).unlink()
        for rejects in (self.folder / "rejects").glob("run-*.jsonl"):
            if rejects.name > rejects_file(self.folder, self.sequence).name:
                rejects.unlink()
        kept = {
            event_file(run, day, name) for run, day, name in rows if str(day) >= self._pruned_before
        }
        return len(kept - found)

    # --- answers ----------------------------------------------------------------------------------

    def rows(self, table: schema.Table) -> list[tuple[Any, ...]]:
        """All rows of a table, in its columns' order."""
        names = ", ".join(f'"{name}"' for name in table.names)
        return self.connection.execute(f"SELECT {names} FROM {table.name}").fetchall()

    def first_event(self) -> date | None:
        """Date of the earliest event that was ever read."""
        found = self._value("SELECT MIN(date) FROM ledger.part")
        return found if isinstance(found, date) else None

    def newest_event(self, up_to: date) -> date | None:
        """Date of the latest event up to that date; a clock that is ahead may tell later ones."""
        found = self._value(f"SELECT MAX(date) FROM ledger.part WHERE date <= DATE '{up_to}'")
        return found if isinstance(found, date) else None

    def _value(self, query: str) -> Any:
        row = self.connection.execute(query).fetchone()
        return row[0] if row else None


def _interval_of(meta: dict[str, str]) -> Interval | None:
    """What the last run's tables cover, and which of that was not over; older ones do not tell."""
    if _INTERVAL not in meta:
        return None
    whole_before = date.fromisoformat(meta.get(_WHOLE_BEFORE, str(date.max)))
    return replace(Interval.parse(meta[_INTERVAL]), whole_before=whole_before)


def rejects_file(folder: Path, run: int) -> Path:
    """The lines that a run rejected: JSON lines of file, line (from 1), reason and text."""
    return folder / "rejects" / f"run-{run:06}.jsonl"


def event_file(run: int, day: date, name: str) -> str:
    """Where an event file of a committed run lies, below the data folder or in the store."""
    return f"events/date={day}/run-{run:06}-{name}"


def events_in(
    connection: duckdb.DuckDBPyConnection, files: str, dates_are_folders: bool = False
) -> str:
    """A query over files of events; NULL where an older version did not keep a column.

    Args:
        connection: to look at the files with.
        files: a pattern.
        dates_are_folders: whether the files lie in a folder a date, so that a condition on `date`
            spares the reading of all others.
    """
    source = (
        f"read_parquet({quoted(files)}, union_by_name = true,"
        f" hive_partitioning = {dates_are_folders})"
    )
    described = connection.execute(f"DESCRIBE FROM {source}").fetchall()
    kept = {name for name, *_ in described}
    columns = ", ".join(
        f'CAST("{"date" if dates_are_folders else "time"}" AS DATE) AS "date"'
        if column.name == "date"
        else f'"{column.name}"'
        if column.name in kept
        else f'NULL::{column.type} AS "{column.name}"'
        for column in schema.EVENTS.columns
    )
    return f"SELECT {columns} FROM {source}"


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
    path = folder / FILE
    with told_as_pipeline_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            # What a warehouse that was removed had not yet written into its file.
            path.with_name(f"{FILE}.wal").unlink(missing_ok=True)
        shutil.rmtree(_spill(folder), ignore_errors=True)
        with closing(_connect(path, memory, threads)) as connection:
            outdated = _is_outdated(connection, path)
        if outdated:
            discard(folder)
        with closing(_connect(path, memory, threads)) as connection:
            if _is_empty(connection):
                _create(connection)
            warehouse = Warehouse(folder, connection)
            if outdated:
                warehouse.notes.append(f"{FILE} was of an older version: all logs were read anew")
            warehouse.settle_files()
            yield warehouse


def discard(folder: Path) -> None:
    """Forget what earlier runs read; the next one removes their events, and reads all logs anew."""
    (folder / FILE).unlink(missing_ok=True)


def _connect(path: Path, memory: int, threads: int) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(
            str(path),
            config={
                "memory_limit": f"{memory // 2**20}MiB",
                "threads": threads,
                "temp_directory": str(_spill(path.parent)),
                "preserve_insertion_order": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            },
        )
    except duckdb.Error as error:
        text = str(error).splitlines()[0]
        if "No space left" in text:
            raise
        raise BadDataFolder(
            f"{path} cannot be opened ({text}): close what else uses it; where it is damaged,"
            " restore it, or move it away and all logs are read anew"
        ) from error


def _spill(folder: Path) -> Path:
    return folder / "spill"


def _is_empty(connection: duckdb.DuckDBPyConnection) -> bool:
    tables = connection.execute(
        "SELECT 1 FROM information_schema.tables"
        " WHERE table_schema = 'main' AND table_name = 'meta'"
    )
    return tables.fetchone() is None


def _is_outdated(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    """Whether an older version wrote the warehouse, so that what it keeps is not enough."""
    if _is_empty(connection):
        return False
    row = connection.execute("SELECT value FROM meta WHERE name = 'version'").fetchone()
    version = int(row[0]) if row else 0
    if version > VERSION:
        raise BadDataFolder(
            f"{path} was written by a newer version (format {version}, this one knows {VERSION}):"
            " upgrade this checkout, or use another --data folder"
        )
    return version < VERSION


def _create(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE meta (name VARCHAR PRIMARY KEY, value VARCHAR NOT NULL)")
    connection.execute("CREATE SCHEMA ledger")
    connection.execute(
        "CREATE TABLE ledger.stream (id BIGINT, first_line BLOB, bytes_read BIGINT,"
        " lines_read BIGINT, open_line BOOLEAN, blocks BLOB, tail BLOB, head BLOB)"
    )
    connection.execute(
        "CREATE TABLE ledger.file (path VARCHAR, size BIGINT, mtime_ns BIGINT, stream BIGINT)"
    )
    connection.execute(
        "CREATE TABLE ledger.part (run BIGINT, date DATE, name VARCHAR, rows BIGINT, bytes BIGINT)"
    )
    connection.execute("CREATE TABLE ledger.run (run BIGINT, run_id VARCHAR)")
    connection.execute(
        "CREATE TABLE ledger.input"
        " (name VARCHAR PRIMARY KEY, version VARCHAR, seen DATE, notes VARCHAR)"
    )
    for name, value in (
        ("version", str(VERSION)),
        ("warehouse_id", uuid.uuid4().hex),
        ("sequence", "0"),
        ("created", datetime.now(UTC).isoformat(timespec="seconds")),
    ):
        connection.execute("INSERT INTO meta VALUES (?, ?)", [name, value])
    connection.execute("COMMIT")


def _provide_tables(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """Make tables and columns what is declared; returns the names of those to be filled anew.

    In a new warehouse all tables; after an upgrade those that came with it, or have other columns.
    """
    found: dict[str, list[str]] = {}
    for name, column in connection.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'main'"
    ).fetchall():
        found.setdefault(name, []).append(column)
    for table in schema.INPUTS:
        if table.name not in found:
            connection.execute(f"CREATE TABLE {table.name} ({_columns_of(table)})")
            describe(connection, table)
        elif _alter(connection, table, found[table.name]):
            # What a new column holds is in a source that is left alone while it stays the same.
            connection.execute("UPDATE ledger.input SET version = '' WHERE name = ?", [table.name])
    new = set()
    for table in (metric.table for metric in METRICS if not isinstance(metric.upkeep, Viewed)):
        there = found.get(table.name, [])
        if {*there} == {*table.names, RUN}:
            continue
        new.add(table.name)
        if there and table.name in _HOME:
            # Which rows are published is known by what is in it.
            _alter(connection, table, [name for name in there if name != RUN])
            continue
        columns = _columns_of(table)
        connection.execute(f"CREATE OR REPLACE TABLE {table.name} ({columns}, {RUN} BIGINT)")
        describe(connection, table)
        if table.name in _HOME:
            keys = ", ".join(
                f'"{c.name}" {c.type}' for c in table.columns if c.name in table.handle
            )
            connection.execute(f"CREATE TABLE {table.name}{GONE} ({keys}, {RUN} BIGINT)")
    return frozenset(new)


def _alter(connection: duckdb.DuckDBPyConnection, table: schema.Table, there: list[str]) -> bool:
    """Give a table the columns that are declared; returns whether it lacked any."""
    lacking = [column for column in table.columns if column.name not in there]
    for column in lacking:
        added = f'"{column.name}" {column.type}'
        connection.execute(f"ALTER TABLE {table.name} ADD COLUMN {added}")
    for name in set(there).difference(table.names):
        connection.execute(f'ALTER TABLE {table.name} DROP COLUMN "{name}"')
    if lacking:
        describe(connection, table)
    return bool(lacking)


def _columns_of(table: schema.Table) -> str:
    return ", ".join(f'"{column.name}" {column.type}' for column in table.columns)


def describe(connection: duckdb.DuckDBPyConnection, table: schema.Table) -> None:
    """Let the table and its columns say what they mean."""
    connection.execute(f"COMMENT ON TABLE {table.name} IS {quoted(table.meaning)}")
    for column in table.columns:
        connection.execute(
            f'COMMENT ON COLUMN {table.name}."{column.name}" IS {quoted(column.meaning)}'
        )


def quoted(text: str) -> str:
    """The text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"


@contextmanager
def told_as_pipeline_errors(folder: Path) -> Generator[None]:
    """Turn what the engine and the disk report into errors that an operator can mend.

    Args:
        folder: the data folder.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise no_room(folder) from error
        place, reason = error.filename or folder, error.strerror or str(error)
        raise BadDataFolder(
            f"{place}: {reason}: check that it exists and that you may read and write it"
        ) from error
    except duckdb.Error as error:
        # Spilling ends, by default, where the disk does.
        if "No space left" in str(error) or "max_temp_directory_size" in str(error):
            raise no_room(folder) from error
        text = str(error).splitlines()[0]
        if isinstance(error, duckdb.OutOfMemoryException):
            raise PipelineError(
                f"the run needs more than its memory limit ({text}): raise --memory"
            ) from error
        if isinstance(error, duckdb.IOException) or "magic bytes" in text:  # of no Parquet file
            raise BadDataFolder(f"{folder}: {text}: check the disk and run again") from error
        raise
    except RuntimeError as error:
        if str(error) == "Query interrupted":  # what DuckDB makes of Ctrl-C
            raise KeyboardInterrupt from error
        raise


def no_room(folder: Path) -> NoRoom:
    """The disk that holds the data folder is full."""
    return NoRoom(
        f"no space left on the disk of {folder}: free some and run again; nothing was published"
    )
