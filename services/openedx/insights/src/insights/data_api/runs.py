"""What the pipeline's runs tell about the numbers on a page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from insights.data_api.times import day_of, moment_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from insights.data_api.client import DataApi

SILENT = timedelta(days=3)
"""Without any event on the whole site."""
_CONSIDERED = 20  # runs to look back for one that succeeded


@dataclass(frozen=True)
class Freshness:
    """How fresh the numbers are.

    Attributes:
        until: the last day that they cover whole; None on a site's first day.
        today: the day after it, if they cover that so far.
        silent_since: the day of the newest event, if no event is of the `SILENT` days after it:
            logs may have stopped coming.
        computed: when, in UTC; None where nothing has been computed yet.
        notes: what the run could not compute, and why.
        failed: when the newest run failed, if it did.
    """

    until: date | None = None
    today: date | None = None
    silent_since: date | None = None
    computed: datetime | None = None
    notes: Sequence[str] = ()
    failed: datetime | None = None


def freshness(data_api: DataApi) -> Freshness:
    """How fresh the numbers are that `data_api` answers with."""
    runs = data_api.runs(limit=_CONSIDERED)
    if not runs:
        return Freshness()
    failed = moment_of(runs[0]["ended"]) if runs[0]["status"] == "failed" else None
    succeeded = next((run for run in runs if run["status"] == "succeeded"), None)
    if succeeded is None:
        # Every one of a long row failed; what is shown may still be from one before them.
        succeeded = next(iter(data_api.runs(limit=1, status="succeeded")), None)
    if succeeded is None:
        return Freshness(failed=failed)
    start, end, newest = (
        _day(succeeded[member]) for member in ("interval_start", "whole_end", "newest_event")
    )
    has_whole_day = start and end and start < end
    is_silent = end and newest and end - newest > SILENT
    return Freshness(
        until=end - timedelta(days=1) if end and has_whole_day else None,
        silent_since=newest if is_silent else None,
        today=end if end != _day(succeeded["interval_end"]) else None,
        computed=moment_of(succeeded["ended"]),
        notes=tuple(succeeded["notes"]),
        failed=failed,
    )


def _day(text: str | None) -> date | None:
    return day_of(text) if text else None
