"""What has been read of which log, so that every byte is read once.

A *stream* is the content that one log has had so far, whatever file carries it: logrotate renames
the file and packs it later, copytruncate copies it and starts anew, rsync brings it from another
host's folder. A stream is known by its first line and by digests of its blocks, never by a name.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TYPE_CHECKING

from insights_pipeline.logs.files import (
    BLOCK,
    BROKEN_GZIP,
    DIGEST,
    MAXIMUM_LINE,
    LogFile,
    Unreadable,
    blocks,
    digest,
    find_files,
    inspect,
    read_fully,
)
from insights_pipeline.logs.reader import Piece, PieceRead, cut, describe_problem, is_finished

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Protocol

    class Storage(Protocol):
        """Where a ledger is kept between runs."""

        def known_files(self) -> dict[str, KnownFile]:
            """Every file of earlier runs, by its path."""

        def streams(self, first_line: bytes) -> list[Stream]:
            """The streams that begin with this line."""

        def last_stream(self) -> int:
            """The highest id of a stream; 0 where there is none."""


@dataclass(frozen=True)
class Stream:
    """The content of one log, as far as it was read.

    Attributes:
        first_line: digest of its first line.
        bytes_read: plain bytes taken in.
        lines_read: lines taken in.
        open_line: whether the last of them had no newline.
        blocks: digests of its whole blocks, one after the other.
        tail: digest of what follows them.
        head: digests of what its first block holds up to the end of each line.
    """

    id: int
    first_line: bytes
    bytes_read: int = 0
    lines_read: int = 0
    open_line: bool = False
    blocks: bytes = b""
    tail: bytes = b""
    head: bytes = b""

    @property
    def whole_blocks(self) -> int:
        """How many blocks are whole."""
        return self.bytes_read // BLOCK

    def block_size(self, index: int) -> int:
        """Bytes of that block, or of the tail."""
        return min(BLOCK, self.bytes_read - index * BLOCK)

    def block(self, index: int) -> bytes:
        """Digest of a block, or of the tail that follows the whole ones."""
        if index == self.whole_blocks:
            return self.tail
        return self.blocks[index * DIGEST : (index + 1) * DIGEST]

    def begins_with(self, content: bytes) -> bool:
        """Whether the lines in `content`, which is less than a block, begin the stream.

        The first line is known to be the same, and the last one may be cut.
        """
        lines = content[: content.rfind(b"\n") + 1]
        ends = range(0, len(self.head), DIGEST)
        return not lines or digest(lines) in {self.head[i : i + DIGEST] for i in ends}

    def extended(self, read: PieceRead) -> Stream:
        """The stream after `read`, which continued it."""
        return replace(
            self,
            bytes_read=read.end,
            lines_read=self.lines_read + read.lines,
            open_line=read.open_line,
            blocks=(self.blocks + read.blocks)[: read.end // BLOCK * DIGEST],
            tail=read.tail,
            head=read.head or self.head,
        )


@dataclass(frozen=True)
class KnownFile:
    """A file as it was taken in, and the stream that it carries.

    Attributes:
        size: bytes on disk; of a plain file those taken in, so that more is seen as new.
        mtime_ns: nanoseconds since the epoch.
    """

    path: str
    size: int
    mtime_ns: int
    stream: int


@dataclass(frozen=True)
class Reading:
    """A file with something new in it, and the pieces that are to be read."""

    file: LogFile
    stream: Stream
    pieces: list[Piece]


class _Likeness(Enum):
    CONTINUES = auto()  # the file begins with all of the stream, and goes on
    WITHIN = auto()  # the file holds all of the stream, or its beginning, and nothing else
    OTHER = auto()


class Ledger:
    """Plans what is to be read of a logs folder, and notes what was.

    Attributes:
        streams, files: what this run changed and its end has to store.
        left: files that could not be read in this run, and why.
    """

    def __init__(self, storage: Storage) -> None:
        self.streams: dict[int, Stream] = {}
        self.files: dict[str, KnownFile] = {}
        self.left: list[Unreadable] = []
        self._storage = storage
        self._known = storage.known_files()
        self._last_stream = storage.last_stream()

    def rounds(self, logs: Path, piece_bytes: int) -> Iterator[list[Reading]]:
        """What is new below `logs`, in rounds; `take_in` each reading before the next round.

        Files that begin with the same line may carry the same stream, so a round holds one of
        them only, the longest first.

        Raises:
            BadInput: there is no such folder, or nothing in it.
        """
        waiting = self._changed_files(logs)
        while waiting:
            readings = []
            for first_line, files in list(waiting.items()):
                while files:
                    if reading := self._plan(files.pop(0), first_line, piece_bytes):
                        readings.append(reading)
                        break
                if not files:
                    del waiting[first_line]
            if readings:
                yield readings

    def take_in(self, reading: Reading, read: PieceRead) -> None:
        """Note what was read, or that the file has to be left for another run."""
        if read.problem:
            self.files.pop(reading.file.path, None)
            self.left.append(Unreadable(reading.file.path, read.problem))
        elif read.end > reading.stream.bytes_read:
            stream = reading.stream
            if not stream.id:
                self._last_stream += 1
                stream = replace(stream, id=self._last_stream)
            self.streams[stream.id] = stream.extended(read)
            self._note(reading.file, self.streams[stream.id])

    def _changed_files(self, logs: Path) -> dict[bytes, list[LogFile]]:
        found, self.left = find_files(logs)
        changed: dict[bytes, list[LogFile]] = defaultdict(list)
        for path, status in found:
            known = self._known.get(path)
            if known and (known.size, known.mtime_ns) == (status.st_size, status.st_mtime_ns):
                continue
            file = inspect(logs, path)
            if isinstance(file, Unreadable):
                self.left.append(file)
                continue
            try:
                first_line = _first_line(file)
            except (*BROKEN_GZIP, OSError) as error:
                self._leave(file, error)
                continue
            if first_line:
                changed[first_line].append(file)
        for files in changed.values():
            files.sort(key=lambda file: (-file.plain_size, file.path))
        return changed

    def _plan(self, file: LogFile, first_line: bytes, piece_bytes: int) -> Reading | None:
        """What of the file is new, or None."""
        known = {stream.id: stream for stream in self._storage.streams(first_line)}
        known |= {
            id: stream for id, stream in self.streams.items() if stream.first_line == first_line
        }
        try:
            for stream in sorted(known.values(), key=lambda stream: -stream.bytes_read):
                likeness = self._compare(file, stream)
                if likeness is _Likeness.WITHIN:
                    self._note(file, stream, size=file.size)
                    return None
                if likeness is _Likeness.CONTINUES:
                    self._note(file, stream)
                    break
            else:
                stream = Stream(0, first_line)
        except (*BROKEN_GZIP, OSError) as error:
            self._leave(file, error)
            return None
        return Reading(file, stream, cut(file, stream.bytes_read, piece_bytes, stream.open_line))

    def _compare(self, file: LogFile, stream: Stream) -> _Likeness:
        if self._still_carries(file, stream):
            return _Likeness.CONTINUES if file.size > stream.bytes_read else _Likeness.WITHIN
        with file.open() as content:
            for index, block in enumerate(blocks(content, stream.bytes_read)):
                if len(block) < stream.block_size(index):
                    known = index or stream.begins_with(block)
                    return _Likeness.WITHIN if known else _Likeness.OTHER
                if digest(block) != stream.block(index):
                    return _Likeness.OTHER
            return _Likeness.CONTINUES if content.read(1) else _Likeness.WITHIN

    def _still_carries(self, file: LogFile, stream: Stream) -> bool:
        """Whether a plain file still is what it was; a few blocks tell that of a live one."""
        known = self._known.get(file.path)
        if not known or known.stream != stream.id or file.gzipped or file.size < stream.bytes_read:
            return False
        with file.open() as content:
            for index in {0, max(stream.whole_blocks - 1, 0), stream.whole_blocks}:
                content.seek(index * BLOCK)
                block = read_fully(content, stream.block_size(index))
                if digest(block) != stream.block(index):
                    return False
        return True

    def _note(self, file: LogFile, stream: Stream, size: int | None = None) -> None:
        if size is None:
            size = file.size if file.gzipped else min(stream.bytes_read, file.size)
        self.files[file.path] = KnownFile(file.path, size, file.mtime_ns, stream.id)

    def _leave(self, file: LogFile, error: Exception) -> None:
        self.left.append(Unreadable(file.path, describe_problem(error)))


def _first_line(file: LogFile) -> bytes | None:
    """Digest of the first line, or None while it is not known to be complete.

    Raises:
        gzip.BadGzipFile, zlib.error, EOFError: the gzip is damaged before its first line ends.
    """
    line, newline = bytearray(), b""
    with file.open() as content:
        while len(line) <= MAXIMUM_LINE and not newline and (piece := content.read(BLOCK)):
            head, newline, _ = piece.partition(b"\n")
            line += head
    if newline or len(line) > MAXIMUM_LINE or is_finished(file, bytes(line)):
        return digest(line.removesuffix(b"\r"))
    return None
