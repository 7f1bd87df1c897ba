"""One build at a time in a checkout."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from tasks.lib import lock

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

FILE = ".build.lock"


@dataclass(frozen=True)
class BuildLock:
    """The lock, while this process holds it."""

    _file: TextIO

    def begin(self) -> int:
        """The time of the disk's own clock, in nanoseconds since 1970 UTC, once it is over.

        Whatever is modified after this returns has a later time.
        """
        began = self._now()
        while (now := self._now()) == began:
            time.sleep(0.001)
        # A clock that was set back meanwhile begins anew.
        return began if now > began else self.begin()

    def _now(self) -> int:
        os.utime(self._file.fileno())
        return os.fstat(self._file.fileno()).st_mtime_ns


@contextmanager
def hold(root: Path, command: str) -> Generator[BuildLock]:
    """Hold the lock of a checkout.

    Args:
        root: the checkout.
        command: what others are told is at work.

    Raises:
        LockedError: another process holds it.
        OperatorError: the checkout cannot be written to.
    """
    with lock.hold(root / FILE, command, "building in this checkout") as file:
        yield BuildLock(file)
