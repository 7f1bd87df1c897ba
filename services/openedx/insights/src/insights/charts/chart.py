"""Which columns of a table a chart shows, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, cast

from insights.courses.answers.answer import Kind

if TYPE_CHECKING:
    from datetime import date

    from insights.courses.answers.answer import Table

MOST_BARS = 30  # what an eye takes in; the table has all


class Form(Enum):
    """The forms of charts."""

    LINES = auto()  # several columns over time
    AREAS = auto()  # columns that add up, over time or over the length of a video
    COLUMNS = auto()  # one column over whole numbers
    # One or two columns over the first MOST_BARS categories; the second is a part of the first.
    BARS = auto()
    MAP = auto()  # one column over countries of the world


@dataclass(frozen=True)
class Mark:
    """A place on the x axis, and what is to be said of it."""

    value: int
    text: str


@dataclass(frozen=True)
class Flag:
    """A day to point out, by a number in the chart; its texts stand beside the chart."""

    number: int
    day: date
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Chart:
    """A chart of the columns `y` over the column `x` of a table.

    `point` is what its points are called, with a place for the value ("Age {}"). Of bars, `share`
    is a column to show beside the counts, `note` one of texts to show after them, and `apart` the
    category that is none of the others. Of a map, `place` is the column of the countries' codes,
    ISO 3166-1 alpha-2; where it has none, the row is in the table alone. Over time, `before` is a
    column with the values of an earlier time: of the first of `y`, or of all of them where they add
    up; `flags` are days to point out, in their order, and `last_day` is a column with the last day
    of each point, where a point is more than one. Lines that are `dashed` differ by their dashes
    too.
    """

    form: Form
    x: str
    y: tuple[str, ...]
    point: str = "{}"
    mark: Mark | None = None
    share: str | None = None
    apart: str | None = None
    before: str | None = None
    place: str | None = None
    note: str | None = None
    last_day: str | None = None
    dashed: bool = False
    flags: tuple[Flag, ...] = ()

    def is_over_days(self, table: Table) -> bool:
        """Whether its x axis is the calendar."""
        return (
            self.form in (Form.LINES, Form.AREAS)
            and bool(table.rows)
            and table.column(self.x).kind is Kind.DATE
        )

    def days(self, table: Table) -> tuple[date, date]:
        """The first and the last day that it tells of, if it is over days."""
        last = cast("list[date]", table.values(self.last_day or self.x))[-1]
        return cast("list[date]", table.values(self.x))[0], last
