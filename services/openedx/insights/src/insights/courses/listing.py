"""The list of courses: which of them, in which order, and as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from analyticsclient.exceptions import NotFoundError
from django.utils.translation import gettext as _

from insights.courses.answers.answer import Answer, Column, Kind, Table
from insights.courses.answers.formats import number, shown
from insights.courses.selection import Selection
from insights.data_api.times import day_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from insights.courses.answers.answer import Row
    from insights.courses.answers.rows import ApiRow
    from insights.courses.selection import Head
    from insights.data_api.client import DataApi

PAGE_SIZE = 50

# Column: the member of the Data API's summaries that it shows and sorts by.
MEMBERS = {
    "title": "catalog_course_title",
    "start": "start_date",
    "enrolled": "count",
    "ever": "cumulative_count",
    "change": "count_change_7_days",
    "active": "active_count",
    "active_change": "active_count_change",
    "verified": "verified_enrollment",
    "passing": "passing_users",
}

SIGNED = ("change", "active_change")
"""Columns of changes."""


@dataclass(frozen=True)
class CourseSelection(Selection):
    """Of the list of courses: those with a part of the title or id; all if that is empty."""

    orders: ClassVar[Mapping[str, str]] = MEMBERS
    lowest_first: ClassVar[Collection[str]] = ("active_change",)

    sort: str = "title"


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
    data_api: DataApi, course_ids: Sequence[str] | None, selection: CourseSelection
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
    data_api: DataApi, course_ids: Sequence[str] | None, selection: CourseSelection
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
    data_api: DataApi, course_ids: Sequence[str] | None, selection: CourseSelection, **paging: Any
) -> Any:
    return data_api.course_summaries().course_summaries(
        course_ids=course_ids and list(course_ids),
        text_search=selection.search,
        fields=["course_id", *MEMBERS.values()],
        **selection.question,
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
        Column("active", _("Active in last week"), Kind.COUNT),
        Column("active_change", _("Change in active"), Kind.COUNT),
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


def heads(selection: CourseSelection) -> list[Head]:
    """The columns by which the list can be sorted."""
    return selection.heads([column for column in columns() if column.key in MEMBERS])


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
        signed(value) if column.key in SIGNED and isinstance(value, int) else shown(value, column)
        for value, column in zip(counts, columns()[3:], strict=True)
    ]
    return Line(str(course_id), str(title or ""), shown(start, columns()[2]), texts)


def signed(value: int) -> str:
    """A change, with its sign: +12, −1, 0."""
    if not value:
        return number(0)
    return f"{'+' if value > 0 else '−'}{number(abs(value))}"
