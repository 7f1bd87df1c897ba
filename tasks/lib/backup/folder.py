"""The folder that a backup is written to: whole with its manifest, or gone."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING

from tasks.lib.backup import manifest
from tasks.lib.backup.manifest import BackupError, File, Manifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path


class NewBackup:
    """A backup that is being written; its files are for their owner alone, as they hold secrets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._files: dict[str, File] = {}

    @property
    def files(self) -> Mapping[str, File]:
        """What is written so far."""
        return self._files

    def write(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write a file, which has its name once it is on disk.

        Raises:
            BackupError: it cannot be written.
        """
        digest, size = sha256(), 0
        path = self.folder / name
        partial = path.with_name(f".{path.name}.partial")
        with _explained(path):
            path.parent.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            file = os.fdopen(descriptor, "wb", buffering=0)
        with file:
            for piece in pieces:
                digest.update(piece)
                size += len(piece)
                with _explained(path):
                    _write_all(file.fileno(), piece)
            with _explained(path):
                os.fsync(file.fileno())
                partial.rename(path)
        self._files[name] = File(size, digest.hexdigest())

    def close(self, content: Manifest) -> None:
        """Write the manifest: from now on it is a backup.

        Raises:
            BackupError: it cannot be written.
        """
        self.write(manifest.FILE, [content.as_json().encode()])
        with _explained(self.folder):
            descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


@contextmanager
def new_backup(folder: Path) -> Iterator[NewBackup]:
    """A backup to write; whatever ends that early, nothing of it is left.

    Args:
        folder: is made, or is there and empty.

    Raises:
        BackupError: it is neither, or cannot be written to.
    """
    is_new = not folder.exists()
    with _explained(folder):
        if not is_new and (not folder.is_dir() or any(folder.iterdir())):
            raise BackupError(f"{folder} is there and is no empty folder: give another one", 2)
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    try:
        yield NewBackup(folder)
    except BaseException:
        for path in folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if is_new:
            folder.rmdir()
        raise


def _write_all(descriptor: int, piece: bytes) -> None:
    """A disk that becomes full takes a part of it, and refuses the next."""
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupError(
            f"{path} cannot be written: {error.strerror}; nothing of the backup is left"
        ) from error
