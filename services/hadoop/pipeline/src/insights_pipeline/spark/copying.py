"""Brings what is new in the logs to the store, as plain pieces of about the same size.

A copied piece holds all bytes of the lines that it owns, so that it is read by itself, anywhere,
with the same code as on this machine.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from io import BytesIO, RawIOBase
from typing import IO, TYPE_CHECKING, cast

from insights_pipeline.logs.files import (
    BLOCK,
    BROKEN_GZIP,
    MAXIMUM_LINE,
    LogFile,
    digest,
    read_fully,
)
from insights_pipeline.logs.reader import REPLACED, Piece, cut, describe_problem

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from insights_pipeline.logs.ledger import Reading
    from insights_pipeline.spark.store import Store

_CHUNK = 64 * BLOCK


@dataclass(frozen=True)
class Copied:
    """A piece in the store.

    Attributes:
        piece: which of which log.
        name: of the file in the store that holds it.
        checksum: SHA-256 of that file.
        size: of that file, bytes.
        left_out: bytes after them that were not copied, since no line may be that long.
        line_ended: whether the last of them is a newline.
        last_tail: digest of what of them follows the last whole block of the log.
    """

    piece: Piece
    name: str
    checksum: str
    size: int
    left_out: int = 0
    line_ended: bool = True
    last_tail: bytes = b""

    @property
    def begin(self) -> int:
        """Where in the log the file's first byte stood."""
        return self.piece.begin // BLOCK * BLOCK


@dataclass(frozen=True)
class CopiedLog:
    """All that is new in one log, in the store; or why the log was left for another run."""

    reading: Reading
    pieces: list[Copied]
    problem: str | None = None


@dataclass(frozen=True)
class HeldFile(LogFile):
    """As much of a log as a copied piece has, in memory."""

    copied: Copied
    content: bytes

    @contextmanager
    def open(self, offset: int = 0) -> Generator[IO[bytes]]:
        """The content from `offset` in the log on, which must lie inside."""
        file = BytesIO(self.content)
        file.seek(offset - self.copied.begin)
        yield cast("IO[bytes]", _Padded(file, self.copied))

    def tail(self, end: int) -> bytes:
        """Digest of what follows the last whole block before `end`, a place in the log."""
        copied, stop = self.copied, end - self.copied.begin
        return (
            copied.last_tail
            if stop > copied.size
            else digest(self.content[stop // BLOCK * BLOCK : stop])
        )


class _Padded(RawIOBase):
    """A piece's content and, where bytes were left out, as many that nobody looks at."""

    def __init__(self, file: BytesIO, copied: Copied) -> None:
        self._file, self._left = file, copied.left_out
        self._end = b"\n" if copied.line_ended else b" "

    def read(self, size: int = -1) -> bytes:
        if found := self._file.read(size):
            return found
        size = min(size, self._left)
        self._left -= size
        if size and not self._left:
            return b" " * (size - 1) + self._end
        return b" " * size


class Copier:
    """Copies readings of the ledger into a folder of the store."""

    def __init__(self, store: Store, folder: str, spool: Path, threads: int) -> None:
        """Set where to.

        Args:
            folder: of the store.
            spool: folder of this machine for what is under way: a piece, and what one gzip unpacks
                to, for each thread.
            threads: how many pieces to copy at once.
        """
        self._store, self._folder, self._spool, self._threads = store, folder, spool, threads

    def copy(
        self, readings: list[Reading], piece_bytes: int, done: Callable[[int], None]
    ) -> list[CopiedLog]:
        """Copy all that is new; `done` is told the bytes of each log that is there."""
        with ThreadPoolExecutor(self._threads) as pool:
            jobs = [
                (reading, self._submit(pool, reading, f"{number:06}", piece_bytes))
                for number, reading in enumerate(readings)
            ]
            found = []
            try:
                for reading, copies in jobs:
                    found.append(_gather(reading, copies))
                    done(new_bytes(reading))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return found

    def _submit(
        self, pool: Executor, reading: Reading, prefix: str, piece_bytes: int
    ) -> list[Future[list[Copied]]]:
        """Have the pieces of a log copied: those of a gzip one after the other, others at once."""
        if reading.file.gzipped:
            return [pool.submit(self._copy_gzip, reading, prefix, piece_bytes)]
        pieces = _cut(reading, reading.file, piece_bytes)
        return [
            pool.submit(self._copy, [piece], prefix, number) for number, piece in enumerate(pieces)
        ]

    def _copy_gzip(self, reading: Reading, prefix: str, piece_bytes: int) -> list[Copied]:
        unpacked = self._spool / f"{prefix}.unpacked"
        try:
            copies = self._copy(_cut(reading, _unpack(reading.file, unpacked), piece_bytes), prefix)
        finally:
            unpacked.unlink(missing_ok=True)
        # Its last line is finished, newline or not.
        return [
            replace(copied, piece=replace(copied.piece, file=reading.file)) for copied in copies
        ]

    def _copy(self, pieces: list[Piece], prefix: str, first: int = 0) -> list[Copied]:
        copies = []
        for number, piece in enumerate(pieces, first):
            name = f"{prefix}-{number:06}"
            copied = spool(piece, self._spool / name)
            if copied.size:  # Spark passes over empty files
                self._store.put(self._spool / name, f"{self._folder}/{name}")
                copies.append(copied)
        return copies


def _gather(reading: Reading, copies: list[Future[list[Copied]]]) -> CopiedLog:
    """A log's pieces; what is wrong with the log itself is a `problem`.

    An OSError is the spool's or the store's.
    """
    try:
        pieces = [copied for job in copies for copied in job.result()]
        same = _still_begins_the_same(reading.file)
    except _SourceError as error:
        return CopiedLog(reading, [], describe_problem(error.args[0]))
    return CopiedLog(reading, pieces) if same else CopiedLog(reading, [], REPLACED)


def _cut(reading: Reading, file: LogFile, piece_bytes: int) -> list[Piece]:
    return cut(file, reading.stream.bytes_read, piece_bytes, reading.stream.open_line)


class _SourceError(Exception):
    """The log, not the spool, failed; `args[0]` is how."""


def new_bytes(reading: Reading) -> int:
    """Plain bytes of the log that are to be read; of a gzip a guess."""
    return max(reading.file.plain_size - reading.stream.bytes_read, 1)


def _unpack(file: LogFile, unpacked: Path) -> LogFile:
    with _reading(file, 0) as read, unpacked.open("wb") as plain:
        while chunk := read(_CHUNK):
            plain.write(chunk)
    size = unpacked.stat().st_size
    return replace(
        file, root=unpacked.parent, path=unpacked.name, size=size, plain_size=size, gzipped=False
    )


def _still_begins_the_same(file: LogFile) -> bool:
    try:
        return file.still_begins_the_same()
    except OSError as error:
        raise _SourceError(error) from error


def spool(piece: Piece, to: Path) -> Copied:
    """Write the bytes of the piece to a file, and on to the end of its last line."""
    end = piece.file.size if piece.end is None else piece.end
    copied = Copied(piece, to.name, "", 0)
    checksum, position, owns_a_line = hashlib.sha256(), copied.begin, not piece.continues
    with _reading(piece.file, position) as read, to.open("wb") as file:

        def write(chunk: bytes) -> None:
            file.write(chunk)
            checksum.update(chunk)

        while position < end and (chunk := read(min(_CHUNK, end - position))):
            write(chunk)
            owns_a_line = owns_a_line or b"\n" in chunk[max(piece.begin - position, 0) :]
            position += len(chunk)
        line_ended = not owns_a_line
        while not line_ended and position - end <= MAXIMUM_LINE:
            if not (chunk := read(min(BLOCK, piece.file.size - position))):
                break
            line_ended = b"\n" in chunk
            write(chunk[: chunk.find(b"\n") + 1] or chunk)
            position += chunk.find(b"\n") + 1 or len(chunk)
        size, stop = file.tell(), position
        tail = b""
        while not line_ended and (chunk := read(min(BLOCK, piece.file.size - position))):
            # A line too long for any event: only where it ends matters.
            line_ended = b"\n" in chunk
            chunk = chunk[: chunk.find(b"\n") + 1] or chunk
            tail = (tail + chunk)[-2 * BLOCK :]
            position += len(chunk)
    last_tail = digest(tail[len(tail) - position % BLOCK :]) if position > stop else b""
    return replace(
        copied,
        checksum=checksum.hexdigest(),
        size=size,
        left_out=position - stop,
        line_ended=line_ended,
        last_tail=last_tail,
    )


@contextmanager
def _reading(file: LogFile, position: int) -> Generator[Callable[[int], bytes]]:
    """A function that reads so many bytes of the log, from `position` on."""
    try:
        opened = file.open(position)
        content = opened.__enter__()
    except (*BROKEN_GZIP, OSError) as error:
        raise _SourceError(error) from error

    def read(size: int) -> bytes:
        try:
            return read_fully(content, size)
        except (*BROKEN_GZIP, OSError) as error:
            raise _SourceError(error) from error

    try:
        yield read
    finally:
        opened.__exit__(None, None, None)
