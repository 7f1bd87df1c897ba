"""Hosts of an LMS that write and rotate tracking logs, and what is read of those."""

from __future__ import annotations

import gzip
import itertools
import json
import os
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import pyarrow.parquet as pq

from embedded import SMALL, reports_in
from insights_pipeline.interval import Interval
from insights_pipeline.logs.files import BLOCK
from insights_pipeline.logs.ledger import KnownFile, Ledger, Stream
from insights_pipeline.logs.reader import put_together, read_pieces
from insights_pipeline.update import Update, run_update

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from insights_pipeline.logs.ledger import Reading
    from insights_pipeline.logs.reader import PieceRead

LEFT = "left for the next run: "


def event(number: int, size: int = 400) -> bytes:
    """A line of about `size` bytes, its newline included; `number` tells it from all others."""
    fields = {
        "username": "ada",
        "event_type": "page_close",
        "time": "2026-01-05T10:11:12.131415+00:00",
        "event": {"number": number, "text": ""},
    }
    bare = len(json.dumps(fields)) + 1
    fields["event"] = {"number": number, "text": "x" * max(size - bare, 0)}
    return json.dumps(fields).encode() + b"\n"


@dataclass
class Clock:
    """Gives each change of a file a time of its own, as on a site that is slower than a test."""

    now: int = field(default_factory=lambda: time.time_ns() - 3600 * 10**9)

    def stamp(self, path: Path) -> None:
        self.now += 10**6
        os.utime(path, ns=(self.now, self.now))


@dataclass
class Host:
    """The folder that one host's logs are copied to."""

    folder: Path
    clock: Clock
    numbers: itertools.count[int]

    @property
    def live(self) -> Path:
        return self.folder / "tracking.log"

    def rotated(self, age: int = 1) -> Path:
        """The file that was rotated away `age` rotations ago."""
        return self.folder / f"tracking.log.{age}"

    def files(self) -> list[Path]:
        return sorted(self.folder.iterdir())

    def write(self, content: bytes, path: Path | None = None) -> None:
        """Add bytes to a file, by default the live log."""
        path = path or self.live
        with path.open("ab") as file:
            file.write(content)
        self.clock.stamp(path)

    def log(self, events: int = 1, size: int = 400) -> list[int]:
        """Add events of about `size` bytes each to the live log; returns their numbers."""
        numbers = list(itertools.islice(self.numbers, events))
        self.write(b"".join(event(number, size) for number in numbers))
        return numbers

    def rotate(self) -> Path:
        """Move the live log away, and older ones further, as logrotate does."""
        self._make_room()
        return self.live.rename(self.rotated())

    def copytruncate(self) -> Path:
        """Copy the live log and empty it, as logrotate's option of that name does."""
        self._make_room()
        self.rotated().write_bytes(self.live.read_bytes())
        self.clock.stamp(self.rotated())
        os.truncate(self.live, 0)
        self.clock.stamp(self.live)
        return self.rotated()

    def compress(self, path: Path | None = None) -> Path:
        """Pack a file, by default the newest rotated one, in its place."""
        path = path or self.rotated()
        packed = path.with_name(f"{path.name}.gz")
        packed.write_bytes(gzip.compress(path.read_bytes(), 1))
        status = path.stat()
        os.utime(packed, ns=(status.st_atime_ns, status.st_mtime_ns))
        path.unlink()
        return packed

    def copy(self, path: Path, name: str = "", size: int | None = None) -> Path:
        """Bring a file, or the first `size` bytes of it, into this folder."""
        copy = self.folder / (name or path.name)
        copy.write_bytes(path.read_bytes()[:size])
        self.clock.stamp(copy)
        return copy

    def _make_room(self) -> None:
        older = {int(path.name.split(".")[2]): path for path in self.folder.glob("tracking.log.?*")}
        for age in sorted(older, reverse=True):
            suffix = ".gz" if older[age].suffix == ".gz" else ""
            older[age].rename(self.folder / f"tracking.log.{age + 1}{suffix}")


@dataclass
class Read:
    """What one run found that was new.

    Attributes:
        events: their numbers.
        left: why a file was left for the next run, by path.
    """

    lines: int = 0
    events: list[int] = field(default_factory=list)
    rejects: Counter[str] = field(default_factory=Counter)
    left: dict[str, str] = field(default_factory=dict)


class Reader(Protocol):
    """Something that reads what is new in a logs folder."""

    def read(self, logs: Path) -> Read: ...


def event_numbers(files: Iterable[Path]) -> list[int]:
    """The numbers of all events in Parquet files, sorted."""
    payloads = [
        payload
        for path in files
        for payload in pq.read_table(path, columns=["payload"])["payload"].to_pylist()
    ]
    return sorted(json.loads(payload)["number"] for payload in payloads)


@dataclass
class MemoryStorage:
    """Keeps a ledger as long as this object lives."""

    files: dict[str, KnownFile] = field(default_factory=dict)
    by_id: dict[int, Stream] = field(default_factory=dict)

    def known_files(self) -> dict[str, KnownFile]:
        return dict(self.files)

    def streams(self, first_line: bytes) -> list[Stream]:
        return [stream for stream in self.by_id.values() if stream.first_line == first_line]

    def last_stream(self) -> int:
        return max(self.by_id, default=0)

    def store(self, ledger: Ledger) -> None:
        self.files |= ledger.files
        self.by_id |= ledger.streams


@dataclass
class LogReader:
    """Reads logs and does nothing else, in pieces as small as can be.

    `meanwhile` is called before each piece of a file, with the number of those already read.
    """

    folder: Path
    meanwhile: Callable[[int], object] = lambda _: None
    storage: MemoryStorage = field(default_factory=MemoryStorage)
    runs: int = 0

    def read(self, logs: Path) -> Read:
        self.runs += 1
        ledger, found, parts = Ledger(self.storage), Read(), []
        folder = self.folder / f"run-{self.runs}"
        folder.mkdir(parents=True)
        for number, readings in enumerate(ledger.rounds(logs, BLOCK)):
            for index, reading in enumerate(readings):
                read = self._read(reading, folder, f"{number}-{index}")
                ledger.take_in(reading, read)
                if not read.problem:
                    parts += read.parts
                    found.lines += read.lines
                    found.rejects += read.rejects
        self.storage.store(ledger)
        found.events = event_numbers(folder / part.name for part in parts)
        found.left = {left.path: left.reason for left in ledger.left}
        return found

    def _read(self, reading: Reading, folder: Path, prefix: str) -> PieceRead:
        in_turn = read_pieces(reading.pieces, folder, prefix, flush_bytes=10**6, workers=1)
        pieces = []
        for pieces_read in range(len(reading.pieces)):
            self.meanwhile(pieces_read)
            pieces.append(next(in_turn)[1])
        return put_together(reading.file, pieces)


@dataclass
class Pipeline:
    """Runs the embedded pipeline as a whole."""

    folder: Path

    def read(self, logs: Path) -> Read:
        before = Counter(self._events())
        update = Update(logs, self.folder, Interval.parse("2026-01-05:2026-01-06"), resources=SMALL)
        record = run_update(update, reports_in(update.data))
        notes = [n.removeprefix(LEFT) for n in record.notes if n.startswith(LEFT)]
        return Read(
            record.lines,
            sorted((Counter(self._events()) - before).elements()),
            record.rejects_by_reason,
            {path: reason for path, _, reason in (note.partition(": ") for note in notes)},
        )

    def _events(self) -> list[int]:
        return event_numbers(self.folder.glob("events/*/*.parquet"))


@dataclass
class LmsSite:
    """Hosts whose logs are copied side by side, and all that was read of them."""

    folder: Path
    reader: Reader
    clock: Clock = field(default_factory=Clock)
    numbers: itertools.count[int] = field(default_factory=itertools.count)

    def host(self, name: str) -> Host:
        """A host of that name, its folder made where it is not there."""
        host = Host(self.folder / name, self.clock, self.numbers)
        host.folder.mkdir(parents=True, exist_ok=True)
        return host

    def read(self) -> Read:
        """Read what is new."""
        return self.reader.read(self.folder)
