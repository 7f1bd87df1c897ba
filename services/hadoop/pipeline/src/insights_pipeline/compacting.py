"""Makes one file of a day's events that lie in many, and of its rejects: who follows logs adds one
of each a minute.

The tables stay as they are, and so does what anybody reads of the events.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from insights_pipeline.logs.reader import make_lasting, sync
from insights_pipeline.update import alone
from insights_pipeline.warehouse import (
    event_file,
    open_warehouse,
    quoted,
    told_as_pipeline_errors,
)

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from insights_pipeline.resources import Resources
    from insights_pipeline.warehouse import Warehouse

MANY = 8
"""Files from which on a day's are made one."""
_NAME = "day.parquet"


@dataclass(frozen=True)
class _Day:
    """A day whose events lie in many files; `run` is the newest of the runs that wrote them."""

    date: date
    run: int
    rows: int
    files: list[Path]


def compact(data: Path, resources: Resources, before: date) -> int:
    """Make one file of the events of each day before `before` that has many; returns how many days.

    Likewise of the rejected lines of the runs that ended on such a day. Whatever cuts it short, a
    day's events are all there once, in old files or in the new one; its rejects may be there twice.

    Raises:
        PipelineError: it cannot be done.
    """
    with (
        told_as_pipeline_errors(data),
        alone(data),
        open_warehouse(data, resources.engine_memory, resources.threads) as warehouse,
    ):
        warehouse.check_engine("duckdb")
        warehouse.check_files()
        days = _days(warehouse, before)
        for day in days:
            _compact(warehouse, day)
        _join_rejects(data, before)
    return len(days)


def _days(warehouse: Warehouse, before: date) -> list[_Day]:
    rows = warehouse.connection.execute(
        "SELECT date, SUM(rows), LIST(run ORDER BY run, name), LIST(name ORDER BY run, name)"
        " FROM ledger.part WHERE date < ? GROUP BY date HAVING COUNT(*) >= ? ORDER BY date",
        [before, MANY],
    ).fetchall()
    days = [
        _Day(
            date=day,
            run=runs[-1],
            rows=total,
            files=[
                warehouse.folder / event_file(run, day, name)
                for run, name in zip(runs, names, strict=True)
            ],
        )
        for day, total, runs, names in rows
    ]
    # Where some were removed, by `prune` or by somebody, the others stay as they are.
    return [day for day in days if all(file.exists() for file in day.files)]


def _compact(warehouse: Warehouse, day: _Day) -> None:
    part = warehouse.incoming(f"day-{uuid.uuid4().hex}")
    part.mkdir(parents=True)
    files = ", ".join(quoted(str(file)) for file in day.files)
    warehouse.connection.execute(
        f"COPY (FROM read_parquet([{files}], union_by_name = true, hive_partitioning = false))"
        f" TO {quoted(str(part / _NAME))} (FORMAT parquet, COMPRESSION zstd)"
    )
    make_lasting(part)
    home = warehouse.folder / event_file(day.run, day.date, _NAME)
    # Files that the ledger does not name go when the warehouse is next looked at: up to the commit
    # that is the new one, after it the old ones.
    (part / _NAME).replace(home)
    shutil.rmtree(part)
    sync(home.parent)
    warehouse.replace_parts(day.date, day.run, _NAME, day.rows, home.stat().st_size)
    for file in day.files:
        if file != home:
            file.unlink()


def _join_rejects(data: Path, before: date) -> None:
    """The runs of a day keep what they rejected as that of the last one of them."""
    by_day: dict[date, list[Path]] = defaultdict(list)
    for path in sorted((data / "rejects").glob("run-*.jsonl")):
        by_day[datetime.fromtimestamp(path.stat().st_mtime, UTC).date()].append(path)
    for day, files in by_day.items():
        if day >= before or len(files) < MANY:
            continue
        *others, last = files
        status, part = last.stat(), last.with_name(f".{last.name}.part")
        with part.open("wb") as joined:
            for file in files:
                with file.open("rb") as rows:
                    shutil.copyfileobj(rows, joined)
        os.utime(part, ns=(status.st_atime_ns, status.st_mtime_ns))
        part.replace(last)
        for file in others:
            file.unlink()
