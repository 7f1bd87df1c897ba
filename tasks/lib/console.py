"""What a running command tells its operator: Rich on a terminal, timestamped lines elsewhere.

Everything goes to stderr; a command's results are for stdout.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

SECONDS_BETWEEN_LINES = 10.0


class Progress(Protocol):
    """The state of one long piece of work."""

    def update(self, done: int, total: int | None, detail: str = "") -> None:
        """Shows `done` of `total`, in any one unit; a total of None is not known yet."""


def say(message: str) -> None:
    """Prints one line: plain on a terminal, after a UTC timestamp elsewhere."""
    if sys.stderr.isatty():
        _rich().print(message, markup=False, highlight=False)
    else:
        print(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {message}", file=sys.stderr, flush=True)


@contextmanager
def progress(description: str) -> Iterator[Progress]:
    """Shows work that goes on: a bar on a terminal; elsewhere a line every 10 s and one at the end.

    The last line comes only where the work ended well.
    """
    if sys.stderr.isatty():
        with _bars() as bars:
            yield _Bar(bars, bars.add_task(description, total=None, detail=""))
    else:
        lines = _Lines(description)
        yield lines
        lines.close()


class _Bar:
    def __init__(self, bars: RichProgress, task: TaskID) -> None:
        self._bars = bars
        self._task = task

    def update(self, done: int, total: int | None, detail: str = "") -> None:
        self._bars.update(self._task, completed=done, total=total, detail=detail)


class _Lines:
    def __init__(self, description: str) -> None:
        self._description = description
        self._started = self._said = time.monotonic()
        self._detail = ""

    def update(self, done: int, total: int | None, detail: str = "") -> None:
        self._detail = detail
        if time.monotonic() - self._said >= SECONDS_BETWEEN_LINES:
            self._said = time.monotonic()
            share = f"{done / total:.0%}" if total else f"{done:,}"
            say(_sentence(self._description, share, detail))

    def close(self) -> None:
        seconds = time.monotonic() - self._started
        say(_sentence(self._description, f"done in {seconds:.1f} s", self._detail))


def _sentence(description: str, *parts: str) -> str:
    return f"{description}: " + ", ".join(part for part in parts if part)


def _bars() -> RichProgress:
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[detail]}", markup=False),
        console=_rich(),
    )


@cache
def _rich() -> Console:
    from rich.console import Console

    return Console(stderr=True)
