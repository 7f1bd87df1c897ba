"""One at a time of what works on the pipeline's data: nightly runs, backups, formatting."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tasks.lib import lock

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

FILE = ".hadoop.lock"


@contextmanager
def hold(root: Path, command: str) -> Generator[None]:
    """Hold the lock of a checkout.

    Args:
        root: the checkout.
        command: what others are told is at work.

    Raises:
        LockedError: another process holds it (exit code 75).
        OperatorError: the checkout cannot be written to.
    """
    with lock.hold(root / FILE, command, "at work on the pipeline's data"):
        yield
