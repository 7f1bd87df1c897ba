"""Removes events, rejected lines and records of runs that are older than a site keeps them.

The tables stay, with what each day added to them: so numbers stay, and late events still count.
What can no longer be made from the removed days are tables that a later version brings; only a new
data folder, for which the original logs are read, has them. On a cluster, where a day's tables are
made from all events of that day, nothing is removed.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from insights_pipeline.errors import BadDataFolder
from insights_pipeline.runs import moment
from insights_pipeline.update import alone
from insights_pipeline.warehouse import (
    FILE,
    PRUNED,
    open_warehouse,
    rejects_file,
    told_as_pipeline_errors,
)

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import date
    from pathlib import Path

    from insights_pipeline.publish.reports import Reports
    from insights_pipeline.resources import Resources
    from insights_pipeline.warehouse import Warehouse


@dataclass(frozen=True)
class Old:
    """What is older than the days that are kept.

    Attributes:
        before: the first day whose events are kept.
        events: files with events of days before.
        runs: numbers of runs whose rejected lines are as old.
        bytes: what all these files take.
    """

    before: date
    events: tuple[Path, ...]
    runs: tuple[int, ...]
    bytes: int

    def __bool__(self) -> bool:
        return bool(self.events or self.runs)

    def __str__(self) -> str:
        return (
            f"{len(self.events):,} files of events before {self.before} and the rejected lines of"
            f" {len(self.runs):,} runs, {self.bytes / 1e6:,.1f} MB"
        )


COST = (
    "numbers stay, and late events still count; but a table that a later version brings will lack"
    " these days, unless all original logs are read anew, into a new data folder"
)


def find(data: Path, days: int, resources: Resources) -> Old:
    """What of a data folder is older than `days` before the end of what its tables cover.

    Raises:
        PipelineError: it cannot be looked at.
    """
    if not (data / FILE).is_file():
        raise BadDataFolder(f"{data} holds no {FILE}: name the folder of an update with --data")
    with _opened(data, resources) as warehouse:
        return _find(warehouse, days)


def prune(data: Path, days: int, reports: Reports, resources: Resources) -> Old:
    """Remove it, and the records of runs that began more than `days` ago but the last good one.

    Raises:
        PipelineError: it cannot be done; do it again.
    """
    with _opened(data, resources) as warehouse:
        old = _find(warehouse, days)
        # First, so that no run takes for lost what is removed here.
        warehouse.set_meta(PRUNED, str(old.before))
        for path in old.events:
            path.unlink(missing_ok=True)
            if not any(path.parent.iterdir()):
                path.parent.rmdir()
        for run in old.runs:
            rejects_file(data, run).unlink(missing_ok=True)
    _prune_records(reports, days)
    return old


@contextmanager
def _opened(data: Path, resources: Resources) -> Generator[Warehouse]:
    with (
        told_as_pipeline_errors(data),
        alone(data),
        open_warehouse(data, resources.engine_memory, resources.threads) as warehouse,
    ):
        warehouse.check_engine("duckdb")
        yield warehouse


def _find(warehouse: Warehouse, days: int) -> Old:
    if warehouse.interval is None:
        raise BadDataFolder(f"{warehouse.folder} holds no run that succeeded: nothing is old yet")
    before = warehouse.interval.end - timedelta(days=days)
    folders = sorted(warehouse.events.glob("date=*"))
    events = tuple(
        path
        for folder in folders
        if folder.name < f"date={before}"
        for path in sorted(folder.glob("run-*.parquet"))
    )
    oldest = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    rejects = [
        path
        for path in sorted((warehouse.folder / "rejects").glob("run-*.jsonl"))
        if path.stat().st_mtime < oldest
    ]
    runs = tuple(int(path.stem.removeprefix("run-")) for path in rejects)
    size = sum(path.stat().st_size for path in (*events, *rejects))
    return Old(before, events, runs, size)


def _prune_records(reports: Reports, days: int) -> None:
    oldest = moment(datetime.now(UTC) - timedelta(days=days))
    query = (
        f"SELECT id FROM pipeline_run WHERE started < '{oldest}' AND id <> COALESCE((SELECT last"
        " FROM (SELECT MAX(id) AS last FROM pipeline_run WHERE status = 'succeeded') AS good), 0)"
    )
    with reports.transaction() as transaction:
        while found := transaction.row(f"{query} LIMIT 1"):
            transaction.delete("pipeline_run", ["id"], [found])
