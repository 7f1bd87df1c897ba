"""The dates that a run covers: left-closed, right-open, in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from insights_pipeline.errors import BadOption


@dataclass(frozen=True, order=True)
class Interval:
    """All UTC dates from `start` up to, but without, `end`.

    Attributes:
        whole_before: dates from this one on are not over: what is known of them is what they have
            been so far.
    """

    start: date
    end: date
    whole_before: date = field(default=date.max, compare=False)

    @classmethod
    def parse(cls, text: str) -> Interval:
        """Read `A:B`, two ISO dates with A before B.

        Raises:
            BadOption: the text is no such pair.
        """
        try:
            start, end = (date.fromisoformat(part.strip()) for part in text.split(":"))
        except ValueError:
            raise BadOption(
                f"--interval {text!r} is no interval: give two dates, the second exclusive,"
                " such as 2026-01-01:2026-02-01"
            ) from None
        if start >= end:
            raise BadOption(f"--interval {text!r} is empty: the second date must be the later one")
        return cls(start, end)

    def __str__(self) -> str:
        return f"{self.start}:{self.end}"

    @property
    def whole_end(self) -> date:
        """The date after the last one that is over."""
        return min(self.end, self.whole_before)

    @property
    def last_day(self) -> date:
        """The last date inside the interval."""
        return self.end - timedelta(days=1)


def today() -> date:
    """The current UTC date: the end, exclusive, of the last whole day."""
    return datetime.now(UTC).date()
