"""Sign-in through an LMS in a real browser: allowed, refused, a role that is taken away, sign-out.

Insights and the LMS are asked directly, as they listen on loopback, without nginx between.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from insights_pipeline.sample import SampleOptions
from lms import Lms, lms
from serving import data_api
from tasks.lib.local import applications, demo, serve
from tasks.lib.local.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

CS101 = "course-v1:ExampleX+CS101+2026_T1"
PASSWORD = "kestrel-over-9"
SECONDS = 2  # for which the LMS's word is good


@dataclass(frozen=True)
class Site:
    """Insights and the LMS that it signs in through."""

    url: str
    lms: Lms


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("site")
    demo.prepare(data, SampleOptions(days=14, learners=30, courses=2))
    people = {"grace": {"password": PASSWORD, "courses": [CS101]}}
    with (
        data_api(data) as api,
        serve.listen(0) as address,
        lms(tmp_path_factory.mktemp("lms"), people, f"{address.url}/complete/edx-oauth2/") as of,
    ):
        insights = applications.insights(data, Secrets.of(data), api.url)
        settings = {"INSIGHTS_LMS_COURSES_SECONDS": str(SECONDS), **of.environment}
        insights = replace(insights, environment={**insights.environment, **settings})
        serve.prepare(insights)
        with serve.serving(insights, address) as server:
            serve.wait_for(server)
            yield Site(address.url, of)


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A browser that nobody has used, while grace staffs CS101."""
    site.lms.change("grace", courses=[CS101])
    with browser.new_context() as context:
        yield context.new_page()


def sign_in(page: Page, url: str, *, answer: str = "Authorize") -> None:
    """Open a page of Insights as somebody who is signed in nowhere, and answer the LMS."""
    page.goto(url)
    page.get_by_role("button", name="Sign in through 127.0.0.1").click()
    page.get_by_label("Username").fill("grace")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in to the LMS").click()
    page.get_by_role("button", name=answer).click()
    page.wait_for_load_state()


def test_sign_in_through_the_lms_leads_to_the_page_that_was_asked_for(
    page: Page, site: Site
) -> None:
    sign_in(page, f"{site.url}/courses/{CS101}/")

    expect(page).to_have_url(f"{site.url}/courses/{CS101}/")
    expect(page.get_by_text("How many learners are enrolled?")).to_be_visible()
    expect(page.locator(".account")).to_contain_text("grace")
    page.goto(f"{site.url}/courses/")
    expect(page.locator("main tbody tr")).to_have_count(1)
    assert page.goto(f"{site.url}/courses/SampleU/Bio110/2026_T1/").status == 403  # type: ignore[union-attr]


def test_whoever_refuses_is_told_and_not_signed_in(page: Page, site: Site) -> None:
    sign_in(page, f"{site.url}/courses/", answer="Cancel")

    expect(page.get_by_role("alert")).to_contain_text("You did not allow the sign-in")
    page.goto(f"{site.url}/courses/")
    expect(page).to_have_url(f"{site.url}/sign-in/?next=/courses/&ended=1")


def test_a_role_that_is_taken_away_closes_the_course_in_an_open_session(
    page: Page, site: Site
) -> None:
    sign_in(page, f"{site.url}/courses/{CS101}/")
    site.lms.change("grace", courses=[])
    time.sleep(SECONDS)

    page.reload()

    expect(page.get_by_role("heading", level=1)).to_have_text("You do not have access to this page")
    page.goto(f"{site.url}/courses/")
    expect(page.locator("main")).not_to_contain_text("CS101")


def test_sign_out_ends_the_session_here_and_at_the_lms(page: Page, site: Site) -> None:
    sign_in(page, f"{site.url}/courses/")

    page.get_by_role("button", name="Sign out").click()

    expect(page).to_have_url(f"{site.url}/sign-in/")
    page.goto(f"{site.url}/courses/{CS101}/")
    page.get_by_role("button", name="Sign in through 127.0.0.1").click()
    expect(page.get_by_role("button", name="Sign in to the LMS")).to_be_visible()


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_the_sign_in_page_is_for_everybody(browser: Browser, site: Site, colours: str) -> None:
    with _context(browser, colours) as context:
        page = context.new_page()
        page.goto(f"{site.url}/sign-in/")
        result = Axe().run(page)
        assert result.violations_count == 0, result.generate_report()
        page.keyboard.press("Tab")
        while not page.get_by_role("button", name="Sign in through").evaluate(
            "button => button === document.activeElement"
        ):
            page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        expect(page).to_have_title("LMS")


def _context(browser: Browser, colours: str) -> BrowserContext:
    return browser.new_context(color_scheme="dark" if colours == "dark" else "light")
