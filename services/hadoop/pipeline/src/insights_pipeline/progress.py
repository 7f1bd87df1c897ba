"""How a run tells what it is doing; the outermost layer decides how that looks."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told by a run; called from one thread."""

    def step(self, name: str) -> None:
        """A step begins."""

    def advance(self, done: int, total: int) -> None:
        """`done` of the step's `total` are done; bytes while reading, tables in metrics."""


class Silence:
    """Tells nobody."""

    def step(self, name: str) -> None:
        """Say nothing."""

    def advance(self, done: int, total: int) -> None:
        """Say nothing."""
