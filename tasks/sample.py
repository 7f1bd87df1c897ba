"""Sample tracking logs of a simulated site."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.lib.errors import OperatorError
from tasks.lib.task import task

if TYPE_CHECKING:
    from invoke import Context


@task(
    help={
        "out": "folder to write: tracking-logs/, lms/, and files for --catalog, --programs,"
        " --course-list, --course-blocks and --geo",
        "days": "how many days of log, from Monday 2026-01-05 on",
        "learners": "how many learners",
        "courses": "how many course runs",
        "seed": "the same seed gives the same bytes",
        "dirty": "share of lines that are broken, late or skewed",
        "live": "then go on: write today's lines until Ctrl-C. The days end yesterday",
        "rate": "lines a second of --live",
    }
)
def sample(
    context: Context,
    out: str,
    days: int = 120,
    learners: int = 2000,
    courses: int = 4,
    seed: int = 1,
    dirty: float = 0.001,
    live: bool = False,
    rate: int = 500,
) -> None:
    """Write tracking logs of a simulated site, and all that comes in beside them."""
    from tasks.lib.environment import ensure

    if live and rate < 1:
        raise OperatorError(f"--rate {rate} is too few: give at least 1", 2)
    ensure("runner")
    from insights_pipeline.sample import SampleOptions, sample_until_today, write_live, write_sample
    from tasks.lib import console

    options = SampleOptions(days, learners, courses, seed, dirty)
    write = sample_until_today if live else write_sample
    with console.progress("sample") as progress:
        written = write(Path(out), options, progress.update)
    console.say(
        f"{written.lines:,} lines ({written.bytes / 1e6:,.1f} MB plain) in {written.files} files"
        f" below {written.logs}"
    )
    if live:
        console.say(f"writing {rate} lines a second there until Ctrl-C")
        with suppress(KeyboardInterrupt), console.progress("live") as progress:
            write_live(Path(out), rate, told=lambda lines: progress.update(lines, None))
        console.say("stopped")
