"""Reads pieces of log files, in several processes, into Parquet files by UTC date.

A piece owns the lines that begin inside it, so that pieces of one file can be read at once.
Nothing that is written here counts until the warehouse has taken it in.
"""

from __future__ import annotations

import gc
import json
import os
import re
import signal
import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, pairwise
from multiprocessing import get_context
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from insights_pipeline.errors import PipelineError
from insights_pipeline.events import Event, Reject, Rejected, parse_line
from insights_pipeline.forgotten import NOBODY, Forgotten
from insights_pipeline.logs.files import (
    BLOCK,
    BROKEN_GZIP,
    MAXIMUM_LINE,
    LogFile,
    digest,
    read_fully,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
    from datetime import date
    from pathlib import Path

_CHUNK = 64 * BLOCK
_KEPT_TEXT = 2_000  # characters of a rejected line that are kept
_NEWLINE = re.compile(rb"\r?\n")
REPLACED = "replaced or cut while it was read"
_OLD = 24 * 3600  # seconds after which an unfinished last line will not be finished any more
_PARQUET = pa.schema(
    [
        ("time", pa.timestamp("us")),
        ("event_type", pa.string()),
        ("event_source", pa.string()),
        ("username", pa.string()),
        ("user_id", pa.int64()),
        ("course_id", pa.string()),
        ("ip", pa.string()),
        ("module_display_name", pa.string()),
        ("payload", pa.string()),
        ("problem_check", pa.string()),
        ("context_course_id", pa.string()),
        ("actor_id", pa.int64()),
    ]
)


@dataclass(frozen=True)
class Piece:
    """A stretch of a file's plain content.

    Attributes:
        begin: first byte.
        end: byte after the last; None for all the rest of a gzip.
        continues: whether a line before `begin` belongs to another piece; then the piece owns
            the lines that begin after `begin`, else those that begin at it too.
        after_open_line: whether what was read before ended without a newline.
        forgotten: learners of whom nothing personal is taken in.
    """

    file: LogFile
    begin: int
    end: int | None
    continues: bool = False
    after_open_line: bool = False
    forgotten: Forgotten = NOBODY


@dataclass(frozen=True)
class Part:
    """A Parquet file of events of one UTC date."""

    date: date
    name: str
    rows: int
    bytes: int


@dataclass
class PieceRead:
    """What a piece held.

    Attributes:
        lines: lines owned: events + rejects.
        end: byte after the last line that was taken in; 0 where there was none.
        open_line: whether that line had no newline.
        head: digests of what the first block holds up to the end of each of its lines (set for the
            piece that holds that block).
        blocks: digests of the whole blocks that begin in the piece.
        tail: digest of what follows the last whole block (set for a gzip, which is read whole).
        problem: why the file has to be left for another run, or None.
    """

    lines: int = 0
    events: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    end: int = 0
    open_line: bool = False
    head: bytes = b""
    blocks: bytes = b""
    tail: bytes = b""
    parts: list[Part] = field(default_factory=list)
    reject_file: str | None = None
    problem: str | None = None


def cut(file: LogFile, begin: int, size: int, after_open_line: bool = False) -> list[Piece]:
    """Cut the file's content from `begin` on into pieces of about `size` bytes; a gzip into one."""
    if file.gzipped:
        return [Piece(file, begin, None, after_open_line=after_open_line)]
    size = max(size // BLOCK, 1) * BLOCK
    edges = [begin, *range((begin // BLOCK) * BLOCK + size, file.size, size), file.size]
    return [
        Piece(file, left, right, left > begin, after_open_line and left == begin)
        for left, right in pairwise(edges)
    ]


def read_pieces(
    pieces: list[Piece],
    folder: Path,
    prefix: str,
    flush_bytes: int,
    workers: int,
    meanwhile: Callable[[], None] = lambda: None,
) -> Iterator[tuple[int, PieceRead]]:
    """Read all pieces, in this process or in `workers` others, and yield each one's index.

    Args:
        folder: where the Parquet files go.
        prefix: begins the name of each of them.
        flush_bytes: plain log bytes held in memory by each worker before they are written.
        meanwhile: what this process does first, while others read.
    """
    jobs = [(piece, folder, f"{prefix}-{i:05}", flush_bytes) for i, piece in enumerate(pieces)]
    if workers < 2 or len(jobs) < 2:
        meanwhile()
        for index, job in enumerate(jobs):
            yield index, read_piece(*job)
        return
    with ProcessPoolExecutor(
        min(workers, len(jobs)),
        get_context("spawn"),
        initializer=_begin,
        initargs=(os.getpid(),),
    ) as pool:
        try:
            with _interrupts_held_back():
                futures = {pool.submit(read_piece, *job): index for index, job in enumerate(jobs)}
            meanwhile()
            for future in as_completed(futures):
                yield futures[future], future.result()
        except BrokenProcessPool as error:
            raise PipelineError(
                "a process that reads logs was killed, perhaps for want of memory:"
                " give --memory less than the machine has free, and run again"
            ) from error
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def _interrupts_held_back() -> Generator[None]:
    """Keep Ctrl-C from the processes that are started meanwhile: this one ends them."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])


def _begin(parent: int) -> None:
    """Begin a worker, which ends soon after its parent does, however that ends."""
    # Lines and events have no cycles: to look for some takes a seventh of the time.
    gc.disable()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(0.5)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def read_piece(piece: Piece, folder: Path, prefix: str, flush_bytes: int) -> PieceRead:
    """Read one piece into Parquet files `folder`/`prefix`-*.parquet.

    A full disk is an OSError; anything that is wrong with the log file itself is a `problem`.
    """
    read = PieceRead()
    writer = _PartWriter(folder, prefix, flush_bytes, read)
    parse_piece(piece, read, writer)
    writer.close()
    return read


class Sink(Protocol):
    """Takes what lines turn out to be."""

    def add(self, event: Event, size: int) -> None:
        """A line of `size` bytes that is an event."""

    def reject(self, line: int, reason: Reject, text: bytes) -> None:
        """A line, by its number in the piece, that is none."""


def parse_piece(piece: Piece, read: PieceRead, sink: Sink) -> None:
    """Hand every line of the piece to `sink`, and note in `read` what they were taken from."""
    lines, forgotten = _Lines(piece), piece.forgotten
    try:
        for read.lines, line in enumerate(lines, 1):
            if line is None:
                sink.reject(read.lines, Reject.TOO_LONG, b"")
                continue
            try:
                event = parse_line(line)
            except Rejected as rejected:
                if forgotten:
                    line = forgotten.text(line.decode(errors="replace")).encode()
                sink.reject(read.lines, rejected.args[0], line)
            else:
                sink.add(forgotten.event(event) if forgotten else event, len(line))
        read.end, read.open_line = lines.end, lines.open_line
        read.head, read.blocks, read.tail = lines.head, lines.blocks, lines.tail
    except _LogProblem as problem:
        read.problem = describe_problem(problem.args[0])


class _LogProblem(Exception):
    """The log file, not the warehouse, cannot go on."""


def describe_problem(error: Exception) -> str:
    """Why a log file has to be left, in words."""
    if isinstance(error, EOFError):
        return "gzip ends too early: still being copied, or cut off"
    if isinstance(error, BROKEN_GZIP):
        return f"damaged gzip ({str(error).lower()})"
    return (getattr(error, "strerror", None) or str(error)).lower()


def is_finished(file: LogFile, last_line: bytes) -> bool:
    """Whether a last line without newline can be taken for all that will come of it."""
    if file.gzipped or time.time() - file.mtime_ns / 1e9 > _OLD:
        return True
    try:
        parse_line(last_line)
    except Rejected:
        return False
    return True


class _Lines:
    """The lines that a piece owns; None stands for one that is too long to hold."""

    def __init__(self, piece: Piece) -> None:
        self._piece = piece
        self._digests: list[bytes] = []
        self._last_block = b""
        self.head = b""
        self.end = 0 if piece.continues else piece.begin
        self.open_line = piece.after_open_line

    @property
    def blocks(self) -> bytes:
        return b"".join(self._digests)

    @property
    def tail(self) -> bytes:
        return digest(self._last_block[: self.end % BLOCK])

    def __iter__(self) -> Iterator[bytes | None]:
        return chain.from_iterable(self._batches())

    def _batches(self) -> Iterator[Sequence[bytes | None]]:
        piece = self._piece
        begins = piece.begin  # where the line that is looked at begins
        rest = b""  # what is held of it
        dropped = 0  # bytes of it that are not held: it is too long
        skip = piece.continues
        for data in self._chunks():
            if self.open_line and (newline := _NEWLINE.match(data)):
                data = data[newline.end() :]
                begins += newline.end()
                self.end = begins
            self.open_line = False
            held = dropped + len(rest) + len(data)
            *lines, rest = (rest + data).split(b"\n")
            if not skip and held <= MAXIMUM_LINE and self._owns(begins + held):
                begins += held - len(rest)
                self.end = begins
                yield lines
                lines = []
            for line in lines:
                if not self._owns(begins):
                    return
                if not skip:
                    yield [line if dropped + len(line) <= MAXIMUM_LINE else None]
                begins += dropped + len(line) + 1
                self.end, dropped, skip = begins, 0, False
            if dropped + len(rest) > MAXIMUM_LINE:
                dropped, rest = dropped + len(rest), b""
            if skip and not self._owns(begins + dropped + len(rest)):
                return
        if (rest or dropped) and not skip and self._owns(begins) and is_finished(piece.file, rest):
            yield [None if dropped else rest]
            self.end, self.open_line = begins + dropped + len(rest), True

    def _owns(self, position: int) -> bool:
        return self._piece.end is None or position <= self._piece.end

    def _chunks(self) -> Iterator[bytes]:
        """Content from `begin` on; for a piece in the middle, on past its end."""
        piece = self._piece
        position = piece.begin // BLOCK * BLOCK
        skip = piece.begin - position
        try:
            with piece.file.open(position) as content:
                while data := read_fully(content, self._chunk_size(position)):
                    self._note_blocks(data, position)
                    position += len(data)
                    yield data[skip:]
                    skip = 0
        except (*BROKEN_GZIP, OSError) as error:
            raise _LogProblem(error) from error

    def _chunk_size(self, position: int) -> int:
        # A live file may have grown since it was looked at: what came later is left alone.
        return _CHUNK if self._piece.file.gzipped else min(_CHUNK, self._piece.file.size - position)

    def _note_blocks(self, data: bytes, position: int) -> None:
        end = self._piece.end
        for start in range(0, len(data), BLOCK):
            block = data[start : start + BLOCK]
            if end is None or position + start < end:
                self._last_block = block
                if len(block) == BLOCK:
                    self._digests.append(digest(block))
            if position + start == 0:
                self.head = _line_ends(block)


def _line_ends(block: bytes) -> bytes:
    return b"".join(digest(block[: end.end()]) for end in re.finditer(b"\n", block))


class _PartWriter:
    """Gathers events by date and writes them as Parquet; rejects as JSON lines."""

    def __init__(self, folder: Path, prefix: str, flush_bytes: int, read: PieceRead) -> None:
        self._folder, self._prefix, self._flush_bytes = folder, prefix, flush_bytes
        self._read = read
        self._held: dict[date, list[Event]] = defaultdict(list)
        self._held_bytes = 0
        self._rejects: list[str] = []

    def add(self, event: Event, size: int) -> None:
        self._held[event.time.date()].append(event)
        self._held_bytes += size
        if self._held_bytes >= self._flush_bytes:
            self._flush()

    def reject(self, line: int, reason: Reject, text: bytes) -> None:
        self._read.rejects[reason] += 1
        kept = kept_text(text)
        self._rejects.append(json.dumps([line, reason, kept]))
        self._held_bytes += len(kept)
        if self._held_bytes >= self._flush_bytes:
            self._flush()

    def close(self) -> None:
        self._flush()

    def _flush(self) -> None:
        for day, events in self._held.items():
            name = f"{self._prefix}-{len(self._read.parts):05}.parquet"
            columns = zip(zip(*events, strict=True), _PARQUET.types, strict=True)
            table = pa.table([pa.array(*column) for column in columns], schema=_PARQUET)
            path = self._folder / name
            pq.write_table(table, path, compression="zstd", compression_level=1)
            self._read.parts.append(Part(day, name, len(events), path.stat().st_size))
            self._read.events += len(events)
        if self._rejects:
            path = self._folder / f"{self._prefix}.rejects"
            with path.open("a", encoding="utf-8") as file:
                file.writelines(f"{reject}\n" for reject in self._rejects)
            self._read.reject_file = path.name
        self._held.clear()
        self._rejects.clear()
        self._held_bytes = 0


def kept_text(text: bytes) -> str:
    """What is kept of a rejected line."""
    return text[: 4 * _KEPT_TEXT].decode(errors="replace")[:_KEPT_TEXT]


def make_lasting(folder: Path) -> None:
    """See to it that the folder's files outlast a power cut, before anything counts on them.

    All at once: the first call to the disk takes the others' work along.
    """
    for path in (*folder.iterdir(), folder):
        sync(path)


def sync(path: Path) -> None:
    """Have a file, or a folder's names, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def put_together(file: LogFile, reads: Iterable[PieceRead]) -> PieceRead:
    """All pieces of a file, in order, as one.

    A file that was replaced or cut while it was read is a `problem`.
    """
    whole = join(reads)
    if not whole.problem:
        try:
            if not file.gzipped:
                whole.tail = _tail_of(file, whole.end)
            if not file.still_begins_the_same():
                whole.problem = REPLACED
        except OSError as error:
            whole.problem = describe_problem(error)
    return whole


def join(reads: Iterable[PieceRead]) -> PieceRead:
    """The pieces, which follow each other, as one."""
    whole = PieceRead()
    for read in reads:
        whole.lines += read.lines
        whole.events += read.events
        whole.rejects += read.rejects
        whole.head = whole.head or read.head
        whole.blocks += read.blocks
        whole.parts += read.parts
        whole.problem = whole.problem or read.problem
        if read.end >= whole.end:
            whole.end, whole.open_line, whole.tail = read.end, read.open_line, read.tail
    return whole


def _tail_of(file: LogFile, end: int) -> bytes:
    length = end % BLOCK
    with file.open(end - length) as content:
        return digest(read_fully(content, length))
