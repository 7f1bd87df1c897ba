"""How a checkout's env files are written: by one command at a time, for their owner alone."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tasks.lib.settings import env_file
from tasks.lib.settings.effective import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def replace_file(path: Path, text: str) -> bool:
    """Give an env file this content, and no one else a right to it; returns whether it changed.

    Raises:
        SettingsError: it cannot be written.
    """
    content = text.encode()
    try:
        if path.exists() and path.read_bytes() == content and not path.stat().st_mode & 0o077:
            return False
        env_file.write(path, content)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}") from error
    return True


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Holds a checkout's lock, so that two commands at once do not write its env files."""
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
