"""One at a time: a lock on a file of the checkout, which says who holds it."""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TextIO

from tasks.lib.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

# EX_TEMPFAIL: try again later.
_EXIT_CODE = 75


class LockedError(OperatorError):
    """Another process holds the lock."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"{holder}: wait until it has ended, or end it", _EXIT_CODE)


@contextmanager
def hold(path: Path, command: str, work: str) -> Generator[TextIO]:
    """Hold the lock; the system lets go of it however this process ends.

    Args:
        path: the lock's file; made where it is not there.
        command: what others are told is at work.
        work: what it does, as in "has been building in this checkout".

    Raises:
        LockedError: another process holds it.
        OperatorError: the file cannot be written.
    """
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    with ExitStack() as stack:
        try:
            file = stack.enter_context(path.open("a+"))
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _write(file, json.dumps({"pid": os.getpid(), "command": command, "since": since}))
        except BlockingIOError:
            raise LockedError(_holder(file, work)) from None
        except OSError as error:
            raise OperatorError(f"{path} cannot be written: {error.strerror}") from error
        stack.callback(_write, file, "")
        yield file


def _write(file: TextIO, content: str) -> None:
    file.truncate(0)
    file.write(content)
    file.flush()


def _holder(file: TextIO, work: str) -> str:
    file.seek(0)
    try:
        holder = json.load(file)
        return (
            f"`{holder['command']}` (process {holder['pid']}) has been {work} since"
            f" {holder['since']}"
        )
    except (ValueError, KeyError, TypeError):
        return f"another process is {work}"
