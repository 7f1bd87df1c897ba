"""The list of courses: which of them, in which order, and as a table."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analyticsclient.exceptions import NotFoundError
from django.utils.translation import gettext as _

from insights.courses.answers.answer import Answer, Column, Kind, Table
from insights.courses.answers.formats import number, shown
from insights.data_api.times import day_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from insights.courses.answers.answer import Row
    from insights.courses.answers.rows import ApiRow
    from insights.data_api.client import DataApi

PAGE_SIZE = 50
_LONGEST_SEARCH = 200  # characters
_PAGE_NUMBER = re.compile(r"[1-9][0-9]{0,8}")

# Column: the member of the Data API's summaries that it shows and sorts by.
MEMBERS = {
    "title": "catalog_course_title",
    "start": "start_date",
    "enrolled": "count",
    "ever": "cumulative_count",
    "change": "count_change_7_days",
    "verified": "verified_enrollment",
    "passing": "passing_users",
}


SIGNED = "change"


@dataclass(frozen=True)
class Selection:
    """What a reader chose to see.

    Attributes:
        search: a part of titles or ids; all courses if it is empty.
        sort: a column, a key of `MEMBERS`.
        descending: the largest or latest first.
        page: its number, from 1.
    """

    search: str = ""
    sort: str = "title"
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

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> Selection:
        """The selection in a URL's parameters; what makes no sense in them stands for nothing."""
        sort, page = parameters.get("sort", ""), parameters.get("page", "")
        return cls(
            search=parameters.get("search", "").strip()[:_LONGEST_SEARCH],
            sort=sort if sort in MEMBERS else cls.sort,
            descending=parameters.get("order") == "desc",
            page=int(page) if _PAGE_NUMBER.fullmatch(page) else 1,
        )


@dataclass(frozen=True)
class Listing:
    """A page of courses.

    Attributes:
        summaries: the Data API's.
        count: courses on all pages.
        pages: how many there are.
    """

    summaries: Sequence[ApiRow] = ()
    count: int = 0
    pages: int = 1


def page_of_courses(
    data_api: DataApi, course_ids: Sequence[str] | None, selection: Selection
) -> Listing:
    """A page of those of the courses that were selected.

    Args:
        data_api: where the summaries come from.
        course_ids: the courses that the reader sees; None stands for all.
        selection: what to show of them.

    Raises NotFoundError if there are fewer pages.
    """
    if course_ids == []:
        return Listing()
    found = _summaries(data_api, course_ids, selection, page=selection.page, page_size=PAGE_SIZE)
    return Listing(found["results"], found["count"], found["num_pages"])


def all_courses(
    data_api: DataApi, course_ids: Sequence[str] | None, selection: Selection
) -> list[ApiRow]:
    """Those of the courses that were selected, whatever the page."""
    if course_ids == []:
        return []
    try:
        found: list[ApiRow] = _summaries(data_api, course_ids, selection, request_all=True)
    except NotFoundError:
        return []
    return found


def _summaries(
    data_api: DataApi, course_ids: Sequence[str] | None, selection: Selection, **paging: Any
) -> Any:
    return data_api.course_summaries().course_summaries(
        course_ids=course_ids and list(course_ids),
        text_search=selection.search,
        order_by=MEMBERS[selection.sort],
        sort_order="desc" if selection.descending else "asc",
        exclude=["enrollment_modes"],
        **paging,
    )


def columns() -> tuple[Column, ...]:
    """The table's columns: those of `MEMBERS`, and the id beside the title."""
    return (
        Column("title", _("Course"), Kind.TEXT),
        Column("course_id", _("Course id"), Kind.CODE),
        Column("start", _("Start"), Kind.DATE),
        Column("enrolled", _("Enrolled"), Kind.COUNT),
        Column("ever", _("Ever enrolled"), Kind.COUNT),
        Column("change", _("Change in 7 days"), Kind.COUNT),
        Column("verified", _("Verified"), Kind.COUNT),
        Column("passing", _("Passing"), Kind.COUNT),
    )


def courses(summaries: Sequence[ApiRow]) -> Answer:
    """The courses as an answer."""
    return Answer(
        key="courses",
        question=_("How many learners do my courses have?"),
        finding="",
        table=Table(columns(), tuple(_row(summary) for summary in summaries)),
    )


def _row(summary: ApiRow) -> Row:
    start = summary["start_date"]
    return (
        summary["catalog_course_title"],
        summary["course_id"],
        day_of(start) if start else None,
        *(summary[MEMBERS[column.key]] for column in columns() if column.kind is Kind.COUNT),
    )


@dataclass(frozen=True)
class Head:
    """A column's title, which sorts by it.

    Attributes:
        column: the column.
        order: the order that it sorts in when it is followed, `asc` or `desc`.
        sorted: how the list is sorted by it, as `aria-sort` has it; empty if it is not.
    """

    column: Column
    order: str
    sorted: str

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return self.column.kind is Kind.COUNT


def heads(selection: Selection) -> list[Head]:
    """The columns by which the list can be sorted."""
    return [_head(column, selection) for column in columns() if column.key in MEMBERS]


def _head(column: Column, selection: Selection) -> Head:
    if column.key == selection.sort:
        if selection.descending:
            return Head(column, "asc", "descending")
        return Head(column, "desc", "ascending")
    # Of numbers and dates, the largest and latest are wanted first.
    return Head(column, "asc" if column.kind is Kind.TEXT else "desc", "")


@dataclass(frozen=True)
class Line:
    """A course in the list, its values as text."""

    course_id: str
    title: str
    start: str
    counts: Sequence[str]


def lines(summaries: Sequence[ApiRow]) -> list[Line]:
    """The courses as people read them."""
    return [_line(_row(summary)) for summary in summaries]


def _line(row: Row) -> Line:
    title, course_id, start, *counts = row
    texts = [
        signed(value) if column.key == SIGNED and isinstance(value, int) else shown(value, column)
        for value, column in zip(counts, columns()[3:], strict=True)
    ]
    return Line(str(course_id), str(title or ""), shown(start, columns()[2]), texts)


def signed(value: int) -> str:
    """A change, with its sign: +12, −1, 0."""
    if not value:
        return number(0)
    return f"{'+' if value > 0 else '−'}{number(abs(value))}"
