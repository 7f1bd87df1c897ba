"""Benchmarks: programs that print ratios measured in one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.lib.task import task

if TYPE_CHECKING:
    from invoke import Context


@task(help={"megabytes": "plain log to work on, in 10^6 bytes"})
def pipeline(context: Context, megabytes: int = 500) -> None:
    """Time the embedded engine against a bare DuckDB scan of the same logs."""
    from tasks.lib.environment import ensure

    ensure("local")
    from tasks.lib.bench.pipeline import measure

    for line in measure(megabytes):
        print(line)


@task(
    help={
        "sizes": "plain log to work on, in 10^6 bytes, smallest first",
        "processors": "how many each engine uses; default: all",
    }
)
def engines(context: Context, sizes: str = "25,50,100,200", processors: int = 0) -> None:
    """Time DuckDB against Spark on the same logs at growing sizes; see docs/scale.md."""
    from tasks.lib.environment import ensure

    ensure("spark")
    from tasks.lib.bench.engines import measure

    for line in measure([int(size) for size in sizes.split(",")], processors or None):
        print(line, flush=True)


@task(help={"runs": "how many no-op builds and starts of each kind to time"})
def build(context: Context, runs: int = 11) -> None:
    """Time builds against docker compose build, make and --jobs 1; takes minutes."""
    from tasks.lib.environment import ROOT, ensure

    ensure("runner")
    from tasks.lib.bench.build import measure

    for measured in measure(ROOT, runs):
        print(measured, flush=True)


@task(help={"runs": "how many starts of each to time"})
def startup(context: Context, runs: int = 20) -> None:
    """Time `inv --list` against the same with an empty tasks.py."""
    from tasks.lib.bench.startup import measure_startup

    measured = measure_startup(runs)
    print(f"inv --list / empty tasks.py: {measured.ratio:.2f} (at most 2.0 is wanted)")


@task(
    help={
        "clients": "how many ask at once",
        "seconds": "for how long, with servers that are warm",
        "courses": "of the sample site",
    }
)
def api(context: Context, clients: int = 50, seconds: int = 15, courses: int = 50) -> None:
    """Time the Data API under many clients, cold, warm, and asked for what did not change."""
    from tasks.lib.environment import ensure

    ensure("local")
    from tasks.lib.bench.api import measure

    for line in measure(clients, seconds, courses):
        print(line, flush=True)


@task(
    help={
        "minutes": "how long the logs grow",
        "rate": "lines a second that are written to them",
        "every": "seconds from the start of an update to the start of the next",
    }
)
def follow(context: Context, minutes: float = 60.0, rate: int = 500, every: float = 60.0) -> None:
    """Follow logs that grow: how old the numbers are in the Data API, and what that takes."""
    from tasks.lib.environment import ensure

    ensure("local")
    from tasks.lib.bench.follow import measure

    for line in measure(minutes, rate, every):
        print(line, flush=True)
