"""A sample site that goes on: its days over again, each line at the time at which it is written."""

from __future__ import annotations

import os
import re
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import IO, TYPE_CHECKING

from insights_pipeline.interval import today
from insights_pipeline.sample.behaviour import Simulation
from insights_pipeline.sample.dirt import Dirt
from insights_pipeline.sample.options import SampleError
from insights_pipeline.sample.randomness import stream
from insights_pipeline.sample.writer import (
    HOSTS,
    LIVE_LOG,
    balance,
    options_of,
    read_sample,
    write_sample,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from insights_pipeline.sample.options import SampleOptions
    from insights_pipeline.sample.writer import Sample

EVENTS_A_SECOND = 500
_TICK = 0.1  # seconds
_TIME = re.compile(r'"time": "[^"]+"')
_ENDLESS = 2_000_000  # ticks, of which dirt takes each for a day


def sample_until_today(
    out: Path, options: SampleOptions, progress: Callable[[int, int], None] | None = None
) -> Sample:
    """The sample in `out`, which may go on today; written where there is none.

    Args:
        options: of a new one, whose last day is yesterday.

    Raises:
        SampleError: `out` holds something else, or a sample of days to come.
    """
    found = read_sample(out)
    if found is None:
        start = today() - timedelta(days=options.days)
        return write_sample(out, replace(options, start=start), progress)
    if found.interval[1] > today():
        raise SampleError(f"{out} holds a sample until {found.interval[1]}: name another folder")
    return found


def write_live(
    out: Path,
    rate: float = EVENTS_A_SECOND,
    seconds: float | None = None,
    told: Callable[[int], None] | None = None,
) -> int:
    """Go on with the sample in `out`, as if today were a day of its; returns how many lines.

    Each host's log grows; one that was renamed or removed is begun anew, as the LMS does.

    Args:
        rate: lines a second, of all hosts together.
        seconds: how long; None: until KeyboardInterrupt.
        told: called with the number of lines so far, about ten times a second.

    Raises:
        SampleError: it cannot be written.
    """
    options = options_of(out)
    lines, written = _lines(options), 0
    random = stream(options.seed, "live hosts")
    logs = [_GrowingLog(out / "tracking-logs" / host / LIVE_LOG) for host in HOSTS]
    dirt = Dirt(replace(options, days=_ENDLESS))
    began, tick = time.monotonic(), 0
    try:
        while seconds is None or time.monotonic() - began < seconds:
            due = int((time.monotonic() - began) * rate) - written
            now = [next(lines) for _ in range(due)]
            for log, served in zip(logs, balance(random, dirt.day(tick, now)), strict=True):
                log.append(served)
            written, tick = written + due, tick + 1
            if told:
                told(written)
            time.sleep(max(began + tick * _TICK - time.monotonic(), 0))
    except OSError as error:
        raise SampleError(f"cannot write {error.filename or out}: {error.strerror}") from error
    finally:
        for log in logs:
            log.close()
    return written


def _lines(options: SampleOptions) -> Iterator[str]:
    """The lines of the site's days, over and over, each with the current time."""
    while True:
        simulation = Simulation(options)
        for number in range(options.days):
            for line in simulation.day(number):
                moment = datetime.now(UTC).isoformat()
                yield _TIME.sub(f'"time": "{moment}"', line, count=1)


class _GrowingLog:
    """The live log of one host."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def append(self, lines: list[str]) -> None:
        if self._file is None or self._was_rotated(self._file):
            self.close()
            self._file = self._path.open("ab", buffering=0)
        self._file.write("".join(f"{line}\n" for line in lines).encode("latin-1"))

    def close(self) -> None:
        if self._file:
            self._file.close()

    def _was_rotated(self, file: IO[bytes]) -> bool:
        try:
            return not os.path.samestat(os.fstat(file.fileno()), self._path.stat())
        except FileNotFoundError:
            return True
