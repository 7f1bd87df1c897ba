"""Rows as the Data API answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from insights.data_api.times import day_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

ApiRow: TypeAlias = dict[str, Any]


def by_day(rows: Iterable[ApiRow], member: str = "date") -> list[tuple[date, ApiRow]]:
    """The rows with their days, in order."""
    return sorted(((day_of(row[member]), row) for row in rows), key=lambda pair: pair[0])
