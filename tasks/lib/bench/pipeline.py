"""`inv bench.pipeline`: the embedded engine against a bare scan, and a new day against history.

Each measurement runs in a fresh process that starts its clock after its imports.
"""

from __future__ import annotations

import shutil
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tasks.lib.bench.measuring import Cost, apart, measured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from insights_pipeline.sample import Sample

DAYS = 90
REPEATS = 5
LEAST_SCAN_SHARE = 0.06
MOST_DAY_RATIO = 1.5
MOST_MEMORY = 2 * 2**30  # bytes
_SCANNED = ("time", "event_type", "event_source", "username", "ip", "context", "event")


def measure(megabytes: int) -> Iterator[str]:
    """Measure, and yield a line for each result as it comes."""
    with TemporaryDirectory(prefix="bench-pipeline-") as folder:
        yield from _measure(Path(folder), megabytes)


def _measure(folder: Path, megabytes: int) -> Iterator[str]:
    sample = _write_sample(folder / "sample", megabytes)
    history, last_day = folder / "history", folder / "last-day"
    size = _split(sample.logs, history, last_day)
    yield f"{size / 1e6:,.0f} MB of plain log, {DAYS} days; {_size(last_day) / 1e6:,.1f} MB a day"

    scan = apart(scan_bare, history)
    yield f"bare DuckDB scan        {scan.seconds:7.2f} s  {size / scan.seconds / 1e6:7,.0f} MB/s"
    base = folder / "base"
    first, steps = apart(update, history, base, sample)
    without = first.seconds - steps["files"]
    yield (
        f"first update            {first.seconds:7.2f} s  {size / first.seconds / 1e6:7,.0f} MB/s"
        f"  {scan.seconds / first.seconds:.3f} of the scan's speed"
    )
    yield (
        f"  without its CSV files {without:7.2f} s  {size / without / 1e6:7,.0f} MB/s"
        f"  {scan.seconds / without:.3f} of it (wanted: at least {LEAST_SCAN_SHARE})"
    )
    told = ", ".join(f"{seconds:.1f} {step}" for step, seconds in steps.items() if seconds >= 0.05)
    yield f"  seconds of its steps  {told}"
    yield (
        f"  its peak memory       {first.memory / 1e6:7,.0f} MB"
        f" (wanted: at most {MOST_MEMORY / 1e6:,.0f} MB)"
    )

    shutil.copytree(last_day, history, dirs_exist_ok=True)
    pairs = [_time_day(folder, base, history, last_day, sample) for _ in range(REPEATS)]
    on_top, alone = (statistics.median(times) for times in zip(*pairs, strict=True))
    yield f"a new day on {DAYS} days    {on_top:7.2f} s"
    yield (
        f"that day alone          {alone:7.2f} s"
        f"  ratio {on_top / alone:.2f} (wanted: at most {MOST_DAY_RATIO})"
    )

    yield _measure_one_big_file(folder, history, sample)


def _measure_one_big_file(folder: Path, history: Path, sample: Sample) -> str:
    from insights_pipeline.resources import LEAST

    one_file = folder / "one-file"
    one_file.mkdir()
    with (one_file / "tracking.log").open("wb") as whole:
        for path in sorted(history.rglob("tracking.log*")):
            with path.open("rb") as part:
                shutil.copyfileobj(part, whole)
    size = _size(one_file)
    cost, _ = apart(update, one_file, folder / "bounded", sample, LEAST)
    verdict = "" if size > LEAST else " (give more --megabytes: the file is within the limit)"
    return (
        f"one file of {size / 1e6:,.0f} MB with --memory {LEAST // 2**20}MiB: {cost.seconds:.2f} s,"
        f" peak {cost.memory / 1e6:,.0f} MB, {cost.memory / LEAST:.2f} of the limit{verdict}"
    )


def scan_bare(logs: Path) -> Cost:
    """Read seven columns of every line and do nothing with them."""
    import duckdb

    columns = ", ".join(f"{name}: 'VARCHAR'" for name in _SCANNED)
    counts = ", ".join(f"COUNT({name})" for name in _SCANNED)
    connection = duckdb.connect()
    with measured() as cost:
        connection.execute(
            f"SELECT {counts} FROM read_json('{logs}/**/*.log*', columns={{{columns}}},"
            " format='newline_delimited', ignore_errors=true)"
        ).fetchall()
    return cost()


def update(
    logs: Path, data: Path, sample: Sample, memory: int | None = None
) -> tuple[Cost, dict[str, float]]:
    """Run an update of all tables; what it took, and seconds by step."""
    from dataclasses import replace

    from analytics_data_api.database import migrate_sqlite
    from insights_pipeline.inputs import Inputs
    from insights_pipeline.interval import Interval
    from insights_pipeline.publish.sqlite import SqliteReports
    from insights_pipeline.resources import Resources
    from insights_pipeline.update import REPORTS_FILE, Update, run_update

    resources = Resources.default()
    if memory:
        resources = replace(resources, memory=memory)
    job = Update(logs, data, Interval(*sample.interval), Inputs(**sample.inputs), resources)
    with measured() as cost:
        record = run_update(job, SqliteReports(data / REPORTS_FILE, migrate_sqlite))
    return cost(), record.seconds_by_step


def _time_day(
    folder: Path, base: Path, history: Path, last_day: Path, sample: Sample
) -> tuple[float, float]:
    """Seconds for the last day on top of `base`, and for it alone."""
    on_top, alone = folder / "on-top", folder / "alone"
    shutil.copytree(base, on_top)
    (more, _), (only, _) = (
        apart(update, history, on_top, sample),
        apart(update, last_day, alone, sample),
    )
    shutil.rmtree(on_top)
    shutil.rmtree(alone)
    return more.seconds, only.seconds


def _write_sample(out: Path, megabytes: int) -> Sample:
    from dataclasses import replace

    from insights_pipeline.sample import options_for_size, write_sample
    from tasks.lib import console

    options = replace(options_for_size(megabytes, DAYS + 1), compress=False)
    with console.progress("sample logs") as progress:
        return write_sample(out, options, progress.update)


def _split(logs: Path, history: Path, last_day: Path) -> int:
    """Give the last day's live logs a folder of their own; returns the history's bytes."""
    shutil.move(logs, history)
    for path in sorted(history.rglob("tracking.log")):
        target = last_day / path.relative_to(history)
        target.parent.mkdir(parents=True)
        path.rename(target)
    return _size(history)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
