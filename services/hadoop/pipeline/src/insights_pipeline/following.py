"""Follows logs that grow: one update after the other, each with what is new since the one before.

Such an update covers today as well, as far as it has come. What would cost as much each time is
done less often: what comes in beside the logs is taken in once a UTC day, what is written whole
(reports that are files, the learner search) once an hour. Where no log has changed nothing is done
but to look at the files' names, sizes and times.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from insights_pipeline.compacting import compact
from insights_pipeline.errors import BadOption, PipelineError
from insights_pipeline.interval import Interval, today
from insights_pipeline.logs.files import find_files
from insights_pipeline.publish.reports import Reports
from insights_pipeline.runs import Standing
from insights_pipeline.update import check, run_update

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import date
    from pathlib import Path
    from typing import Any

    from insights_pipeline.publish.reports import Transaction
    from insights_pipeline.runs import RunRecord
    from insights_pipeline.update import Update

_WHOLE_EVERY = 3600  # seconds between writings of what is written whole
_SEARCH_AGAIN = 300  # seconds after which a search server that was away is tried again
_TELL_AGAIN = 3600  # seconds after which a failure that lasts is told again
_LEAST_PAUSE = 1.0  # seconds, also where an update takes longer than `every`


def follow(update: Update, reports: Reports, every: float, tell: Callable[[str], None]) -> None:
    """Bring the reports up to date with logs that grow, until KeyboardInterrupt.

    What keeps an update from being done (a full disk, a database that is away, another update at
    work) is told, and tried again.

    Args:
        update: what to run; an interval without today is refused.
        reports: where to publish.
        every: seconds from the start of an update to the start of the next.
        tell: given a line on each update, and on what keeps one from being done.

    Raises:
        PipelineError: it cannot be begun.
    """
    follower = Follower(update, reports)
    telling = _Telling(tell)
    while True:
        began = time.monotonic()
        try:
            record = follower.look()
        except PipelineError as error:
            telling.failure(str(error))
        else:
            if record:
                telling.success(_describe(record, time.monotonic() - began))
            try:
                follower.tidy()
            except PipelineError as error:
                tell(f"events of days that are over stay in many files until tomorrow: {error}")
        time.sleep(max(began + every - time.monotonic(), _LEAST_PAUSE))


class Follower:
    """Updates of one data folder from logs that grow.

    Args:
        update: what to run.
        reports: where to publish.
        clock: tells the UTC date.

    Raises:
        PipelineError: it cannot be begun: an option is not what it should be.
    """

    def __init__(self, update: Update, reports: Reports, clock: Callable[[], date] = today) -> None:
        check(update)
        if update.interval and update.interval.end <= clock():
            raise BadOption(
                f"the interval {update.interval} is over, and nothing of it is to come: leave it"
                " out (--interval, INTERVAL) to follow the logs, or use inv local.update"
            )
        if update.interval and update.interval.start > clock():
            raise BadOption(
                f"the interval {update.interval} has not begun, and nothing of it is there: follow"
                " the logs from its first day on, or without it (--interval, INTERVAL)"
            )
        self._update = update
        self._reports = _OpenedOnce(reports)
        self._clock = clock
        self._seen: _Seen | None = None
        self._shown: date | None = None
        self._tidied: date | None = None
        self._standing = Standing()
        self._write_at = 0.0

    def look(self) -> RunRecord | None:
        """Do an update if a log has changed since the last one, or the day; None: there is none.

        Raises:
            PipelineError: it could not be done; the next look tries again.
        """
        day = self._clock()
        seen = _Seen.of(self._update.logs)
        if (seen, day) == (self._seen, self._shown):
            return None
        is_new_day = day != self._shown
        self._seen = None
        record = run_update(self._todays(day, is_new_day), self._reports)
        if self._standing.files is None:
            wait = _SEARCH_AGAIN if record.search_is_behind else _WHOLE_EVERY
            self._write_at = time.monotonic() + wait
        self._standing = record.standing
        self._seen, self._shown = seen, day
        return record

    def tidy(self) -> None:
        """After the first update of a day, make one file of each earlier day's many.

        Raises:
            PipelineError: it could not be done; it is tried again on the next day.
        """
        if self._shown and self._tidied != self._shown:
            self._tidied = self._shown
            compact(self._update.data, self._update.resources, before=self._shown)

    def _todays(self, day: date, is_new_day: bool) -> Update:
        """The update that is due."""
        tomorrow = day + timedelta(days=1)
        interval = self._update.interval
        if interval and interval.end > tomorrow:
            interval = Interval(interval.start, tomorrow)
        if is_new_day:
            self._standing = Standing()
        elif time.monotonic() >= self._write_at:
            self._standing = Standing(inputs=self._standing.inputs)
        return replace(
            self._update, interval=interval, until=day, so_far=True, standing=self._standing
        )


@dataclass(frozen=True)
class _Seen:
    """The log files as they were at a moment, and what could not be looked into."""

    files: tuple[tuple[str, int, int, int], ...]
    unreadable: tuple[str, ...]

    @classmethod
    def of(cls, logs: Path) -> _Seen:
        """Names, sizes and times of all files; the last of these changes with their modes too."""
        found, unreadable = find_files(logs)
        return cls(
            tuple(
                (path, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
                for path, status in found
            ),
            tuple(file.path for file in unreadable),
        )


class _OpenedOnce(Reports):
    """A reports database that is opened by the first run, and after a failure; each failure that
    lasts is noted once."""

    def __init__(self, reports: Reports) -> None:
        self.place = reports.place
        self._reports = reports
        self._is_open = False
        self._noted: str | None = None

    def open(self) -> None:
        if not self._is_open:
            self._reports.open()
            self._is_open = True

    def transaction(self) -> AbstractContextManager[Transaction]:
        return self._reports.transaction()

    def publish(self, *arguments: Any) -> None:
        super().publish(*arguments)
        self._noted = None

    def note_failure(self, record: RunRecord) -> None:
        self._is_open = False
        if record.error != self._noted:
            super().note_failure(record)
            self._noted = record.error


class _Telling:
    """Tells each update, and a failure that lasts once an hour."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._failure = ""
        self._told = 0.0

    def success(self, line: str) -> None:
        """An update was done."""
        self._failure = ""
        self._tell(line)

    def failure(self, reason: str) -> None:
        """An update could not be done."""
        if reason != self._failure or time.monotonic() - self._told >= _TELL_AGAIN:
            self._failure, self._told = reason, time.monotonic()
            self._tell(f"not updated, and tried again each time: {reason}")


def _describe(record: RunRecord, seconds: float) -> str:
    late = f" ({record.late_events:,} of earlier days)" if record.late_events else ""
    rejects = f", {record.rejected:,} rejects" if record.rejected else ""
    return (
        f"{record.events:,} events{late}{rejects}: {record.rows_written:,} rows changed in"
        f" {seconds:.1f} s"
    )
