"""Rows as the Data API answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from analyticsclient.exceptions import NotFoundError

from insights.courses.answers.answer import SoFar
from insights.data_api.times import day_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

ApiRow: TypeAlias = dict[str, Any]


def by_day(
    rows: Iterable[ApiRow], member: str = "date", today: date | None = None
) -> list[tuple[date, ApiRow]]:
    """The rows with their days, in order; `today` is the one that is not over."""
    days = ((day_in(row[member], today), row) for row in rows)
    return sorted(days, key=lambda pair: pair[0])


def day_in(text: str, today: date | None) -> date:
    """A day as the Data API writes it; `today` is the one that is not over."""
    return marked(day_of(text), today)


def marked(day: date, today: date | None) -> date:
    """The day; as one that is not over, if it is `today`."""
    return SoFar(day.year, day.month, day.day) if day == today else day


def known(ask: Callable[[], list[ApiRow]]) -> list[ApiRow]:
    """What the Data API answers; no rows where the reports hold nothing."""
    try:
        return ask()
    except NotFoundError:
        return []
