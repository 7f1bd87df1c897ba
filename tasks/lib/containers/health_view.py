"""Shows services on their way up: a live table on a terminal, a line for each change elsewhere."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tasks.lib import console
from tasks.lib.containers.health import State

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from rich.table import Table

    from tasks.lib.containers.health import Standing

    Show = Callable[[Sequence[Standing]], None]

_STYLES = {
    State.WAITING: "dim",
    State.READY: "dim",
    State.STARTING: "yellow",
    State.HEALTHY: "green",
    State.DONE: "green",
    State.FAILED: "red",
}


@contextmanager
def view() -> Generator[Show]:
    """What to hand standings to, again and again; the last ones stay to be read."""
    if sys.stderr.isatty():
        with _table() as show:
            yield show
    else:
        yield _lines()


def _lines() -> Show:
    before: dict[str, State] = {}

    def show(standings: Sequence[Standing]) -> None:
        for standing in standings:
            is_new = before.get(standing.service) is not standing.state
            if is_new and standing.state is not State.READY:
                before[standing.service] = standing.state
                console.say(str(standing))

    return show


@contextmanager
def _table() -> Generator[Show]:
    from rich.console import Console
    from rich.live import Live

    seconds: dict[str, float] = {}
    began = time.monotonic()
    with Live(console=Console(stderr=True), refresh_per_second=4) as live:

        def show(standings: Sequence[Standing]) -> None:
            for standing in standings:
                if standing.state not in (State.HEALTHY, State.DONE):
                    seconds[standing.service] = time.monotonic() - began
            live.update(_drawn(standings, seconds))

        yield show


def _drawn(standings: Sequence[Standing], seconds: dict[str, float]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    for standing in standings:
        table.add_row(
            Text(standing.service),
            Text(standing.state, _STYLES[standing.state]),
            Text(f"{seconds.get(standing.service, 0):.0f} s", justify="right"),
            Text(standing.detail, "dim", overflow="ellipsis", no_wrap=True),
        )
    return table
