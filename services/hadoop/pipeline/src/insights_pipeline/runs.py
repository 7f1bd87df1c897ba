"""The record of a run: what came in, what came out, how long each step took."""

from __future__ import annotations

import json
import time
import uuid
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from insights_pipeline import __version__

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import date

    from insights_pipeline.interval import Interval


@dataclass
class Standing:
    """What a run soon after another one may leave as that one left it; it repeats the notes.

    Attributes:
        inputs: notes on what comes in beside the logs; None: that is taken in anew.
        files: notes on what is written whole (reports that are files, the learner search); None:
            that is brought up to date too.
    """

    inputs: list[str] | None = None
    files: list[str] | None = None


@dataclass
class RunRecord:
    """One run of the pipeline.

    Attributes:
        started: UTC.
        interval: the dates that the tables cover.
        files: log files with something new in them.
        bytes: plain log bytes taken in.
        lines: lines taken in: events + rejects.
        late_events: events of days that an earlier run had published already.
        rows_by_table: rows of each report after the run.
        rows_written: report rows that this run published: new ones, changed ones and removed ones.
        notes: what an operator should know, such as files left for the next run.
        warehouse_id, sequence: the state of which warehouse the reports hold.
        newest_event: its date, of all that were ever read; a clock that is ahead tells no later one
            than that of the run.
        standing: what the next run may leave as this one left it.
        search_is_behind: whether the learner search could not be brought up to date.
    """

    engine: str
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    version: str = __version__
    status: str = "failed"
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    interval: Interval | None = None
    files: int = 0
    bytes: int = 0
    lines: int = 0
    events: int = 0
    late_events: int = 0
    rejects_by_reason: Counter[str] = field(default_factory=Counter)
    rows_by_table: dict[str, int] = field(default_factory=dict)
    rows_written: int = 0
    seconds_by_step: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    warehouse_id: str = ""
    sequence: int = 0
    newest_event: date | None = None
    standing: Standing = field(default_factory=Standing)
    search_is_behind: bool = False
    error: str | None = None

    def as_row(self) -> dict[str, Any]:
        """The record as a row of the table pipeline_run, which ends now; times in UTC."""
        interval = self.interval
        return {
            "run_id": self.run_id,
            "created": moment(ended := datetime.now(UTC)),
            "status": self.status,
            "started": moment(self.started),
            "ended": moment(ended),
            "interval_start": interval and interval.start.isoformat(),
            "interval_end": interval and interval.end.isoformat(),
            "newest_event": self.newest_event and self.newest_event.isoformat(),
            "engine": self.engine,
            "version": self.version,
            "files": self.files,
            "bytes": self.bytes,
            "lines": self.lines,
            "events": self.events,
            "rejected": self.rejected,
            "late_events": self.late_events,
            "warehouse_id": self.warehouse_id,
            "sequence": self.sequence,
            "error": self.error,
            "rejects_by_reason": json.dumps(self.rejects_by_reason),
            "rows_by_table": json.dumps(self.rows_by_table),
            "seconds_by_step": json.dumps(self.seconds_by_step),
            "notes": json.dumps(self.notes),
        }

    @property
    def rejected(self) -> int:
        """Lines that are no events."""
        return self.rejects_by_reason.total()

    @contextmanager
    def step(self, name: str) -> Generator[None]:
        """Measure a step, or one more round of it; a failure says which step it was.

        What a step within it takes is that step's alone.
        """
        begin, before = time.monotonic(), sum(self.seconds_by_step.values())
        try:
            yield
        except BaseException:
            self.error = self.error or f"in step {name}"
            raise
        finally:
            within = sum(self.seconds_by_step.values()) - before
            seconds = self.seconds_by_step.get(name, 0) + time.monotonic() - begin - within
            self.seconds_by_step[name] = round(seconds, 3)


def moment(at: datetime) -> str:
    """A time in UTC as both databases read it."""
    return at.strftime("%Y-%m-%d %H:%M:%S")
