"""Every page in a real browser: for the eye, the keyboard, the screen reader, the phone.

All tests are in this file, so that they share one served site. Screenshots are left in
artefacts/screenshots.
"""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from pypdf import PdfReader

import pseudo_insights
import updating
from browser.reported import FINDINGS, TABLES, agrees, is_of, reported, tells
from tasks.lib.local import applications, serve
from tasks.lib.local.secrets import Secrets
from visiting import Site, Visitor, visitor_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page, StorageState

SCREENSHOTS = Path(__file__).resolve().parents[2] / "artefacts" / "screenshots"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COURSE_ID = "course-v1:ExampleX+CS101+2026_T1"
COURSE = f"/courses/{COURSE_ID}"
BIO = "SampleU/Bio110/2026_T1"
NOTES = {
    "2026-01-12": "Reminder sent to all who had not begun",
    "2026-01-26": "Exam 1",
    "2026-01-27": "Site was down from 10 to 12 UTC",
    "2026-02-12": "Exam 2",
}
"""What somebody wrote on days of the course."""
PAGES = {
    "courses": "/courses/",
    "home": f"{COURSE}/",
    "report": f"{COURSE}/report/",
    "enrollment": f"{COURSE}/enrollment/activity/",
    "age": f"{COURSE}/enrollment/demographics/age/",
    "education": f"{COURSE}/enrollment/demographics/education/",
    "gender": f"{COURSE}/enrollment/demographics/gender/",
    "geography": f"{COURSE}/enrollment/geography/",
    "range": f"{COURSE}/enrollment/activity/?start=2026-02-02&end=2026-02-15",
    "engagement": f"{COURSE}/engagement/content/",
    "engagement-sections": f"{COURSE}/engagement/sections/",
    "videos": f"{COURSE}/engagement/videos/",
    "graded": f"{COURSE}/performance/graded/",
    "ungraded": f"{COURSE}/performance/ungraded/",
    "outcomes": f"{COURSE}/performance/outcomes/",
    "learners": f"{COURSE}/learners/",
    "reports": f"{COURSE}/learners/reports/",
    "notes": f"{COURSE}/notes/",
    "choice": "/courses/compare/",
    "compare": f"/courses/compare/?{urlencode({'course': (COURSE_ID, BIO)}, doseq=True)}",
    "password": "/password/",
}
WITHOUT_ANSWERS = {"courses", "home", "learners", "reports", "password", "choice"} | {
    *("notes", "note", "note-removal")
}
HEAVIEST = 500_000  # bytes of a page's HTML
WIDE = 1280  # pixels in which every table has room
_SCROLLING = """[...document.querySelectorAll(".table-scroll")]
    .filter(region => region.scrollWidth > region.clientWidth).length"""
# Rows of which the first cell or link is left of the second one.
_NOT_TURNED = """[...document.querySelectorAll("tr, nav ul, ul.about, ul.cards")]
    .filter(row => row.children.length > 1)
    .filter(row => {
        const [one, two] = [...row.children].map(each => each.getBoundingClientRect());
        return one.width && two.width && Math.abs(one.top - two.top) < 4 && one.left < two.left;
    })
    .map(row => row.innerText)"""
SCREENS = {"desktop": {"width": WIDE, "height": 900}, "phone": {"width": 360, "height": 740}}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture(params=SCREENS)
def on_screen(
    request: pytest.FixtureRequest, browser: Browser, site: Site, signed_in: StorageState
) -> Iterator[Visitor]:
    """A signed-in visitor at one of the screens."""
    size = SCREENS[request.param]
    with browser.new_context(
        reduced_motion="reduce",
        viewport=size,  # type: ignore[arg-type]
        storage_state=signed_in,
    ) as context:
        visitor = visitor_of(context, site)
        yield visitor
        assert visitor.complaints == []
        assert visitor.foreign_requests == []


@pytest.fixture(scope="module")
def pages(browser: Browser, site: Site, signed_in: StorageState) -> dict[str, str]:
    """The addresses of all pages, with those about a part of the course, as others link to them."""
    with browser.new_context(java_script_enabled=False, storage_state=signed_in) as context:
        visitor = visitor_of(context, site)
        for day, text in NOTES.items():
            write_note(visitor, day, text)
        note = f"{COURSE}/notes/note/?note=1"
        assignment = first_of(visitor, PAGES["graded"], "assignments")
        return {
            **PAGES,
            "video": first_of(visitor, PAGES["videos"], "videos"),
            "videos-section": first_of(visitor, PAGES["videos"], "sections"),
            "assignment": assignment,
            "section": first_of(visitor, PAGES["ungraded"], "sections"),
            "problem": first_of(visitor, assignment, "problems"),
            "learner": first_of(visitor, PAGES["learners"]),
            "note": note,
            "note-removal": note.replace("?", "removal/?"),
        }


def write_note(visitor: Visitor, day: str, text: str) -> None:
    """Write a note on a day of the course."""
    visitor.go(PAGES["notes"])
    visitor.page.get_by_label("Day (UTC)").fill(day)
    visitor.page.get_by_label("Note", exact=True).fill(text)
    visitor.page.get_by_role("button", name="Add the note").click()
    visitor.page.get_by_text("The note has been added.").wait_for()


def violations(page: Page) -> str:
    """What axe finds wrong with a page; empty if nothing."""
    result = Axe().run(page, options={"runOnly": WCAG})
    return "" if result.violations_count == 0 else result.generate_report()


def wait_for_charts(page: Page) -> None:
    """Return once the page's charts answer to pointer and keyboard."""
    charts = page.locator("figure.chart")
    for index in range(charts.count()):
        charts.nth(index).and_(page.locator(".is-interactive")).wait_for()


def first_of(visitor: Visitor, path: str, answer: str = "") -> str:
    """Where the first row of a page's table, or of one answer's, leads."""
    visitor.go(path)
    link = visitor.page.locator(f"#{answer} table a" if answer else "tbody a").first.get_attribute(
        "href"
    )
    assert link is not None
    return link


def test_every_page_on_every_screen_in_every_theme(
    on_screen: Visitor, pages: dict[str, str], request: pytest.FixtureRequest
) -> None:
    """No violation, nothing wider than the screen, no complaint and no request elsewhere.

    A table may scroll within itself on a phone, but not on a wide screen.
    """
    screen = request.node.callspec.params["on_screen"]
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page = on_screen.page
    for title, path in pages.items():
        page.emulate_media(color_scheme="light")
        on_screen.go(path)
        wait_for_charts(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= SCREENS[screen]["width"]
        assert screen == "phone" or page.evaluate(_SCROLLING) == 0, path
        for theme in THEMES:
            page.emulate_media(color_scheme=theme)
            name = theme if screen == "desktop" else f"{screen}-{theme}".removesuffix("-light")
            page.screenshot(path=SCREENSHOTS / f"{title}-{name}.png", full_page=True)
            assert violations(page) == "", (path, name)


def each_page(
    browser: Browser, site: Site, signed_in: StorageState, pages: dict[str, str], look: Look
) -> Iterator[Page]:
    """Every page as somebody with another language sees it, once it fits and has no violation."""
    size = SCREENS[look.screen]
    with browser.new_context(
        locale=look.locale,
        reduced_motion="reduce",
        viewport=size,  # type: ignore[arg-type]
        storage_state=signed_in,
    ) as context:
        visitor = visitor_of(context, site)
        page = visitor.page
        for title, path in pages.items():
            visitor.go(path)
            wait_for_charts(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], path
            name = f"{title}-{look.name}-{look.screen}".removesuffix("-desktop")
            page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
            assert violations(page) == "", (path, name)
            yield page
        assert visitor.complaints == []
        assert visitor.foreign_requests == []


@dataclass(frozen=True)
class Look:
    """A language that a browser asks for, what its screenshots are called, and a screen."""

    locale: str
    name: str
    screen: str


@pytest.mark.parametrize("screen", [pytest.param("desktop", marks=pytest.mark.full), "phone"])
def test_every_page_in_spanish(
    browser: Browser, site: Site, signed_in: StorageState, pages: dict[str, str], screen: str
) -> None:
    """Its texts are longer; charts are drawn with them."""
    for page in each_page(browser, site, signed_in, pages, Look("es-MX", "es", screen)):
        assert page.locator("html").get_attribute("lang") == "es"


@pytest.fixture(scope="module")
def turned(
    browser: Browser, site: Site, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Site, StorageState]]:
    """The same site in a language from right to left that nobody speaks, and somebody signed in."""
    secrets = Secrets.of(site.data)
    data_api = applications.data_api(site.data, secrets)
    with serve.listen(0) as numbers, serve.serving(data_api, numbers) as server:
        serve.wait_for(server)
        insights = applications.insights(site.data, secrets, f"{numbers.url}/api/v0")
        speaking = pseudo_insights.speaking(insights, tmp_path_factory.mktemp("locales"))
        with serve.listen(0) as shown, serve.serving(speaking, shown) as server:
            serve.wait_for(server)
            there = replace(site, url=shown.url)
            with browser.new_context(locale="en") as context:
                visitor_of(context, there).sign_in()
                yield there, context.storage_state()


@pytest.mark.parametrize("screen", [pytest.param("desktop", marks=pytest.mark.full), "phone"])
def test_every_page_from_right_to_left(
    browser: Browser, turned: tuple[Site, StorageState], pages: dict[str, str], screen: str
) -> None:
    """What begins a line is at its right."""
    there, signed_in = turned
    look = Look(pseudo_insights.CODE, "rtl", screen)
    for page in each_page(browser, there, signed_in, pages, look):
        assert page.locator("html").get_attribute("dir") == "rtl"
        assert page.evaluate(_NOT_TURNED) == [], page.url


def test_sign_in_page_and_errors_have_no_violation(browser: Browser, site: Site) -> None:
    with browser.new_context() as context:
        visitor = visitor_of(context, site)
        visitor.go("/")
        assert violations(visitor.page) == ""
        visitor.page.get_by_label("Username").fill("demo")
        visitor.page.get_by_label("Password").fill("wrong")
        visitor.page.get_by_role("button", name="Sign in").click()
        assert visitor.page.get_by_role("alert").is_visible()
        assert violations(visitor.page) == ""
        visitor.sign_in()
        for path, status in (("/courses/nonsense/", 404), (f"{COURSE}/nowhere/", 404)):
            answer = visitor.page.goto(f"{site.url}{path}")
            assert answer is not None
            assert answer.status in (status, 400)
            assert violations(visitor.page) == "", path


def test_dates_are_changed(visitor: Visitor) -> None:
    visitor.go(PAGES["enrollment"])
    visitor.page.get_by_label("From", exact=True).fill("2026-01-19")
    visitor.page.get_by_label("to", exact=True).fill("2026-01-25")
    visitor.page.get_by_role("button", name="Show").click()

    assert re.search(r"start=2026-01-19&end=2026-01-25", visitor.page.url)
    visitor.page.locator("#enrollment summary").click()
    assert visitor.page.locator("#enrollment tbody tr").count() == 7


def test_numbers_and_csv_are_those_of_the_reports(visitor: Visitor) -> None:
    visitor.go(PAGES["enrollment"])
    with visitor.page.expect_download() as download:
        visitor.page.locator("#enrollment a.download").click()

    content = download.value.path().read_text("utf-8-sig")
    rows = [
        (row["Date"], int(row["Learners enrolled"])) for row in csv.DictReader(io.StringIO(content))
    ]
    assert rows == updating.query(
        visitor.site.data,
        "SELECT date, count FROM course_enrollment_daily"
        " WHERE course_id = 'course-v1:ExampleX+CS101+2026_T1' ORDER BY date",
    )
    cells = visitor.page.locator("#enrollment tbody tr td").all_text_contents()
    assert [int(cell.replace(",", "")) for cell in cells] == [count for _, count in rows]


def test_chart_is_read_with_the_keyboard(visitor: Visitor) -> None:
    visitor.go(PAGES["enrollment"])
    wait_for_charts(visitor.page)
    chart = visitor.page.locator("#enrollment figure.chart")
    chart.focus()
    visitor.page.keyboard.press("End")

    ((count,),) = updating.query(
        visitor.site.data,
        "SELECT count FROM course_enrollment_daily WHERE date = '2026-02-15'"
        " AND course_id = 'course-v1:ExampleX+CS101+2026_T1'",
    )
    assert chart.locator("[aria-live]").text_content() == f"15 Feb 2026: {count} enrolled"
    visitor.page.keyboard.press("Escape")
    assert chart.locator("[aria-live]").text_content() == ""


def test_the_map_answers_to_pointer_and_keyboard(visitor: Visitor) -> None:
    """It says what the reports hold of each country, and asks for one file."""
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url))
    visitor.go(PAGES["geography"])
    wait_for_charts(visitor.page)
    assert sum("/world." in url for url in asked) == 1

    chart = visitor.page.locator("#countries figure.chart")
    chart.focus()
    visitor.page.keyboard.press("Home")
    ((code, count), *_others) = updating.query(
        visitor.site.data,
        "SELECT country_code, count FROM course_enrollment_location_current"
        " WHERE course_id = 'course-v1:ExampleX+CS101+2026_T1' AND length(country_code) = 2"
        " ORDER BY count DESC, country_code",
    )
    first = visitor.page.locator("#countries tbody tr").first
    cells = [text.strip() for text in first.locator("th, td").all_text_contents()]
    assert cells[1:3] == [code, f"{count:,}"]
    assert chart.locator("[aria-live]").text_content() == f"{cells[0]}: {count:,} enrolled"

    visitor.page.keyboard.press("Escape")
    assert chart.locator(".chart-tooltip").is_hidden()
    chart.locator(".chart-canvas .mark-shape path[fill='var(--chart-map-5)']").first.hover(
        force=True  # once pointed at, its own outline lies above it
    )
    assert "enrolled" in (chart.locator(".chart-tooltip").text_content() or "")


def test_a_range_is_beside_the_one_before_it(visitor: Visitor) -> None:
    visitor.go(PAGES["range"])
    wait_for_charts(visitor.page)
    chart = visitor.page.locator("#enrollment figure.chart")
    chart.focus()
    visitor.page.keyboard.press("End")

    (before, now) = (
        count
        for (count,) in updating.query(
            visitor.site.data,
            "SELECT count FROM course_enrollment_daily"
            " WHERE course_id = 'course-v1:ExampleX+CS101+2026_T1'"
            " AND date IN ('2026-02-01', '2026-02-15') ORDER BY date",
        )
    )
    read = chart.locator("[aria-live]").text_content()
    assert read == f"15 Feb 2026: {now:,} enrolled, {before:,} 14 days before"


def test_a_learner_is_found_and_the_list_downloaded(visitor: Visitor) -> None:
    visitor.go(PAGES["learners"])
    ((username, tried),) = updating.query(
        visitor.site.data,
        "SELECT username, problems_attempted FROM learner_roster"
        " WHERE course_id = 'course-v1:ExampleX+CS101+2026_T1' ORDER BY username DESC LIMIT 1",
    )
    visitor.page.get_by_label("Search names").fill(username)
    visitor.page.get_by_role("button", name="Show").click()
    row = visitor.page.locator("tbody tr").filter(has_text=username).first
    assert str(tried) in row.locator("td").all_text_contents()
    with visitor.page.expect_download() as download:
        visitor.page.locator("a.download").click()
    content = download.value.path().read_text("utf-8-sig")
    found = {row["Username"]: row for row in csv.DictReader(io.StringIO(content))}
    assert found[username]["Problems tried"] == str(tried)

    row.get_by_role("link").click()
    assert visitor.page.get_by_text(username).first.is_visible()
    visitor.page.locator("section.answer").wait_for()


_SHOWN = """() => {
    const text = element => element.textContent.trim();
    const title = element => text(element.querySelector("a") ?? element);
    const number = /^([−+]?[\\d,.]+%?|[\\d:]+|–)$/;
    const dated = /^\\d{1,2} [A-Z][a-z]{2} \\d{4}$/;
    const tables = {};
    for (const table of document.querySelectorAll("main table")) {
        const key = table.closest("section.answer")?.id ?? table.className;
        tables[key] = [...table.querySelectorAll("tbody tr")].map(row => [
            title(row.querySelector("th")),
            ...[...row.querySelectorAll("td")]
                .filter(e => e.matches(".number, :has(code)") || dated.test(text(e))).map(text),
        ]);
    }
    const figures = [
        ...[...document.querySelectorAll("dl.figures > div, dl.facts > div")]
            .map(e => [text(e.querySelector("dt")), text(e.querySelector("dd"))])
            .filter(([, value]) => number.test(value) || dated.test(value)),
        ...[...document.querySelectorAll(":is(.card, .answer):has(> p.figure)")]
            .map(e => [text(e.querySelector("h2")), text(e.querySelector(".figure"))]),
    ];
    if (figures.length) tables.figures = figures;
    const below = document.querySelector(".below p");
    if (below) tables.below = [text(below).match(/^([\\d,]+) (\\w+)/).slice(1).reverse()];
    const charts = {};
    for (const data of document.querySelectorAll("section.answer script")) {
        charts[data.closest("section").id] = JSON.parse(data.text).points.map(p => p.text);
    }
    const findings = {};
    for (const finding of document.querySelectorAll(".finding, .figure + p")) {
        const answer = finding.closest("section.answer");
        findings[answer?.id ?? text(finding.closest(".card").querySelector("h2"))] = text(finding);
    }
    for (const changes of document.querySelectorAll(".changes")) {
        findings[text(changes.querySelector("h2"))] = text(changes.querySelector("ul, p"));
    }
    return {tables, charts, findings};
}"""
"""The rows of each table, and the figures: titles with all numbers, dates and ids beside them.

With them, what each chart says of its points, in the order of its table, and each finding.
"""


def test_every_number_on_every_page_is_that_of_the_reports(
    browser: Browser, site: Site, pages: dict[str, str], signed_in: StorageState
) -> None:
    """A page that is new has its queries in reported.py, or fails here.

    The numbers stand in the HTML: without scripts, the pages are there sooner.
    """
    wrong = []
    with browser.new_context(java_script_enabled=False, storage_state=signed_in) as context:
        visitor = visitor_of(context, site)
        for title, path in pages.items():
            visitor.go(path)
            shown = visitor.page.evaluate(_SHOWN)
            assert {*shown["tables"]} == {*TABLES[title]}, path
            for key, rows in shown["tables"].items():
                reports = reported(site.data, TABLES[title][key], COURSE_ID, part_of(path))
                if key == "figures":
                    rows, reports = sorted(rows), sorted(reports)
                assert rows, (title, key)
                pairs = [*zip_longest(rows, reports, fillvalue=())]
                wrong += [(title, key, *pair) for pair in pairs if not agrees(*pair)]
                points = [*zip(shown["charts"].get(key, []), reports, strict=False)]
                wrong += [(title, key, *point) for point in points if not is_of(*point)]
            assert {*shown["findings"]} == {*FINDINGS[title]}, path
            for key, finding in shown["findings"].items():
                reports = reported(site.data, FINDINGS[title][key], COURSE_ID, part_of(path))
                wrong += [(title, key, finding, reports)] * (not tells(finding, reports))
    assert wrong == []


def part_of(path: str) -> str:
    """What a page is about: the value in its query, or the last part of the path."""
    parts = urlsplit(path)
    values = [value for _name, value in parse_qsl(parts.query)]
    return values[-1] if values else parts.path.rstrip("/").rpartition("/")[2]


def test_a_note_is_in_the_chart_beside_it_and_in_what_is_read(
    visitor: Visitor, pages: dict[str, str]
) -> None:
    visitor.go(pages["enrollment"])
    wait_for_charts(visitor.page)
    answer = visitor.page.locator("#enrollment")
    listed = answer.locator(".flags li").all_text_contents()
    assert [" ".join(text.split()) for text in listed] == [
        "12 Jan 2026 Reminder sent to all who had not begun",
        "26 Jan 2026 Exam 1",
        "27 Jan 2026 Site was down from 10 to 12 UTC",
        "12 Feb 2026 Exam 2",
    ]
    labels = answer.locator(".chart-canvas text[font-weight='600']").all_text_contents()
    assert labels == ["1", "2", "3", "4"]

    answer.locator("figure.chart").focus()
    visitor.page.keyboard.press("End")
    for _day in range(3):
        visitor.page.keyboard.press("ArrowLeft")
    read = answer.locator("[aria-live]").text_content() or ""
    assert re.fullmatch(r"12 Feb 2026: \d+ enrolled – Exam 2", read)


_LABELS = """[...document.querySelectorAll(".chart-canvas, .chart-wide, .chart-narrow")]
    .map(picture => [...picture.querySelectorAll("text[font-weight='600']")]
        .map(text => [text.textContent, text.getBoundingClientRect()])
        .filter(([, box]) => box.width)
        .map(([label, box]) => [label, box.left, box.right]))
    .filter(labels => labels.length)"""


@pytest.mark.parametrize("width", [360, 700, 1280])
@pytest.mark.parametrize("script", [True, False])
def test_numbers_of_many_notes_do_not_lie_on_each_other(
    browser: Browser, site: Site, signed_in: StorageState, width: int, script: bool
) -> None:
    days = [date(2026, 1, 10) + timedelta(days=number) for number in range(37) if number % 7 < 5]
    with closing(sqlite3.connect(site.data / "insights.sqlite3")) as insights, insights:
        insights.execute("DELETE FROM courses_note WHERE course_id = ?", [BIO])
        for day in days:
            insights.execute(
                "INSERT INTO courses_note (course_id, day, text, author, created, editor, changed)"
                " VALUES (?, ?, 'Something', 'ada', '2026-02-16', '', '2026-02-16')",
                [BIO, str(day)],
            )
    with browser.new_context(
        java_script_enabled=script,
        storage_state=signed_in,
        viewport={"width": width, "height": 900},
    ) as context:
        visitor = visitor_of(context, site)
        visitor.go(f"/courses/{BIO}/enrollment/activity/")
        if script:
            wait_for_charts(visitor.page)
        charts = visitor.page.evaluate(_LABELS)
        lists = visitor.page.locator(".flags .many")
        assert lists.count() == 2
        assert lists.first.evaluate("list => list.scrollWidth <= list.clientWidth")
        assert lists.first.evaluate("list => list.scrollHeight > list.clientHeight")
        visitor.page.screenshot(path=SCREENSHOTS / f"many-notes-{width}.png", full_page=True)
        assert not script or violations(visitor.page) == ""
    assert len(charts) == 2
    for labels in charts:
        numbers = [int(number) for label, *_box in labels for number in re.findall(r"\d+", label)]
        assert numbers == sorted(numbers)
        assert (numbers[0], numbers[-1]) == (1, len(days))
        assert len(labels) > 3
        for (_one, _left, right), (_other, left, _right) in pairwise(labels):
            assert right < left


def test_courses_are_chosen_in_the_list_and_compared(visitor: Visitor) -> None:
    visitor.go(PAGES["courses"])
    visitor.page.get_by_role("checkbox", name="Compare Introduction to Programming").check()
    visitor.page.get_by_role("button", name="Compare").click()
    assert visitor.page.get_by_role("alert").text_content() == (
        "One course alone cannot be compared: choose another one too."
    )
    assert visitor.page.get_by_role("checkbox", checked=True).count() == 1
    visitor.page.get_by_role("checkbox", name="The Living Cell").check()
    visitor.page.get_by_role("button", name="Compare").click()
    wait_for_charts(visitor.page)

    assert f"{visitor.site.url}{PAGES['compare']}" == visitor.page.url
    chart = visitor.page.locator("#enrollment figure.chart")
    chart.focus()
    visitor.page.keyboard.press("Home")
    read = chart.locator("[aria-live]").text_content() or ""
    assert re.fullmatch(r"Week 1: \d+ in A, \d+ in B", read)


class Walk:
    """Somebody who knows nothing but the list of courses, with the clicks since it was left."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.page = visitor.page
        self.clicks = 0

    def begin(self) -> None:
        self.visitor.go(PAGES["courses"])
        self.clicks = 0

    def click(self, link: Locator) -> None:
        link.click()
        self.page.wait_for_load_state()
        self.clicks += 1

    def first_course(self) -> str:
        """The title at the top of the list."""
        return self.page.locator("tbody th a").first.text_content() or ""


def test_a_newcomer_finds_what_matters_in_three_clicks_each(browser: Browser, site: Site) -> None:
    """The course in which engagement fell most, the video where most stop, and the list of those.

    The title of a course and the words on links are all that the newcomer goes by.
    """
    [(course_id, title, change), *_others] = updating.query(
        site.data,
        "SELECT s.course_id, s.title, coalesce(a.now, 0) - coalesce(a.before, 0) AS change FROM"
        " (SELECT course_id, max(catalog_course_title) AS title"
        "  FROM course_meta_summary_enrollment GROUP BY course_id) AS s LEFT JOIN"
        " (SELECT course_id, sum(count) FILTER (WHERE interval_end = '2026-02-16 00:00:00') AS now,"
        "  sum(count) FILTER (WHERE interval_end = '2026-02-09 00:00:00') AS before"
        "  FROM course_activity WHERE label = 'ACTIVE' GROUP BY course_id) AS a USING (course_id)"
        " ORDER BY change, s.course_id",
    )
    videos = updating.query(
        site.data,
        "SELECT encoded_module_id, users_at_start, users_at_start - users_at_end FROM video"
        f" WHERE course_id = '{course_id}' AND users_at_start > users_at_end"
        " ORDER BY users_at_start - users_at_end DESC, encoded_module_id",
    )
    assert change < 0
    with browser.new_context(viewport={"width": WIDE, "height": 900}) as context:
        visitor = visitor_of(context, site)
        visitor.sign_in()
        walk = Walk(visitor)
        assert urlsplit(walk.page.url).path == PAGES["courses"]  # where signing in leads

        walk.begin()
        walk.click(walk.page.get_by_role("link", name="Change in active"))
        assert walk.first_course() == title
        cells = walk.page.locator("tbody tr").first.locator("td").all_text_contents()
        assert f"−{-change}" in cells
        assert walk.clicks <= 3

        walk.begin()
        walk.click(walk.page.get_by_role("link", name=title))
        walk.click(walk.page.get_by_role("navigation").get_by_role("link", name="Videos"))
        answer = walk.page.get_by_role("region", name="In which videos do most viewers stop?").first
        most = answer.locator("tbody tr").first
        assert most.locator("code").text_content() == videos[0][0]
        assert (
            f"Most stop in “{most.get_by_role('link').text_content()}”:"
            f" {videos[0][2]} of {videos[0][1]} learners"
        ) in (answer.locator(".finding").text_content() or "")
        assert walk.clicks <= 3

        with walk.page.expect_download() as download:
            walk.click(answer.get_by_role("link", name="Download as CSV"))
        rows = csv.DictReader(io.StringIO(download.value.path().read_text("utf-8-sig")))
        assert [
            (row["Module id"], int(row["Viewers at start"]), int(row["Stop before the end"]))
            for row in rows
        ] == videos
        assert walk.clicks <= 3
        assert visitor.complaints == []


@pytest.mark.parametrize("paper", ["A4", "Letter"])
@pytest.mark.parametrize("theme", THEMES)
def test_a_report_is_printed_on_one_page(
    visitor: Visitor, paper: str, theme: Literal["light", "dark"]
) -> None:
    """In light colours, without what leads elsewhere, and with both charts as a whole."""
    visitor.page.emulate_media(color_scheme=theme)
    visitor.go(PAGES["report"])

    reader = PdfReader(io.BytesIO(visitor.page.pdf(format=paper)))
    [sheet] = reader.pages
    text = " ".join(sheet.extract_text().split())
    assert "What changed this week?" in text
    assert text.count("Posted in forum") == 1  # the last label of the second chart
    assert "Data until 15 Feb 2026" in text
    for left_out in ("Sign out", "Download", "Numbers as a table", "Overview", "Demographics"):
        assert left_out not in text

    visitor.page.emulate_media(color_scheme=theme, media="print")
    ground = visitor.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(255, 255, 255)"
    widths = """svg => [svg, svg.parentElement].map(e => e.getBoundingClientRect().width)"""
    for picture in visitor.page.locator("figure.picture svg:visible").all():
        drawn, room = picture.evaluate(widths)
        assert 0 < drawn <= room + 1


def test_a_report_is_saved_from_its_signed_link(visitor: Visitor) -> None:
    visitor.go(PAGES["reports"])
    visitor.foreign_requests.clear()
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name="Responses to problems").click()
    saved = list(csv.reader(io.StringIO(download.value.path().read_text("utf-8"))))
    written = visitor.site.data / "reports" / "ExampleX_CS101_2026_T1_problem_response.csv"
    with written.open(encoding="utf-8", newline="") as file:
        assert len(saved) == len(list(csv.reader(file)))
    # The Data API of a demo has a port of its own.
    assert all("/api/report_files/" in url for url in visitor.foreign_requests)
    visitor.foreign_requests.clear()


def test_everything_is_there_without_javascript(
    browser: Browser, site: Site, pages: dict[str, str]
) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        visitor = visitor_of(context, site)
        visitor.sign_in()
        for title, path in pages.items():
            visitor.go(path)
            assert visitor.page.locator("main h1").is_visible()
            assert len(visitor.page.content().encode()) < HEAVIEST, path
            if title in WITHOUT_ANSWERS:
                continue
            answers = visitor.page.locator("section.answer")
            assert answers.count() >= 1
            for index in range(answers.count()):
                answer = answers.nth(index)
                assert answer.locator("figure svg:visible").count() == 1, path
                assert answer.locator("tbody tr").count() >= 1, path
                assert answer.locator("a.download").is_visible(), path
        assert visitor.foreign_requests == []


def test_each_picture_is_drawn_once_for_the_screen(visitor: Visitor) -> None:
    visitor.page.set_viewport_size({"width": 360, "height": 740})
    visitor.go(PAGES["gender"])
    wait_for_charts(visitor.page)

    assert visitor.page.locator("figure svg:visible").count() == 1
