"""The files below a logs folder, as they are on disk."""

from __future__ import annotations

import gzip
import hashlib
import os
import stat
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from insights_pipeline.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

DIGEST = 8  # bytes
BLOCK = 16_384  # bytes; content is compared by digests of blocks of this size
MAXIMUM_LINE = 32 * 1024 * 1024  # bytes; the LMS writes nothing near it
_GZIP_MAGIC = b"\x1f\x8b"
BROKEN_GZIP = (EOFError, gzip.BadGzipFile, zlib.error)


@dataclass(frozen=True)
class LogFile:
    """One file below the logs folder.

    Attributes:
        path: relative to the logs folder.
        size: bytes on disk.
        plain_size: bytes of plain content; of a gzip a guess, right for one member below 4 GiB.
        mtime_ns: when it last changed, nanoseconds since the epoch.
        gzipped: whether its content, not its name, is gzip.
        head: digest of its first block on disk.
    """

    root: Path
    path: str
    size: int
    plain_size: int
    mtime_ns: int
    gzipped: bool
    head: bytes

    @contextmanager
    def open(self, offset: int = 0) -> Generator[IO[bytes]]:
        """The file's plain content, from `offset` bytes on."""
        with self._open_plain() as file:
            file.seek(offset)
            yield file

    def _open_plain(self) -> IO[bytes]:
        location = self.root / self.path
        if self.gzipped:
            return cast("IO[bytes]", gzip.open(location, "rb"))
        return location.open("rb", buffering=0)

    def still_begins_the_same(self) -> bool:
        """Whether what is at the path now is this file, or this file grown.

        Raises:
            OSError: there is nothing at the path, or it cannot be read.
        """
        with (self.root / self.path).open("rb") as file:
            return digest(read_fully(file, min(BLOCK, self.size))) == self.head and (
                os.fstat(file.fileno()).st_size >= self.size
            )


@dataclass(frozen=True)
class Unreadable:
    """A file that is left alone, and why."""

    path: str
    reason: str


def find_files(logs: Path) -> tuple[list[tuple[str, os.stat_result]], list[Unreadable]]:
    """Every file below `logs` that is not empty, by path, and what could not be looked into.

    Links to folders are not followed; names that start with a dot (rsync's copies in progress
    among them) are passed over.

    Raises:
        BadInput: there is no such folder, or nothing in it.
    """
    if not logs.is_dir():
        raise BadInput(
            f"no folder of tracking logs at {logs}: name the one that holds them with --logs"
        )
    found: list[tuple[str, os.stat_result]] = []
    unreadable: list[Unreadable] = []

    def note(error: OSError) -> None:
        path = _readable(os.path.relpath(error.filename, logs))
        unreadable.append(Unreadable(path, say(error)))

    for folder, folders, names in os.walk(logs, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            if name.startswith("."):
                continue
            path = Path(folder, name)
            relative = str(path.relative_to(logs))
            if (readable := _readable(relative)) != relative:
                unreadable.append(Unreadable(readable, "its name is not UTF-8: rename it"))
                continue
            try:
                status = path.stat()
            except OSError as error:
                unreadable.append(Unreadable(relative, say(error)))
                continue
            if stat.S_ISREG(status.st_mode) and status.st_size:
                found.append((relative, status))
    if not found and not unreadable:
        raise BadInput(f"{logs} holds no file with anything in it: are the logs copied there yet?")
    return sorted(found), unreadable


def _readable(path: str) -> str:
    return os.fsencode(path).decode(errors="backslashreplace")


def inspect(logs: Path, path: str) -> LogFile | Unreadable:
    """Look at the first bytes of a file."""
    try:
        with (logs / path).open("rb") as file:
            status = os.fstat(file.fileno())
            head = file.read(min(BLOCK, status.st_size))
            gzipped = head.startswith(_GZIP_MAGIC)
            plain_size = _unpacked_size(file, status.st_size) if gzipped else status.st_size
    except OSError as error:
        return Unreadable(path, say(error))
    if not gzipped and b"\0" in head and b"event_type" not in head:
        return Unreadable(path, "binary, not a tracking log")
    return LogFile(
        logs, path, status.st_size, plain_size, status.st_mtime_ns, gzipped, digest(head)
    )


def _unpacked_size(file: IO[bytes], size: int) -> int:
    """What a gzip says of its last member; at least its own size, since logs pack well."""
    file.seek(max(size - 4, 0))
    return max(int.from_bytes(file.read(4), "little"), size)


def digest(content: bytes | bytearray) -> bytes:
    """Eight bytes that tell contents apart."""
    # Processors of today have instructions for SHA-256: it is the fastest of hashlib's.
    return hashlib.sha256(content).digest()[:DIGEST]


def blocks(content: IO[bytes], total: int) -> Iterator[bytes]:
    """Pieces of one block each, the last one shorter, up to `total` bytes."""
    while total > 0 and (piece := read_fully(content, min(BLOCK, total))):
        total -= len(piece)
        yield piece


def read_fully(content: IO[bytes], size: int) -> bytes:
    pieces = []
    while size and (piece := content.read(size)):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def say(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
