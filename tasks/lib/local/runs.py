"""The pipeline's run records, as the reports database keeps them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass, fields
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from tasks.lib.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

REPORTS_FILE = "reports.sqlite3"


@dataclass(frozen=True)
class Run:
    """A row of the table pipeline_run; `started` is in UTC."""

    status: str
    started: str
    interval_start: str | None
    interval_end: str | None
    files: int
    lines: int
    events: int
    rejected: int
    late_events: int
    error: str | None
    seconds_by_step: dict[str, float]
    rejects_by_reason: dict[str, int]
    notes: list[str]

    @property
    def so_far(self) -> str | None:
        """The day that had not ended when the run began, where the run covers it."""
        day = self.started.partition(" ")[0]
        return day if self.interval_end and self.interval_end > day else None

    @property
    def until(self) -> str:
        """The last day that it covers, and whether that is so far; empty if it covers none."""
        if not self.interval_end:
            return ""
        day = date.fromisoformat(self.interval_end) - timedelta(days=1)
        return f"{day} so far" if self.so_far else str(day)


_COLUMNS = tuple(field.name for field in fields(Run))
_JSON = ("seconds_by_step", "rejects_by_reason", "notes")


def last_runs(data: Path, limit: int) -> list[Run]:
    """The newest runs of a data folder, newest first.

    Raises:
        OperatorError: there is no reports database, or it cannot be read.
    """
    path = data / REPORTS_FILE
    if not path.is_file():
        raise OperatorError(
            f"no {REPORTS_FILE} in {data}: run `inv local.update` or `inv demo` first, or name"
            " another folder with --data"
        )
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            rows = connection.execute(
                f"SELECT {', '.join(_COLUMNS)} FROM pipeline_run ORDER BY id DESC LIMIT ?", [limit]
            ).fetchall()
    except sqlite3.Error as error:
        raise OperatorError(
            f"{path} cannot be read ({error}): is it the reports database of local.update?"
        ) from error
    return [_run(row) for row in rows]


def from_json(text: str) -> Run:
    """A run from one JSON object of its fields, as MariaDB makes it.

    What is JSON within a column may come as such, or as a text of it.
    """
    return from_row(json.loads(text))


def from_row(row: Mapping[str, Any]) -> Run:
    """A run from a row of the table, of which it takes what it has a field for."""
    values = {name: row[name] for name in _COLUMNS}
    for name in _JSON:
        if isinstance(values[name], str):
            values[name] = json.loads(values[name])
    return Run(**values)


def as_json(runs: list[Run]) -> str:
    """The runs for programs: a JSON list of objects."""
    return json.dumps([asdict(run) for run in runs], indent=2)


def show(runs: list[Run]) -> None:
    """Print the runs as a table, then more about the newest one."""
    from rich.console import Console
    from rich.table import Table

    screen = Console(highlight=False, markup=False)
    if not runs:
        screen.print("no run yet")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("started (UTC)", "status", "data until"):
        table.add_column(name, no_wrap=True)
    for name in ("lines", "rejects", "late", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    for run in runs:
        table.add_row(
            run.started.rpartition(":")[0],
            run.status,
            run.until,
            *(f"{number:,}" for number in (run.lines, run.rejected, run.late_events)),
            f"{sum(run.seconds_by_step.values()):,.1f}",
        )
    screen.print(table)
    screen.print()
    for line in describe(runs[0]):
        screen.print(line, soft_wrap=True)


def describe(run: Run) -> Iterator[str]:
    """One run in a few lines."""
    if run.error:
        yield f"Failed: {run.error}"
    if run.interval_start:
        today = f"; {run.so_far} so far" if run.so_far else ""
        yield (
            f"Covers {run.interval_start}:{run.interval_end}"
            f" (UTC dates, the second exclusive{today})"
        )
    lines = f"{run.lines:,} lines = {run.events:,} events + {run.rejected:,} rejects"
    yield f"{run.files:,} files: {lines}"
    if run.rejects_by_reason:
        yield "Rejects: " + ", ".join(f"{n:,} {why}" for why, n in run.rejects_by_reason.items())
    yield "Seconds: " + ", ".join(f"{n:,.1f} {step}" for step, n in run.seconds_by_step.items())
    yield from run.notes


def _run(row: tuple[Any, ...]) -> Run:
    return from_row(dict(zip(_COLUMNS, row, strict=True)))
