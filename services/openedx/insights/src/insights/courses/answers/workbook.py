"""Answers as an Excel workbook (XLSX): a sheet for each, and one that lists them."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import TYPE_CHECKING

import xlsxwriter
from django.utils.translation import gettext as _

from insights.courses.answers.answer import Kind, SoFar
from insights.courses.answers.formats import plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

    from insights.courses.answers.answer import Answer, Column, Value

TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HEADER_ROW = 3  # below question, finding and an empty row
_WIDEST = 60  # characters of a column
_DAY = 86_400  # seconds
_FORMATS = {
    Kind.DATE: "yyyy-mm-dd",
    Kind.COUNT: "#,##0",
    Kind.SHARE: "0%",
    Kind.RATIO: "0.0",
    Kind.DURATION: "[h]:mm:ss",
}
# What a text looks like is never taken for more than a text: no formula, link or number.
_AS_IT_IS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


def workbook(title: str, facts: Sequence[str], parts: Sequence[tuple[str, Answer]]) -> bytes:
    """The workbook's content.

    Numbers are numbers, shares of 1 with a format of percent, dates dates and durations times; the
    date of a day that is not over is a text that says so.

    Args:
        title: what it is about.
        facts: lines that say more, such as how fresh the numbers are.
        parts: the answers, each with the title of its page, after which its sheet is named.
    """
    file = BytesIO()
    with xlsxwriter.Workbook(file, _AS_IT_IS) as book:
        formats = {kind: book.add_format({"num_format": code}) for kind, code in _FORMATS.items()}
        bold = book.add_format({"bold": True})
        contents = book.add_worksheet(_("Contents"))
        for row, line in enumerate([title, *facts]):
            contents.write_string(row, 0, line, *([bold] if not row else []))
        row = len(facts) + 2
        for name, answer in _named(parts):
            contents.write_url(row, 0, f"internal:'{name}'!A1", string=name)
            contents.write_string(row, 1, answer.question)
            contents.write_string(row, 2, answer.finding)
            row += 1
            _write(book.add_worksheet(name), answer, formats, bold)
        contents.autofit(8 * _WIDEST)
    return file.getvalue()


def _named(parts: Sequence[tuple[str, Answer]]) -> Iterator[tuple[str, Answer]]:
    """Answers with the names of their sheets: a page's title, and which one of it this is."""
    titles = [title for title, _answer in parts]
    seen: dict[str, int] = {}
    for title, answer in parts:
        seen[title] = seen.get(title, 0) + 1
        # A sheet's name has 31 characters at most, and none of these.
        plain = "".join(letter for letter in title if letter not in "[]:*?/\\'")[:27]
        yield (f"{plain} {seen[title]}" if titles.count(title) > 1 else plain), answer


def _write(sheet: Worksheet, answer: Answer, formats: dict[Kind, Format], bold: Format) -> None:
    sheet.write_string(0, 0, answer.question, bold)
    sheet.write_string(1, 0, answer.finding)
    columns, rows = answer.table.columns, answer.table.rows
    for place, column in enumerate(columns):
        sheet.write_string(_HEADER_ROW, place, column.title, bold)
        sheet.set_column(place, place, _width(column, [row[place] for row in rows]))
    for number, row in enumerate(rows, _HEADER_ROW + 1):
        for place, (column, value) in enumerate(zip(columns, row, strict=True)):
            _write_value(sheet, number, place, column, value, formats.get(column.kind))
    sheet.freeze_panes(_HEADER_ROW + 1, 0)
    if rows:
        sheet.autofilter(_HEADER_ROW, 0, _HEADER_ROW + len(rows), len(columns) - 1)


def _write_value(
    sheet: Worksheet, row: int, place: int, column: Column, value: Value, form: Format | None
) -> None:
    match value:
        case None:
            if column.missing:
                sheet.write_string(row, place, column.missing)
        case SoFar():
            sheet.write_string(row, place, str(plain(value, column)))
        case date():
            sheet.write_datetime(row, place, value, form)
        case int() | float():
            sheet.write_number(
                row, place, value / _DAY if column.kind is Kind.DURATION else value, form
            )
        case _:
            sheet.write_string(row, place, value)


def _width(column: Column, values: Sequence[Value]) -> int:
    """In characters, of the longest value that is not too long."""
    longest = max((len(str(value)) for value in values if value is not None), default=0)
    return min(max(len(column.title), longest, 8), _WIDEST) + 2
