"""How a run's progress, and its end, are told on a stream."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from insights_pipeline.runs import RunRecord

_SECONDS_BETWEEN = {"people": 10.0, "programs": 0.5}


class JsonLines:
    """Tells a program, an object a line."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._told = 0.0

    def step(self, name: str) -> None:
        """A step begins."""
        self._tell(step=name)

    def advance(self, done: int, total: int) -> None:
        """`done` of the step's `total` are done; told about twice a second."""
        if done == total or time.monotonic() - self._told >= _SECONDS_BETWEEN["programs"]:
            self._told = time.monotonic()
            self._tell(done=done, total=total)

    def succeeded(self, record: RunRecord) -> None:
        """The run has ended well."""
        self._tell(record=record.as_row() | {"rows_written": record.rows_written})

    def said(self, line: str) -> None:
        """An answer's line."""
        self._tell(said=line)

    def failed(self, message: str, exit_code: int) -> None:
        """The run has failed; people read of it on stderr."""
        self._tell(error=message, exit_code=exit_code)

    def _tell(self, **content: Any) -> None:
        print(json.dumps(content), file=self._stream, flush=True)


class TimedLines:
    """Tells people, in lines that begin with the UTC time."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._step = ""
        self._told = time.monotonic()

    def step(self, name: str) -> None:
        """A step begins."""
        self._step, self._told = name, time.monotonic()
        self._tell(name)

    def advance(self, done: int, total: int) -> None:
        """`done` of the step's `total` are done; told every ten seconds."""
        if total and time.monotonic() - self._told >= _SECONDS_BETWEEN["people"]:
            self._told = time.monotonic()
            self._tell(f"{self._step}: {done / total:.0%}")

    def succeeded(self, record: RunRecord) -> None:
        """The run has ended well."""
        self._tell(
            f"{record.interval} published: {record.files:,} files with something new,"
            f" {record.events:,} events, {record.rejected:,} rejects,"
            f" {record.rows_written:,} rows changed"
        )

    def news(self, line: str) -> None:
        """Something has happened."""
        self._tell(line)

    def said(self, line: str) -> None:
        """An answer's line."""
        print(line, file=self._stream, flush=True)

    def failed(self, message: str, _exit_code: int) -> None:
        """The run has failed."""
        print(f"insights-pipeline: {message}", file=sys.stderr, flush=True)

    def _tell(self, message: str) -> None:
        print(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {message}", file=self._stream, flush=True)
