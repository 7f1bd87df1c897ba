"""Rows as the Data API answers them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

ApiRow: TypeAlias = dict[str, Any]


def day_of(text: str) -> date:
    """The day of a date (`2026-05-04`) or of a datetime (`2026-05-04T000000`)."""
    return date.fromisoformat(text[:10])


def by_day(rows: Iterable[ApiRow], member: str = "date") -> list[tuple[date, ApiRow]]:
    """The rows with their days, in order."""
    return sorted(((day_of(row[member]), row) for row in rows), key=lambda pair: pair[0])
