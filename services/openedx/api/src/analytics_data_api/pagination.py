"""Pages of a list, for those who ask for one."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any, TypeAlias

from rest_framework.exceptions import NotFound
from rest_framework.utils.urls import replace_query_param

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analytics_data_api.parameters import Parameters

_PAGE_SIZE = 100
# Of lists that are never there as a whole.
SIZE, LARGEST = 25, 100


Find: TypeAlias = "Callable[[int, int], tuple[Sequence[Any], int]]"
"""Gives the items of a list from one place on and before another, and how many there are in all."""


@dataclass(frozen=True)
class Page:
    """A page of a list of `count` items; the first one has number 1."""

    items: Sequence[Any]
    number: int
    num_pages: int
    count: int

    def envelope(self, url: str, results: Any) -> dict[str, Any]:
        """The page as an answer; `url` is that of the request."""
        return {
            "count": self.count,
            "num_pages": self.num_pages,
            "next": self._link(url, self.number + 1),
            "previous": self._link(url, self.number - 1),
            "results": results,
        }

    def _link(self, url: str, number: int) -> str | None:
        if not 1 <= number <= self.num_pages:
            return None
        link: str = replace_query_param(url, "page", number)
        return link


def link_header(envelope: dict[str, Any]) -> str:
    """A page's links as a header has them, for formats that have no place for links."""
    links = (("next", envelope["next"]), ("prev", envelope["previous"]))
    return ", ".join(f'<{url}>; rel="{name}"' for name, url in links if url)


def page_of(items: Sequence[Any], parameters: Parameters) -> Page | None:
    """The page that was asked for; None where the whole list was.

    Raises:
        IllegalParameterValue: `page` or `page_size` is no whole number from 1.
        NotFound: there are fewer pages; the first one is there even if the list is empty.
    """
    number, size = parameters.positive("page"), parameters.positive("page_size")
    if parameters.flag("all") or (number is None and size is None):
        return None

    def find(start: int, stop: int) -> tuple[Sequence[Any], int]:
        return items[start:stop], len(items)

    return found_page(find, number or 1, size or _PAGE_SIZE)


def found_page(find: Find, number: int, size: int) -> Page:
    """Page `number`, of `size` items, of a list that is not all there.

    Raises NotFound: there are fewer pages; the first one is there even if the list is empty.
    """
    items, count = find((number - 1) * size, number * size)
    num_pages = max(1, ceil(count / size))
    if number > num_pages:
        raise NotFound(f"There is no page {number}: the last one is {num_pages}.")
    return Page(items, number, num_pages, count)
