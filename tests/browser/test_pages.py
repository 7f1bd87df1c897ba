"""Every page in a real browser: for the eye, the keyboard, the screen reader, the phone.

All tests are in this file, so that they share one served site. Screenshots are left in
artefacts/screenshots.
"""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

import updating
from visiting import Site, Visitor, visitor_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

SCREENSHOTS = Path(__file__).resolve().parents[2] / "artefacts" / "screenshots"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COURSE = "/courses/course-v1:ExampleX+CS101+2026_T1"
PAGES = {
    "courses": "/courses/",
    "home": f"{COURSE}/",
    "enrollment": f"{COURSE}/enrollment/activity/",
    "age": f"{COURSE}/enrollment/demographics/age/",
    "education": f"{COURSE}/enrollment/demographics/education/",
    "gender": f"{COURSE}/enrollment/demographics/gender/",
    "engagement": f"{COURSE}/engagement/content/",
    "videos": f"{COURSE}/engagement/videos/",
    "password": "/password/",
}
LOOKS = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 360, "height": 740}, "color_scheme": "light"},
    "phone-dark": {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark"},
}


@pytest.fixture(params=LOOKS)
def look(request: pytest.FixtureRequest, browser: Browser, site: Site) -> Iterator[Visitor]:
    """A signed-in visitor with one of the looks."""
    with browser.new_context(reduced_motion="reduce", **LOOKS[request.param]) as context:
        visitor = visitor_of(context, site)
        visitor.sign_in()
        yield visitor
        assert visitor.complaints == []
        assert visitor.foreign_requests == []


def violations(page: Page) -> str:
    """What axe finds wrong with a page; empty if nothing."""
    result = Axe().run(page, options={"runOnly": WCAG})
    return "" if result.violations_count == 0 else result.generate_report()


def wait_for_charts(page: Page) -> None:
    """Return once the page's charts answer to pointer and keyboard."""
    charts = page.locator("figure.chart")
    for index in range(charts.count()):
        charts.nth(index).and_(page.locator(".is-interactive")).wait_for()


def video_page(page: Page) -> str:
    """The address of the first video's page, as the page of all videos links to it."""
    link = page.locator("table a").first.get_attribute("href")
    assert link is not None
    return link


def test_every_page_in_every_look(look: Visitor, request: pytest.FixtureRequest) -> None:
    """No violation, nothing wider than the screen, no complaint and no request elsewhere."""
    name = request.node.callspec.params["look"]
    pages = dict(PAGES)
    look.go(pages["videos"])
    pages["video"] = video_page(look.page)
    for title, path in pages.items():
        look.go(path)
        wait_for_charts(look.page)
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        look.page.screenshot(path=SCREENSHOTS / f"{title}-{name}.png", full_page=True)
        assert violations(look.page) == "", path
        width = look.page.evaluate("document.documentElement.scrollWidth")
        assert width <= LOOKS[name]["viewport"]["width"], path  # type: ignore[index]


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


def test_everything_is_there_without_javascript(browser: Browser, site: Site) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        visitor = visitor_of(context, site)
        visitor.sign_in()
        visitor.go(PAGES["videos"])
        pages = {**PAGES, "video": video_page(visitor.page)}
        for title, path in pages.items():
            visitor.go(path)
            assert visitor.page.locator("main h1").is_visible()
            if title in ("courses", "home", "password"):
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
