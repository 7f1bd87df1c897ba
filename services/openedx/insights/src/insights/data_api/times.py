"""Dates and times as the Data API writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime

_DATE, _DATETIME = "%Y-%m-%d", "%Y-%m-%dT%H%M%S"


def day_of(text: str) -> date:
    """A UTC day; of a date with a time, the day of it."""
    return moment_of(text).date()


def moment_of(text: str) -> datetime:
    """A time in UTC; of a date, its midnight."""
    form = _DATETIME if "T" in text else _DATE
    return datetime.strptime(text, form).replace(tzinfo=UTC)
