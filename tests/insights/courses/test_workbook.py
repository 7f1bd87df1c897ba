"""The workbook of a course, opened as its readers open it."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from io import BytesIO, StringIO
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.courses.answers.answer import Answer, Column, Kind, Table
from insights.courses.answers.workbook import workbook

if TYPE_CHECKING:
    from django.test import Client
    from openpyxl.worksheet.worksheet import Worksheet

    from served import Served

CS101 = "course-v1:ExampleX+CS101+2026_T1"
CSV_OF = {
    "Enrollment 1": "enrollment/activity/enrollment.csv",
    "Enrollment 2": "enrollment/activity/enrollment-modes.csv",
    "Age 1": "enrollment/demographics/age/age-groups.csv",
    "Age 2": "enrollment/demographics/age/ages.csv",
    "Education": "enrollment/demographics/education/education.csv",
    "Gender": "enrollment/demographics/gender/gender.csv",
    "Geography": "enrollment/geography/countries.csv",
    "Activity by week": "engagement/content/weekly-activity.csv",
    "Activity by section": "engagement/sections/section-stops.csv",
    "Videos 1": "engagement/videos/videos.csv",
    "Videos 2": "engagement/videos/stops.csv",
    "Videos 3": "engagement/videos/sections.csv",
    "Graded 1": "performance/graded/assignment-types.csv",
    "Graded 2": "performance/graded/assignments.csv",
    "Ungraded": "performance/ungraded/sections.csv",
    "Learning outcomes 1": "performance/outcomes/tag-1.csv",
    "Learning outcomes 2": "performance/outcomes/tag-2.csv",
    "Learning outcomes 3": "performance/outcomes/tagged-problems.csv",
}


def opened(content: bytes) -> dict[str, Worksheet]:
    book = openpyxl.load_workbook(BytesIO(content))
    return {sheet.title: sheet for sheet in book.worksheets}


def rows_of(sheet: Worksheet) -> list[list[Any]]:
    """Its table, without what stands above."""
    return [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4)]


@pytest.mark.django_db
def test_each_sheet_has_the_numbers_of_its_page(browser: Client, served: Served) -> None:
    answer = browser.get(f"/courses/{CS101}/course.xlsx")
    contents, *sheets = opened(answer.content).values()

    assert answer["Content-Disposition"].endswith('.xlsx"')
    assert (
        contents["A1"].value
        == served.select(
            "SELECT catalog_course_title AS title FROM course_meta_summary_enrollment"
            " WHERE course_id = ? LIMIT 1",
            CS101,
        )[0]["title"]
    )
    assert contents["A2"].value == CS101
    assert contents["A3"].value.startswith("Data until ")
    assert [sheet.title for sheet in sheets] == [*CSV_OF]
    for sheet in sheets:
        page = browser.get(f"/courses/{CS101}/{CSV_OF[sheet.title]}").content.decode()
        _titles, *expected = csv.reader(StringIO(page.removeprefix("\ufeff")))
        _titles, *rows = rows_of(sheet)
        assert len(rows) == len(expected) > 0, sheet.title
        for row, texts in zip(rows, expected, strict=True):
            assert len(row) == len(texts)
            assert all(map(is_in_csv, row, texts)), (sheet.title, row, texts)
        link = next(cell for cell in contents["A"] if cell.value == sheet.title)
        assert link.hyperlink.location == f"'{sheet.title}'!A1"
        assert sheet["A1"].value == link.offset(0, 1).value
        assert sheet["A2"].value == link.offset(0, 2).value


def is_in_csv(value: Any, text: str) -> bool:
    """Whether a cell is what the CSV has: ISO dates, seconds, shares with four decimals."""
    match value:
        case None:
            return text == ""
        case datetime():
            return value.date().isoformat() == text
        case timedelta():
            return value.total_seconds() == int(text)
        case int() | float():
            return round(value, 4) == float(text)
    return str(value) == text


def answer_of(*values: Any, kind: Kind = Kind.TEXT, title: str = "Column") -> Answer:
    table = Table((Column("column", title, kind),), tuple((value,) for value in values))
    return Answer("key", "A question?", "A finding.", table)


@given(st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40), min_size=1))
def test_a_text_is_a_text(values: list[str]) -> None:
    sheet = opened(workbook("T", [], [("Page", answer_of(*values))]))["Page"]

    for cell, value in zip(sheet["A"][4:], values, strict=True):
        assert cell.data_type == "s"
        assert (cell.hyperlink, cell.number_format) == (None, "General")
        # XML has one end of line, and writes what it does not know as _xHHHH_.
        assert openpyxl.utils.escape.unescape(cell.value).split() == value.split()


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@x", "=HYPERLINK(1)", "https://x.org", "12", "", "<b>", "x" * 40_000],
)
def test_nothing_is_run(text: str) -> None:
    sheet = opened(workbook(text, [text], [("Page", answer_of(text))]))["Page"]

    assert (sheet["A5"].value or "") == text[:32_767]
    assert sheet["A5"].data_type == "s"
    assert sheet["A5"].hyperlink is None


def test_values_have_types() -> None:
    parts = [
        ("Share", answer_of(0.25, None, kind=Kind.SHARE)),
        ("Length", answer_of(3725, kind=Kind.DURATION)),
        ("A/B: *very* [long] title of a page?", answer_of(1, kind=Kind.COUNT)),
    ]
    share, length, third = [*opened(workbook("T", [], parts)).values()][1:]

    assert (share["A5"].value, share["A5"].number_format) == (0.25, "0%")
    assert share["A6"].value is None
    assert length["A5"].value == timedelta(hours=1, minutes=2, seconds=5)
    assert third.title == "AB very long title of a pag"
