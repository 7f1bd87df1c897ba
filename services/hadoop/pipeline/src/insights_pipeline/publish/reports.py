"""What is written, whatever the database is.

The newest record of a run that succeeded tells which state of the warehouse the database shows.
Only rows that changed since then are written; where the warehouse was never in that state, because
one of the two was removed or restored, the database is filled anew. A reader sees the run before
or this one.

One data folder may publish to several databases: each of them says by itself what it lacks.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from insights_pipeline.runs import moment
from insights_pipeline.schema import REPORTS, Column, Table, Type
from insights_pipeline.schema.columns import GONE, RUN
from insights_pipeline.warehouse import FILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from insights_pipeline.runs import RunRecord
    from insights_pipeline.warehouse import Warehouse

_BATCH = 10_000  # rows
PARTIAL_RUNS = 100
"""So many records are kept of runs that held their last day in part: a site that follows its logs
has one a minute."""


class Transaction(Protocol):
    """A transaction on the reports database: committed at its end, or nothing is."""

    def row(self, query: str) -> Sequence[Any] | None:
        """The first row that a query answers with."""

    def clear(self, table: str) -> int:
        """Remove all rows; returns how many."""

    def delete(self, table: str, keys: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
        """Remove the rows with these keys, where None equals None; returns how many."""

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
        """Add rows; returns how many."""

    def update(self, table: str, row: int, column: str, value: Any) -> None:
        """Change a value of the row that has this id."""


class Reports(ABC):
    """A reports database; its schema is the Data API's."""

    place: str
    """What people call it."""

    @abstractmethod
    def open(self) -> None:
        """Make sure that it can be published to, before anything is read.

        Raises:
            PipelineError: it cannot.
        """

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Transaction]:
        """A transaction of the only one who publishes.

        Raises:
            PipelineError: the database cannot be used, or was lost; nothing has changed.
        """

    def publish(self, warehouse: Warehouse, record: RunRecord) -> None:
        """Show the warehouse's state, and the record of the run that made it.

        Raises:
            PipelineError: nothing was published.
        """
        with self.transaction() as transaction:
            with record.step("publish"):
                since = _shown(transaction, warehouse, record)
                for table in REPORTS:
                    record.rows_written += bring(transaction, warehouse, table, since)
                    (rows,) = transaction.row(f"SELECT COUNT(*) FROM {table.name}") or (0,)
                    record.rows_by_table[table.name] = rows
            record.warehouse_id, record.sequence = warehouse.id, warehouse.sequence
            _store(transaction, record, "succeeded")
            _drop_old_partial_runs(transaction)
        record.status = "succeeded"

    def note_failure(self, record: RunRecord) -> None:
        """Keep the record of a run that published nothing."""
        with self.transaction() as transaction:
            _store(transaction, record, "failed")


def _shown(transaction: Transaction, warehouse: Warehouse, record: RunRecord) -> int | None:
    """The warehouse's run that the database shows; None, with a note, where that is unknown."""
    shown = transaction.row(
        "SELECT sequence, run_id FROM pipeline_run WHERE status = 'succeeded'"
        " ORDER BY id DESC LIMIT 1"
    )
    if shown is None:
        return None
    since, run_id = shown
    if warehouse.made(since, run_id):
        if events := warehouse.events_since(since):
            record.notes.append(
                f"with {events:,} events of earlier runs that were not published here"
            )
        return int(since)
    record.notes.append(
        f"{FILE} is new: all logs were read, and all reports replaced"
        if warehouse.is_new
        else f"the reports were not made from this {FILE}: all of them were replaced"
    )
    return None


def bring(transaction: Transaction, warehouse: Warehouse, table: Table, since: int | None) -> int:
    """Write what changed in a table after run `since`; returns how many rows that was."""
    if since is None:
        removed = transaction.clear(table.name)
        return max(removed, _insert(transaction, warehouse, table, "TRUE"))
    gone = _delete(transaction, warehouse, table, f"{table.name}{GONE}", since)
    _delete(transaction, warehouse, table, table.name, since)
    return gone + _insert(transaction, warehouse, table, f"{RUN} > {since}")


def date_anew(transaction: Transaction) -> None:
    """Say that what the newest run published is no longer what it was: answers of it are stale."""
    if newest := transaction.row(
        "SELECT id FROM pipeline_run WHERE status = 'succeeded' ORDER BY id DESC LIMIT 1"
    ):
        transaction.update("pipeline_run", newest[0], "created", moment(datetime.now(UTC)))


def _delete(
    transaction: Transaction, warehouse: Warehouse, table: Table, listed: str, since: int
) -> int:
    """Remove the rows whose keys are listed as changed after run `since`."""
    keys = [column for column in table.columns if column.name in table.handle]
    names = [column.name for column in keys]
    handles = f"SELECT DISTINCT {', '.join(names)} FROM {listed} WHERE {RUN} > {since}"
    batches = _batches(warehouse, f"({handles})", keys, "TRUE")
    return sum(transaction.delete(table.name, names, rows) for rows in batches)


def _insert(transaction: Transaction, warehouse: Warehouse, table: Table, condition: str) -> int:
    created = moment(datetime.now(UTC))
    columns = [*table.names, "created"]
    return sum(
        transaction.insert(table.name, columns, [(*row, created) for row in rows])
        for rows in _batches(warehouse, table.name, table.columns, condition)
    )


def _batches(
    warehouse: Warehouse, name: str, columns: Iterable[Column], condition: str
) -> Iterator[list[tuple[Any, ...]]]:
    cursor = warehouse.connection.cursor()
    cursor.execute(f"SELECT {', '.join(map(_as_stored, columns))} FROM {name} WHERE {condition}")
    while rows := cursor.fetchmany(_BATCH):
        yield rows


def _as_stored(column: Column) -> str:
    match column.type:
        case Type.DATE:
            return f"STRFTIME(\"{column.name}\", '%Y-%m-%d')"
        case Type.TIMESTAMP:
            return f"STRFTIME(\"{column.name}\", '%Y-%m-%d %H:%M:%S')"
        case _:
            return f'"{column.name}"'


def _store(transaction: Transaction, record: RunRecord, status: str) -> None:
    row = record.as_row() | {"status": status}
    transaction.insert("pipeline_run", [*row], [[*row.values()]])


def _drop_old_partial_runs(transaction: Transaction) -> None:
    """Remove records of runs whose interval ended after the day on which they began."""
    beyond = (
        "SELECT id FROM pipeline_run WHERE status = 'succeeded' AND interval_end > DATE(started)"
        f" ORDER BY id DESC LIMIT 1 OFFSET {PARTIAL_RUNS}"
    )
    while found := transaction.row(beyond):
        transaction.delete("pipeline_run", ["id"], [found])
