"""Shows a build: a table that changes on a terminal, a line per change elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.lib import console
from tasks.lib.images.builder import Building, Built, Failed, Skipped, UpToDate, Waiting
from tasks.lib.images.buildx import Step

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping
    from pathlib import Path

    from rich.table import Table

    from tasks.lib.images.builder import Outcome, State
    from tasks.lib.images.graph import Graph, Image
    from tasks.lib.images.staleness import Reason

    Show = Callable[[str, State], None]

_LINES_OF_LOG = 20
_WIDTH_OF_STEP = 80
_STYLES = {
    Waiting: "dim",
    Building: "yellow",
    UpToDate: "green",
    Built: "green",
    Failed: "bold red",
    Skipped: "red",
}


@contextmanager
def view() -> Generator[Show]:
    """What to tell an image's key and state, at each change; the last ones stay to be read."""
    if sys.stderr.isatty():
        with _table() as show:
            yield show
    else:
        yield _lines()


def describe(state: State) -> str:
    """A state in one line."""
    match state:
        case Waiting():
            return "waiting"
        case Building(step=Step(number, total, text)):
            return f"building {number}/{total}: {_brief(text)}"
        case Building(reason):
            return f"building: {reason}"
        case UpToDate():
            return "up to date"
        case Built(seconds, changed):
            return f"{'built' if changed else 'unchanged, cached'} in {seconds:.1f} s"
        case Failed(why, _):
            return f"failed: {why}"
        case Skipped(parents):
            return f"skipped, as {', '.join(parents)} failed"


def _brief(instruction: str) -> str:
    """An instruction on one short line: without what it mounts, and the end of a long one."""
    words = (word for word in instruction.split() if not word.startswith("--mount="))
    text = " ".join(words)
    return text if len(text) <= _WIDTH_OF_STEP else f"{text[: _WIDTH_OF_STEP - 1]}…"


def summary(outcomes: Mapping[str, Outcome]) -> str:
    """What became of all images, in one line."""
    counts = (
        ("built", sum(isinstance(o, Built) for o in outcomes.values())),
        ("up to date", sum(isinstance(o, UpToDate) for o in outcomes.values())),
        ("failed", sum(isinstance(o, Failed) for o in outcomes.values())),
        ("skipped", sum(isinstance(o, Skipped) for o in outcomes.values())),
    )
    return ", ".join(f"{count} {what}" for what, count in counts if count)


def end_of_log(log: Path) -> list[str]:
    """The last lines of a build's log; none where there is no log."""
    try:
        return log.read_text(errors="replace").splitlines()[-_LINES_OF_LOG:]
    except FileNotFoundError:
        return []


def plan(reasons: Mapping[str, Reason | None]) -> Iterator[str]:
    """Each image with why it is out of date, a line each."""
    width = max(map(len, reasons), default=0)
    for key, reason in reasons.items():
        yield f"{key:<{width}}  {reason or 'up to date'}"


def tree(graph: Graph, reasons: Mapping[str, Reason | None]) -> Iterator[str]:
    """The images below what they are built from, a line each, with why they are out of date.

    One with several parents stands below the last of them that is ours; its line names the others.
    """
    children: dict[str, list[tuple[Image, list[str]]]] = {}
    for image in graph:
        parents = [*graph.external(image), *(parent.key for parent in graph.parents(image))]
        below = parents.pop() if parents else "scratch"
        children.setdefault(below, []).append((image, parents))

    def lines(name: str, indent: str) -> Iterator[str]:
        for image, others in children.get(name, []):
            is_last = image is children[name][-1][0]
            also = f" (also from {', '.join(others)})" if others else ""
            yield (
                f"{indent}{'└── ' if is_last else '├── '}{image.key}{also}:"
                f" {reasons[image.key] or 'up to date'}"
            )
            yield from lines(image.key, indent + ("    " if is_last else "│   "))

    for name in children:
        if name not in graph.images:
            yield name
            yield from lines(name, "")


def _lines() -> Show:
    said: dict[str, float] = {}

    def show(key: str, state: State) -> None:
        is_step = isinstance(state, Building) and state.step is not None
        if isinstance(state, Waiting | UpToDate):
            return
        if is_step and time.monotonic() - said[key] < console.SECONDS_BETWEEN_LINES:
            return
        said[key] = time.monotonic()
        console.say(f"{key}: {describe(state)}")
        if isinstance(state, Failed):
            for line in end_of_log(state.log):
                print(f"  {line}", file=sys.stderr)
            console.say(f"{key}: the whole log is {state.log}")

    return show


@contextmanager
def _table() -> Generator[Show]:
    from rich.console import Console
    from rich.live import Live

    rows: dict[str, _Row] = {}
    screen = Console(stderr=True, highlight=False)
    with Live(console=screen, get_renderable=lambda: _rendered(rows), refresh_per_second=4) as live:

        def show(key: str, state: State) -> None:
            began = rows[key].began if key in rows else None
            if isinstance(state, Building) and not state.step:
                began = time.monotonic()
            rows[key] = _Row(state, began)
            if isinstance(state, Failed):
                for line in [*end_of_log(state.log), f"{key}: the whole log is {state.log}"]:
                    screen.print(line, markup=False)
            live.refresh()

        yield show


@dataclass(frozen=True)
class _Row:
    state: State
    began: float | None
    """When it began to be built, by the monotonic clock."""

    @property
    def seconds(self) -> str:
        if isinstance(self.state, Building) and self.began is not None:
            return f"{time.monotonic() - self.began:.0f} s"
        return ""


def _rendered(rows: Mapping[str, _Row]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(no_wrap=True, min_width=max(map(len, rows), default=0))
    table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column(no_wrap=True, justify="right")
    # A copy: this runs in Rich's own thread too.
    for key, row in dict(rows).items():
        table.add_row(key, Text(describe(row.state), _STYLES[type(row.state)]), row.seconds)
    return table
