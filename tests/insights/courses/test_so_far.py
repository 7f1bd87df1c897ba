"""Numbers of a day that is not over, marked wherever they are shown."""

from __future__ import annotations

import csv
import re
from datetime import date, timedelta
from io import BytesIO, StringIO
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import openpyxl
import pytest
from pypdf import PdfReader

from courses_by_hand import UNTIL, insert_course, insert_run
from insights.courses.answers.answer import SoFar
from insights.courses.answers.formats import day
from insights.courses.answers.learner import DONE, timeline

if TYPE_CHECKING:
    from django.test import Client

    from served import Served

COURSE = "course-v1:Ex+Today+T1"
SUNDAY, SATURDAY = "3 May 2026", "2 May 2026"

pytestmark = pytest.mark.django_db


@pytest.fixture
def followed(served_by_hand: Served, browser: Client) -> Client:
    """A reader at noon of the Sunday on which the numbers end."""
    if not served_by_hand.select("SELECT 1 FROM pipeline_run"):
        insert_run(served_by_hand, UNTIL, so_far=True)
        insert_course(served_by_hand, COURSE, enrolled=40)
    return browser


def page(reader: Client, path: str) -> str:
    """A page's text, without its markup."""
    html = reader.get(f"/courses/{COURSE}/{path}").content.decode()
    return re.sub(r"\s+", " ", re.sub(r"<script.*?</script>|<[^>]+>", " ", html, flags=re.DOTALL))


def test_each_page_says_how_far_the_numbers_go(followed: Client) -> None:
    for path in ("", "enrollment/activity/", "engagement/content/", "report/"):
        assert f"Data until {SATURDAY}, {SUNDAY} so far" in page(followed, path), path


def test_today_is_marked_in_sentence_chart_table_and_file(followed: Client) -> None:
    text = page(followed, "enrollment/activity/")

    assert f"40 learners were enrolled at the end of {SUNDAY} (so far), as many" in text
    assert f"{SUNDAY} (so far) 40" in text
    assert f"{SATURDAY} 40" in text
    html = followed.get(f"/courses/{COURSE}/enrollment/activity/").content.decode()
    assert f'"name": "{SUNDAY} (so far)"' in html
    file = followed.get(f"/courses/{COURSE}/enrollment/activity/enrollment.csv").content.decode()
    *_others, before, last = csv.reader(StringIO(file))
    assert (before[0], last[0]) == ("2026-05-02", "2026-05-03 (so far)")
    book = openpyxl.load_workbook(BytesIO(followed.get(f"/courses/{COURSE}/course.xlsx").content))
    *_others, cell = book["Enrollment 1"]["A"]
    assert cell.value == "2026-05-03 (so far)"
    assert f"{SUNDAY} so far" in [cell.value for cell in book.worksheets[0]["A"]]


def test_report_as_a_pdf_says_how_far_the_numbers_go(followed: Client) -> None:
    sheet = PdfReader(BytesIO(followed.get(f"/courses/{COURSE}/report.pdf").content))
    text = "\n".join(page.extract_text() for page in sheet.pages)
    assert f"Data until {SATURDAY}, {SUNDAY} so far" in text


def test_days_that_are_over_are_not(followed: Client) -> None:
    text = page(followed, "enrollment/activity/?start=2026-04-25&end=2026-05-02")
    assert f"40 learners were enrolled at the end of {SATURDAY}, as many" in text
    assert "(so far)" not in text


def test_today_counts_among_the_days_that_are_compared(followed: Client) -> None:
    """Friday to Sunday are compared with the three days before."""
    text = page(followed, "enrollment/activity/?start=2026-05-01")
    assert f"{SUNDAY} (so far), as many as 3 days before" in text
    text = page(followed, "enrollment/activity/?start=2026-05-03")
    assert f"{SUNDAY} (so far), as many as 1 day before" in text


def test_a_week_of_courses_side_by_side_waits_for_the_end_of_its_sunday(
    followed: Client, served_by_hand: Served
) -> None:
    other = COURSE.replace("Today", "Other")
    if not served_by_hand.select(
        "SELECT 1 FROM course_enrollment_daily WHERE course_id = ?", other
    ):
        insert_course(served_by_hand, other, enrolled=30)
    query = urlencode({"course": [COURSE, other]}, doseq=True)
    file = followed.get(f"/courses/compare/enrollment.csv?{query}").content.decode()
    assert [*csv.reader(StringIO(file))][-1] == ["2", "40", "30"]


def test_overview_has_todays_learners(followed: Client) -> None:
    text = page(followed, "")
    assert f"40 learners were enrolled at the end of {SUNDAY} (so far)" in text


@pytest.mark.parametrize(("days", "is_told"), [(2, False), (3, True)])
def test_logs_that_stopped_coming_are_told_on_every_page(
    days: int, is_told: bool, served_by_hand: Served, browser: Client
) -> None:
    until = UNTIL + timedelta(days=10 + days)
    insert_run(served_by_hand, until, newest_event=until - timedelta(days=days))
    silence = "No event has come since 13 May 2026, from any course"
    assert (silence in page(browser, "")) is is_told


def test_first_day_of_a_site_has_no_whole_one(served_by_hand: Served, browser: Client) -> None:
    until = UNTIL + timedelta(days=30)
    insert_run(served_by_hand, until, so_far=True, start=until)
    row = {"course_id": COURSE, "date": str(until), "count": 40, "cumulative_count": 40}
    served_by_hand.insert("course_enrollment_daily", row)
    text = page(browser, "")
    assert "2 Jun 2026 so far · computed" in text
    assert "Data until" not in text
    assert "40 learners were enrolled at the end of 2 Jun 2026 (so far)" in text
    assert "Data until" not in page(browser, "report/")


def test_day_of_another_kind_is_equal_and_told_otherwise() -> None:
    today = SoFar(2026, 5, 3)
    assert today == date(2026, 5, 3)
    assert day(today) == f"{SUNDAY} (so far)"


def test_timeline_of_a_learner_ends_today() -> None:
    rows = [{"date": "2026-05-01", **dict.fromkeys(DONE, 1)}]
    answer = timeline(rows, None, UNTIL, today=UNTIL)
    *_others, (last, *_counts) = answer.table.rows
    assert isinstance(last, SoFar)
    assert f"to {SUNDAY} (so far)" in answer.finding
    (first, *_counts), *_others = answer.table.rows
    assert first == UNTIL - timedelta(days=2)
