"""What a reader chose to see of a list, as its URL says: searched, sorted, page by page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from insights.courses.answers.answer import Kind
from insights.courses.answers.section import NUMBERS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from insights.courses.answers.answer import Column

_LONGEST_TEXT = 200  # characters
_PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,8}")


@dataclass(frozen=True)
class Selection:
    """What a reader chose to see; each list has a subclass that says how it can be sorted.

    Attributes:
        orders: what the Data API calls the columns that the list can be sorted by.
        lowest_first: numbers of which the lowest are wanted first.
        texts: the members that are texts; of no consequence if they are empty.
        search: what is looked for.
        sort: a column, a key of `orders`.
        descending: the largest or latest first.
        page: its number, from 1.
    """

    orders: ClassVar[Mapping[str, str]]
    lowest_first: ClassVar[Collection[str]] = ()
    texts: ClassVar[Sequence[str]] = ("search",)

    search: str = ""
    sort: str = ""
    descending: bool = False
    page: int = 1

    @property
    def previous(self) -> int:
        """The page before."""
        return self.page - 1

    @property
    def next(self) -> int:
        """The page after."""
        return self.page + 1

    @property
    def is_filtered(self) -> bool:
        """Whether it leaves something out."""
        return any(getattr(self, name) for name in self.texts)

    @property
    def question(self) -> dict[str, str]:
        """How the Data API is asked for its order."""
        return {
            "order_by": self.orders[self.sort],
            "sort_order": "desc" if self.descending else "asc",
        }

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Self:
        """The selection in a URL's parameters; what makes no sense in them stands for nothing."""
        sort, page = parameters.get("sort", ""), parameters.get("page", "")
        return cls(
            **{name: cls.text(name, parameters.get(name, "")) for name in cls.texts},
            sort=sort if sort in cls.orders else cls.sort,
            descending=parameters.get("order") == "desc",
            page=int(page) if _PAGE_NUMBER.fullmatch(page) else 1,
        )

    @classmethod
    def text(cls, name: str, given: str) -> str:  # noqa: ARG003
        """A text as it is used."""
        return given.replace("\0", "").strip()[:_LONGEST_TEXT]

    def heads(self, columns: Sequence[Column]) -> list[Head]:
        """The titles of a table's columns."""
        return [self._head(column) for column in columns]

    def _head(self, column: Column) -> Head:
        if column.key not in self.orders:
            return Head(column, "", "")
        if column.key == self.sort:
            if self.descending:
                return Head(column, "asc", "descending")
            return Head(column, "desc", "ascending")
        # Of most numbers, and of dates, the largest and latest are wanted first.
        from_lowest = column.kind is Kind.TEXT or column.key in self.lowest_first
        return Head(column, "asc" if from_lowest else "desc", "")


@dataclass(frozen=True)
class Head:
    """A column's title, which sorts by it where it has an order.

    Attributes:
        column: the column.
        order: the order that it sorts in when it is followed, `asc` or `desc`; empty: it cannot.
        sorted: how the list is sorted by it, as `aria-sort` has it; empty if it is not.
    """

    column: Column
    order: str
    sorted: str

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return self.column.kind in NUMBERS
