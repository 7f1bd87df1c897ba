"""The pipeline's run records, as the reports database keeps them."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasks.lib.errors import OperatorError

if TYPE_CHECKING:
    from pathlib import Path

REPORTS_FILE = "reports.sqlite3"


@dataclass(frozen=True)
class Run:
    """A row of the table pipeline_run; times are UTC."""

    status: str
    started: str
    ended: str
    interval: str
    files: int
    lines: int
    events: int
    rejected: int
    late_events: int
    error: str | None
    seconds_by_step: dict[str, float]
    notes: list[str]


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
            connection.row_factory = sqlite3.Row
            rows = connection.execute(
                "SELECT * FROM pipeline_run ORDER BY id DESC LIMIT ?", [limit]
            ).fetchall()
    except sqlite3.Error as error:
        raise OperatorError(f"{path} cannot be read: {error}") from error
    return [_run(row) for row in rows]


def show(runs: list[Run]) -> None:
    """Print the runs as a table, then what the newest one noted."""
    from rich.console import Console
    from rich.table import Table

    if not runs:
        print("no run yet")
        return
    table = Table(title="Pipeline runs (UTC), newest first", title_justify="left")
    for name in ("started", "status", "data"):
        table.add_column(name, no_wrap=True)
    for name in ("files", "lines", "events", "rejected", "late", "seconds"):
        table.add_column(name, justify="right")
    for run in runs:
        numbers = (run.files, run.lines, run.events, run.rejected, run.late_events)
        table.add_row(
            run.started,
            run.status,
            run.interval,
            *(f"{number:,}" for number in numbers),
            f"{sum(run.seconds_by_step.values()):,.1f}",
        )
    console = Console()
    console.print(table)
    newest = runs[0]
    for note in ([newest.error] if newest.error else []) + newest.notes:
        console.print(note, markup=False, highlight=False)


def _run(row: sqlite3.Row) -> Run:
    def loaded(name: str) -> Any:
        return json.loads(row[name])

    interval = f"{row['interval_start']}:{row['interval_end']}" if row["interval_end"] else ""
    return Run(
        status=row["status"],
        started=row["started"],
        ended=row["ended"],
        interval=interval,
        files=row["files"],
        lines=row["lines"],
        events=row["events"],
        rejected=row["rejected"],
        late_events=row["late_events"],
        error=row["error"],
        seconds_by_step=loaded("seconds_by_step"),
        notes=loaded("notes"),
    )
