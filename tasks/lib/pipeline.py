"""Runs the embedded pipeline under the console's eyes."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from analytics_data_api.database import migrate_sqlite
from insights_pipeline.update import REPORTS_FILE, Update, run_update
from insights_pipeline.warehouse import rejects_file
from tasks.lib import console

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from insights_pipeline.runs import RunRecord


def run(update: Update) -> RunRecord:
    """Do the update and show its progress.

    Raises:
        PipelineError, ReportsDatabaseError: it could not be done.
    """
    with _Shown() as progress:
        return run_update(update, migrate_sqlite, progress)


def describe(record: RunRecord, data: Path) -> Iterator[str]:
    """The run, which was published in the data folder, in a few lines."""
    yield (
        f"{record.files:,} files with something new, {record.bytes / 1e6:,.1f} MB:"
        f" {record.lines:,} lines = {record.events:,} events + {record.rejected:,} rejects"
    )
    if record.rejected:
        reasons = ", ".join(f"{n:,} {why}" for why, n in record.rejects_by_reason.most_common())
        yield f"rejects: {reasons}; listed in {rejects_file(data, record.sequence)}"
    if record.late_events:
        yield f"{record.late_events:,} events were late: their days were published before"
    yield from record.notes
    rows = sum(record.rows_by_table.values())
    yield (
        f"{record.interval} published in {data / REPORTS_FILE}: {rows:,} rows in"
        f" {len(record.rows_by_table)} tables, {record.rows_written:,} rows changed"
    )


class _Shown:
    """A run's progress, one bar or line a step."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._step: console.Progress | None = None

    def __enter__(self) -> _Shown:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    def step(self, name: str) -> None:
        """Begin to show a step."""
        self._stack.close()
        self._step = self._stack.enter_context(console.progress(name))

    def advance(self, done: int, total: int) -> None:
        """Show how far the step is."""
        if self._step:
            self._step.update(done, total)
