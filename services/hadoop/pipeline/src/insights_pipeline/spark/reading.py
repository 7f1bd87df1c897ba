"""Turns copied pieces of logs into events on the cluster, with the embedded engine's reader."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from insights_pipeline.events import Reject
from insights_pipeline.logs.reader import PieceRead, kept_text, parse_piece
from insights_pipeline.schema import EVENTS, Type
from insights_pipeline.spark.copying import Copied, HeldFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from insights_pipeline.events import Event

EVENT, REJECT, SUMMARY = "event", "reject", "summary"
"""Kinds of rows that reading gives."""

_ARROW = {
    Type.TIMESTAMP: pa.timestamp("us", tz="UTC"),
    Type.BIGINT: pa.int64(),
    Type.TEXT: pa.string(),
}
_COLUMNS = pa.schema(
    [
        ("kind", pa.string()),
        ("date", pa.date32()),
        ("piece", pa.string()),
        ("line", pa.int64()),
        ("detail", pa.string()),
        *[(column.name, _ARROW[column.type]) for column in EVENTS.columns if column.name != "date"],
    ]
)
ROW = (
    "kind STRING, date DATE, piece STRING, line BIGINT, detail STRING, time TIMESTAMP, "
    + ", ".join(
        f"{column.name} {'STRING' if column.type is Type.TEXT else column.type}"
        for column in EVENTS.columns
        if column.name not in ("time", "date")
    )
)
"""A row in Spark's words: an event; a reject with its line in the piece and, as JSON, reason and
text; or the summary of a piece, as JSON."""

_BATCH_BYTES = 8 * 2**20  # of plain log that are held as events before they become a batch


@dataclass(frozen=True)
class ReadPieces:
    """What executors run: from files of pieces (path and content) to rows.

    Attributes:
        pieces: all that were copied, by the names of their files.
    """

    pieces: Mapping[str, Copied]

    def __call__(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for file in batch.to_pylist():
                # Pieces of logs that were left for another run are not among them.
                if copied := self.pieces.get(file["path"].rpartition("/")[2]):
                    yield from read_copied(copied, file["content"])


def read_copied(copied: Copied, content: bytes) -> Iterator[pa.RecordBatch]:
    """The rows of one piece; the last one is its summary.

    Raises:
        Spoilt: the content is not what was copied.
    """
    if hashlib.sha256(content).hexdigest() != copied.checksum:
        raise Spoilt(copied.name)
    file = HeldFile(**vars(copied.piece.file), copied=copied, content=content)
    piece, read = replace(copied.piece, file=file), PieceRead()
    rows = _Rows(copied.name, read)
    parse_piece(piece, read, rows)
    rows.close()
    read.tail = file.tail(read.end) if read.end else read.tail
    yield from rows.batches
    yield _batch({"kind": [SUMMARY], "piece": [copied.name], "detail": [as_text(read)]})


class Spoilt(Exception):
    """The store gave other bytes than it was given; `args[0]` names the file."""


@dataclass
class _Rows:
    """Gathers a piece's events and rejects as batches of rows."""

    piece: str
    read: PieceRead
    batches: list[pa.RecordBatch] = field(default_factory=list)
    _events: list[Event] = field(default_factory=list)
    _rejects: list[tuple[int, str]] = field(default_factory=list)
    _held: int = 0

    def add(self, event: Event, size: int) -> None:
        self._events.append(event)
        self._hold(size)

    def reject(self, line: int, reason: Reject, text: bytes) -> None:
        self.read.rejects[reason] += 1
        kept = kept_text(text)
        self._rejects.append((line, json.dumps([reason, kept])))
        self._hold(len(kept))

    def close(self) -> None:
        if events := self._events:
            self.read.events += len(events)
            columns = dict(zip(events[0]._fields, zip(*events, strict=True), strict=True))
            dates = [time.date() for time in columns["time"]]
            kinds = [EVENT] * len(events)
            self.batches.append(_batch({"kind": kinds, "date": dates, **columns}))
        if self._rejects:
            lines, details = zip(*self._rejects, strict=True)
            count = len(lines)
            self.batches.append(
                _batch(
                    {
                        "kind": [REJECT] * count,
                        "piece": [self.piece] * count,
                        "line": lines,
                        "detail": details,
                    }
                )
            )
        self._events, self._rejects, self._held = [], [], 0

    def _hold(self, size: int) -> None:
        self._held += size
        if self._held >= _BATCH_BYTES:
            self.close()


def _batch(columns: Mapping[str, Any]) -> pa.RecordBatch:
    rows = len(columns["kind"])
    return pa.record_batch(
        [
            pa.array(columns[name], type_) if name in columns else pa.nulls(rows, type_)
            for name, type_ in zip(_COLUMNS.names, _COLUMNS.types, strict=True)
        ],
        schema=_COLUMNS,
    )


def as_text(read: PieceRead) -> str:
    """A summary as JSON."""
    found = {name: getattr(read, name) for name in ("lines", "events", "end", "open_line")}
    digests = {name: getattr(read, name).hex() for name in ("head", "blocks", "tail")}
    return json.dumps(found | digests | {"rejects": read.rejects})


def from_text(text: str) -> PieceRead:
    """The summary that `as_text` wrote."""
    found = json.loads(text)
    for name in ("head", "blocks", "tail"):
        found[name] = bytes.fromhex(found[name])
    read = PieceRead(**{name: value for name, value in found.items() if name != "rejects"})
    read.rejects.update({Reject(reason): count for reason, count in found["rejects"].items()})
    return read
