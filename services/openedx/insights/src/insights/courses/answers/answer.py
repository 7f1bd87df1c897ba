"""An answer to a question that an instructor asks: what page, chart, table and CSV all show."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from insights.charts.chart import Chart

Value: TypeAlias = str | int | float | date | None
Row: TypeAlias = tuple[Value, ...]


class SoFar(date):
    """A day that is not over: what is known of it is what it has been so far."""


class Kind(Enum):
    """What the values of a column are."""

    TEXT = auto()
    CODE = auto()  # an identifier, for machines
    DATE = auto()
    COUNT = auto()
    SHARE = auto()  # of 1
    RATIO = auto()  # a number with decimals
    DURATION = auto()  # seconds


@dataclass(frozen=True)
class Column:
    """A column of a table.

    `counted` says after a number what was counted, for one and many alike ("12 enrolled");
    `missing` stands where there is no value, and `label` on a page, where the title is too long.
    """

    key: str
    title: str
    kind: Kind
    counted: str = ""
    missing: str = ""
    label: str = ""


@dataclass(frozen=True)
class Table:
    """Rows of values in the order of the columns; `links`: where each row's first value leads."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    links: tuple[str, ...] = ()

    def column(self, key: str) -> Column:
        """The column of this key."""
        return self.columns[self._index(key)]

    def values(self, key: str) -> list[Value]:
        """A column's values, row by row."""
        index = self._index(key)
        return [row[index] for row in self.rows]

    def _index(self, key: str) -> int:
        return next(index for index, column in enumerate(self.columns) if column.key == key)


@dataclass(frozen=True)
class Answer:
    """A question, what the data say to it in a sentence or two, and the numbers themselves.

    `key` names it in URLs and file names. Without data the finding says so and the table is empty;
    there is no chart where it would show nothing. A page shows `most_rows` of the table at most,
    the CSV all.
    """

    key: str
    question: str
    finding: str
    table: Table
    chart: Chart | None = None
    most_rows: int | None = None
