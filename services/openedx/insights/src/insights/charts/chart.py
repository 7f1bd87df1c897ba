"""Which columns of a table a chart shows, and how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

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
class Chart:
    """A chart of the columns `y` over the column `x` of a table.

    `point` is what its points are called, with a place for the value ("Age {}"). Of bars, `share`
    is a column to show beside the counts, `note` one of texts to show after them, and `apart` the
    category that is none of the others. Of a map, `place` is the column of the countries' codes,
    ISO 3166-1 alpha-2; where it has none, the row is in the table alone. Over time, `before` is a
    column with the values of an earlier time: of the first of `y`, or of all of them where they add
    up.
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
