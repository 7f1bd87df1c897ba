"""`inv bench.engines`: DuckDB against Spark on the same logs, at growing sizes.

Both run on this machine's processors alone: Spark as one process with its tables in a folder, so
that what is compared is the engines, and not HDFS or a network. Each run is a first update, in a
fresh process; the memory is that of all processes together.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tasks.lib.bench.measuring import Cost, apart, measured
from tasks.lib.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from insights_pipeline.sample import Sample

DAYS = 30
ENGINES = ("duckdb", "spark")
_MEMORY = 3 * 2**30  # bytes for a run of either engine
_GIGABYTE = 10**9


@dataclass(frozen=True)
class Line:
    """Seconds of a run as a straight line over the size of the logs.

    Attributes:
        start: seconds that a run takes whatever there is to do.
        slope: seconds for each byte of plain log.
    """

    start: float
    slope: float

    @classmethod
    def through(cls, sizes: Sequence[float], seconds: Sequence[float]) -> Line:
        """The line that fits best, by least squares."""
        mean_size, mean_seconds = sum(sizes) / len(sizes), sum(seconds) / len(seconds)
        spread = sum((size - mean_size) ** 2 for size in sizes)
        pairs = zip(sizes, seconds, strict=True)
        slope = sum((x - mean_size) * (y - mean_seconds) for x, y in pairs) / spread
        return cls(mean_seconds - slope * mean_size, slope)

    def at(self, size: float) -> float:
        """Seconds for so many bytes."""
        return self.start + self.slope * size

    def overtakes(self, other: Line) -> float | None:
        """From how many bytes on this line is the lower one; None where it never is."""
        if self.slope >= other.slope:
            return 0.0 if self.start < other.start and self.slope == other.slope else None
        return max((self.start - other.start) / (other.slope - self.slope), 0.0)


def measure(megabytes: Sequence[int], processors: int | None = None) -> Iterator[str]:
    """Measure, and yield a line for each result as it comes.

    Args:
        megabytes: sizes of the logs, in 10^6 bytes.
        processors: how many each engine uses; all by default.

    Raises:
        OperatorError: there is no Java, or there are less than two sizes.
    """
    if shutil.which("java") is None:
        raise OperatorError("bench.engines needs Java 17: install it")
    if len(set(megabytes)) < 2:
        raise OperatorError("bench.engines: give two or more sizes, such as --sizes 25,50", 2)
    cores = processors or len(os.sched_getaffinity(0))
    yield f"{cores} processors, {_MEMORY / 2**30:.0f} GiB of memory for a run of either engine"
    yield "plain log   engine   seconds     MB/s  peak memory  seconds a GB  duckdb/spark"
    sizes: list[int] = []
    costs: dict[str, list[Cost]] = {engine: [] for engine in ENGINES}
    steps: dict[str, dict[str, float]] = {}
    for wanted in sorted(set(megabytes)):
        with TemporaryDirectory(prefix="bench-engines-") as folder:
            sample = _write_sample(Path(folder, "sample"), wanted)
            size = sum(path.stat().st_size for path in sample.logs.rglob("*") if path.is_file())
            sizes.append(size)
            for engine in ENGINES:
                cost, steps[engine] = apart(update, engine, Path(folder, engine), sample, cores)
                costs[engine].append(cost)
            ratio = costs["duckdb"][-1].seconds / costs["spark"][-1].seconds
            for engine in ENGINES:
                cost = costs[engine][-1]
                yield (
                    f"{size / 1e6:6,.0f} MB   {engine:6}  {cost.seconds:8.1f}"
                    f"  {size / cost.seconds / 1e6:7.1f}  {cost.memory / 1e6:8,.0f} MB"
                    f"  {cost.seconds * _GIGABYTE / size:12.0f}"
                    + (f"  {ratio:12.2f}" if engine == "spark" else "")
                )
    lines = {
        engine: Line.through(sizes, [cost.seconds for cost in costs[engine]]) for engine in ENGINES
    }
    for engine, line in lines.items():
        yield (
            f"{engine}: {line.start:.1f} s to begin with, and {line.slope * _GIGABYTE:.0f} s a GB"
        )
        told = ", ".join(f"{seconds:.1f} {step}" for step, seconds in steps[engine].items())
        yield f"  seconds of its steps at {sizes[-1] / 1e6:,.0f} MB: {told}"
    crossing = lines["spark"].overtakes(lines["duckdb"])
    yield (
        "Spark does not overtake DuckDB on this machine"
        if crossing is None
        else f"Spark overtakes DuckDB at {crossing / _GIGABYTE:,.1f} GB on this machine"
    )


def update(
    engine: str, data: Path, sample: Sample, processors: int
) -> tuple[Cost, dict[str, float]]:
    """Run a first update on an engine; what it took, and seconds by step."""
    from analytics_data_api.database import migrate_sqlite
    from insights_pipeline.inputs import Inputs
    from insights_pipeline.interval import Interval
    from insights_pipeline.publish.sqlite import SqliteReports
    from insights_pipeline.resources import Resources
    from insights_pipeline.spark import update as spark
    from insights_pipeline.spark.update import Cluster, SparkUpdate
    from insights_pipeline.update import REPORTS_FILE, Update, run_update

    job = Update(
        sample.logs,
        data,
        Interval(*sample.interval),
        Inputs(**sample.inputs),
        Resources(_MEMORY, processors),
    )
    reports = SqliteReports(data / REPORTS_FILE, migrate_sqlite)
    with measured() as cost:
        if engine == "spark":
            cluster = Cluster(f"local[{processors}]", f"file://{data}-tables")
            record = spark.run_update(SparkUpdate(**vars(job), cluster=cluster), reports)
        else:
            record = run_update(job, reports)
    return cost(), record.seconds_by_step


def _write_sample(out: Path, megabytes: int) -> Sample:
    from dataclasses import replace

    from insights_pipeline.sample import options_for_size, write_sample
    from tasks.lib import console

    options = replace(options_for_size(megabytes, DAYS), compress=False)
    with console.progress(f"sample logs of {megabytes} MB") as progress:
        return write_sample(out, options, progress.update)
