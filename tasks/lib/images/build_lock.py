"""One build at a time in a checkout."""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from tasks.lib.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

FILE = ".build.lock"

# EX_TEMPFAIL: try again later.
_EXIT_CODE = 75


class BuildLockedError(OperatorError):
    """Another build is at work in this checkout."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"{holder}: wait until it has ended, or end it", _EXIT_CODE)


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
    """Hold the lock of a checkout; the system lets go of it however this process ends.

    Args:
        root: the checkout.
        command: what others are told is at work.

    Raises:
        BuildLockedError: another process holds it.
        OperatorError: the checkout cannot be written to.
    """
    path = root / FILE
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("a+"))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write(file, json.dumps({"pid": os.getpid(), "command": command, "since": since}))
        except BlockingIOError:
            raise BuildLockedError(_holder(file)) from None
        except OSError as error:
            raise OperatorError(f"{path} cannot be written: {error.strerror}") from error
        stack.callback(_write, file, "")
        yield BuildLock(file)


def _write(file: TextIO, content: str) -> None:
    file.truncate(0)
    file.write(content)
    file.flush()


def _holder(file: TextIO) -> str:
    file.seek(0)
    try:
        holder = json.load(file)
        return (
            f"`{holder['command']}` (process {holder['pid']}) has been building in this checkout"
            f" since {holder['since']}"
        )
    except (ValueError, KeyError, TypeError):
        return "another process is building in this checkout"
