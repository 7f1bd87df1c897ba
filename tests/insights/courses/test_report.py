"""A course's week on one page: the page, and its PDF as a reader opens it."""

from __future__ import annotations

import re
import resource
import time
from datetime import UTC, date, datetime
from html import unescape
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from django.utils.translation import override
from hypothesis import example, given
from hypothesis import strategies as st
from pypdf import PdfReader

from course_urls import CS101
from courses_by_hand import insert_course
from insights.courses.answers.engagement import last_week, weekly_activity
from insights.courses.answers.enrollment import enrollment
from insights.courses.overview import Card
from insights.courses.pages import ENROLLMENT, VIDEOS
from insights.courses.report import FEW, Report
from insights.courses.report_pdf import pdf
from page_text import rows_of, text_of

if TYPE_CHECKING:
    from django.test import Client

    from served import Served

SPANISH = {"accept-language": "es"}
WILD = st.text(st.characters(), max_size=400)
A_LETTER_OF_NO_FONT = "\u0378"  # Unicode has none there

pytestmark = pytest.mark.django_db


def opened(response: Any) -> PdfReader:
    assert response.status_code == 200
    assert response["Content-Type"] == "application/pdf"
    return PdfReader(BytesIO(response.content))


def texts(reader: PdfReader) -> str:
    """What stands in a PDF, on one line."""
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


HEAD_AND_FIGURE = re.compile(r'<h2[^>]*>([^<]*)</h2>\s*<p class="figure">([^<]*)</p>')
FINDING = re.compile(r"</p>\s*<p>([^<]*)</p>\s*<a ")


def figures_of(browser: Client, path: str) -> dict[str, str]:
    """The figures of a page, by their questions."""
    return dict(HEAD_AND_FIGURE.findall(unescape(browser.get(path).content.decode())))


@pytest.mark.parametrize("course_id", [CS101, "SampleU/Bio110/2026_T1"])
@pytest.mark.usefixtures("served")
def test_page_and_pdf_say_what_the_overview_says(browser: Client, course_id: str) -> None:
    path = f"/courses/{course_id}"
    figures = figures_of(browser, f"{path}/")
    findings = FINDING.findall(unescape(browser.get(f"{path}/").content.decode()))
    page = texts(opened(browser.get(f"{path}/report.pdf")))

    assert len(figures) >= 6
    assert figures_of(browser, f"{path}/report/") == figures
    for question, figure in figures.items():
        assert f"{question} {figure} " in page
    assert len(findings) >= len(figures)
    assert [finding for finding in findings if finding not in page] == []


def test_a_chart_has_its_numbers_as_a_table_and_as_csv(browser: Client, served: Served) -> None:
    """They are the Data API's."""
    html = browser.get(f"/courses/{CS101}/report/").content.decode()
    enrolled = served.get(f"/api/v0/courses/{CS101}/enrollment/?start_date=2025-12-01").json()
    active = served.get(f"/api/v0/courses/{CS101}/activity/?start_date=2025-12-01").json()

    rows = rows_of(browser.get(f"/courses/{CS101}/report/enrollment.csv"))
    assert [int(row["Learners enrolled"]) for row in rows] == [row["count"] for row in enrolled]
    weeks = rows_of(browser.get(f"/courses/{CS101}/report/weekly-activity.csv"))
    assert [int(week["Any activity"]) for week in weeks] == [row["any"] for row in active]
    for key, lines in (("enrollment", rows), ("weekly-activity", weeks)):
        section = html.partition(f'id="{key}"')[2].partition("</section>")[0]
        assert section.count("<svg") == 2  # for wide pages, and for paper and phones
        assert section.count("<tr>") == len(lines) + 1
        assert f'href="{key}.csv"' in section


@pytest.mark.usefixtures("served")
def test_the_pdf_is_one_page_that_says_what_it_is(browser: Client) -> None:
    response = browser.get(f"/courses/{CS101}/report.pdf", headers=SPANISH)
    reader = opened(response)

    assert response["Content-Disposition"].startswith('attachment; filename="course-v1-ExampleX')
    assert len(reader.pages) == 1
    assert [round(side) for side in reader.pages[0].mediabox[2:]] == [595, 842]  # A4, in points
    assert reader.metadata
    assert reader.metadata.title == "Introduction to Programming"
    assert reader.metadata.author == "Insights"
    assert reader.trailer["/Root"]["/Lang"] == "es"
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert b"pdfuaid:part" in reader.trailer["/Root"]["/Metadata"].get_data()
    assert "¿Cuántos estudiantes hay inscritos? " in texts(reader)


def test_of_few_learners_nothing_tells_who_they_are(
    browser: Client, served_by_hand: Served
) -> None:
    few, many = "course-v1:Ex+Few+T1", "course-v1:Ex+Many+T1"
    insert_course(served_by_hand, few, enrolled=FEW - 1)
    insert_course(served_by_hand, many, enrolled=FEW)

    told = {
        course_id: [
            text_of(browser.get(f"/courses/{course_id}/report/")),
            texts(opened(browser.get(f"/courses/{course_id}/report.pdf"))),
        ]
        for course_id in (few, many)
    }
    for text in told[few]:
        assert f"{FEW - 1} learners were enrolled" in text
        assert "Fewer than 10 learners are enrolled: their ages and countries" in text
        assert "Where are the learners?" not in text
        assert "Who may need attention?" not in text
    for text in told[many]:
        assert "Where are the learners?" in text
        assert "Fewer than" not in text


@pytest.mark.usefixtures("served")
def test_a_course_without_numbers_has_a_page_that_says_so(browser: Client) -> None:
    path = "/courses/course-v1:Nobody+Knows+This/report"

    for text in (text_of(browser.get(f"{path}/")), texts(opened(browser.get(f"{path}.pdf")))):
        assert "There are no numbers of this course yet." in text
        assert "What changed" not in text


@pytest.mark.parametrize(
    ("until", "monday"),
    [
        ("2026-02-15", "2026-02-09"),  # a Sunday
        ("2026-02-16", "2026-02-09"),
        ("2026-02-21", "2026-02-09"),
        ("2026-02-22", "2026-02-16"),
    ],
)
def test_the_last_whole_week(until: str, monday: str) -> None:
    assert last_week(date.fromisoformat(until)) == date.fromisoformat(monday)


def report_of(name: str, finding: str = "A finding.") -> Report:
    rows = [{"date": f"2026-02-{day:02}", "count": day} for day in range(1, 15)]
    answer = enrollment(rows)
    sections = weekly_activity([])
    return Report(
        course_id=CS101,
        name=name,
        facts=[name],
        week=date(2026, 2, 9),
        until=date(2026, 2, 15),
        today=None,
        computed=datetime(2026, 2, 16, 3, tzinfo=UTC),
        changes=[],
        charts=[Card(ENROLLMENT, answer, "14")],
        cards=[Card(VIDEOS, sections.__class__("v", name, finding, sections.table), name)],
        left_out="",
    )


@given(WILD, WILD)
@example('#panic("x") $x^2$ *b* _i_ `r` @ref <label> \\ // /* = h', '#read("/etc/passwd")')
@example("مقدمة في البرمجة", "מבוא לתכנות")
@example("計算機科學概論", "🎓" * 80)
@example("x" * 5000, "\u202e\u2066\u0000\ud800\ufffe")
def test_any_text_is_set_as_it_is(name: str, finding: str) -> None:
    reader = PdfReader(BytesIO(pdf(report_of(name, finding))))

    assert 1 <= len(reader.pages) <= 3
    assert "14 learners were enrolled at the end of 14 Feb 2026" in texts(reader)


@pytest.mark.parametrize(
    "name", ["Einführung: *C++* & <b>", "Математика", "مقدمة", "מבוא", "Ελλάς"]
)
def test_a_name_in_a_script_with_a_font_is_drawn(name: str) -> None:
    reader = PdfReader(BytesIO(pdf(report_of(name))))

    assert reader.metadata
    assert reader.metadata.title == name
    assert b"pdfuaid:part" in reader.trailer["/Root"]["/Metadata"].get_data()
    assert "There is no font here" not in texts(reader)


def test_a_letter_without_a_font_is_told() -> None:
    reader = PdfReader(BytesIO(pdf(report_of(f"Course {A_LETTER_OF_NO_FONT}"))))

    assert b"pdfuaid:part" not in reader.trailer["/Root"]["/Metadata"].get_data()
    assert "There is no font here for some letters of this page" in texts(reader)


def test_right_to_left() -> None:
    with override("ar"):
        reader = PdfReader(BytesIO(pdf(report_of("مقدمة"))))

    assert reader.trailer["/Root"]["/Lang"] == "ar"


def test_it_takes_little_time_and_memory() -> None:
    pdf(report_of("warm"))
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()

    for number in range(20):
        pdf(report_of(f"Course {number}"))

    assert time.monotonic() - began < 20  # a second each, on a machine that does much else
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 100_000  # KiB
