"""Answers to people's SQL over a data folder: all tables of its warehouse, and the events.

DuckDB lets one process write a file, or several read it. So the warehouse is open only while a
statement is answered: a prompt that somebody forgot keeps no update from its work. What a statement
makes (tables, views) is in memory and ends with the session; the warehouse cannot be changed.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb

from insights_pipeline import schema
from insights_pipeline.errors import AlreadyRunning, BadDataFolder, BadOption
from insights_pipeline.metrics import METRICS
from insights_pipeline.warehouse import FILE, events_in, quoted

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from insights_pipeline.resources import Resources

_BATCH = 10_000  # rows
_EVENT_FILES = "events/date=*/*.parquet"


class Answer:
    """What a statement answered with; its rows can be taken once, while the statement lasts."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.columns = [str(name) for name, *_ in connection.description or ()]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows, some thousand at a time in memory."""
        while batch := self._connection.fetchmany(_BATCH):
            yield from batch


class Session:
    """A session on one data folder.

    Args:
        data: the folder.
        resources: memory and processors to use.

    Raises:
        BadDataFolder: it holds no warehouse.
    """

    def __init__(self, data: Path, resources: Resources) -> None:
        self._data, self._path = data, data / FILE
        if not self._path.is_file():
            raise BadDataFolder(
                f"{data} holds no {FILE}: give the folder of an `inv local.update` with --data"
            )
        self._connection = duckdb.connect(
            config={
                "memory_limit": f"{resources.engine_memory // 2**20}MiB",
                "threads": resources.threads,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )

    @contextmanager
    def ask(self, statement: str) -> Generator[Answer]:
        """The answer to one or more statements: the last one's.

        Raises:
            AlreadyRunning: an update is at work on the folder.
            BadDataFolder: the warehouse cannot be read.
            BadOption: the statement is none, or asks for what there is not.
        """
        self._attach()
        try:
            yield Answer(self._connection.execute(statement))
        except duckdb.Error as error:
            raise BadOption(" ".join(str(error).split("\n\n")[0].split())) from None
        finally:
            self._connection.execute("USE memory")
            self._connection.execute("DETACH warehouse")

    def tables(self) -> list[tuple[str, str]]:
        """Each table's name and meaning."""
        meanings = {table.name: table.meaning for table in (schema.EVENTS, *schema.INPUTS)}
        meanings |= {metric.name: metric.table.meaning for metric in METRICS}
        with self.ask("SELECT name FROM (SHOW ALL TABLES) WHERE schema = 'main'") as answer:
            found = {name for (name,) in answer.rows()}
        return sorted((name, meaning) for name, meaning in meanings.items() if name in found)

    def engine(self) -> str:
        """The engine that keeps the folder."""
        with self.ask("SELECT value FROM meta WHERE name = 'engine'") as answer:
            return next((str(value) for (value,) in answer.rows()), "duckdb")

    def _attach(self) -> None:
        try:
            self._connection.execute(f"ATTACH {quoted(str(self._path))} AS warehouse (READ_ONLY)")
        except duckdb.Error as error:
            text = str(error).splitlines()[0]
            if "lock" in text:
                raise AlreadyRunning(
                    f"an update is at work on {self._data}: ask again when it has ended"
                ) from None
            raise BadDataFolder(f"{self._path} cannot be read ({text})") from None
        self._connection.execute("SET search_path = 'memory,warehouse'")
        if any(self._data.glob(_EVENT_FILES)):
            events = events_in(self._connection, f"{self._data}/{_EVENT_FILES}", True)
            self._connection.execute(f"CREATE OR REPLACE VIEW memory.events AS {events}")
