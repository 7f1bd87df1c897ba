"""The weekly report by mail: asked for in a browser, read in one as mail programs show it, stopped.

Screenshots are left in artefacts/screenshots.
"""

from __future__ import annotations

import base64
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.sync_playwright import Axe

import mail_server
from insights_pipeline.sample import SampleOptions
from tasks.lib.local import demo, mail, serve
from visiting import Site, visitor_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage

    from playwright.sync_api import Browser

    from mail_server import MailServer

SCREENSHOTS = Path(__file__).resolve().parents[2] / "artefacts" / "screenshots"
REPORT = "/courses/course-v1:ExampleX+CS101+2026_T1/report/"
URL = "https://analytics.example.org"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
_FIGURES = """() => [...document.querySelectorAll("p.figure")].map(figure => [
    figure.previousElementSibling.textContent.trim(), figure.textContent.trim()])"""


@pytest.fixture(scope="module")
def post() -> Iterator[MailServer]:
    with mail_server.running() as server:
        yield server


@pytest.fixture(scope="module")
def settings(post: MailServer) -> dict[str, str]:
    """Of the mail server, as Insights of a data folder knows it."""
    return {
        "INSIGHTS_SMTP_HOST": "127.0.0.1",
        "INSIGHTS_SMTP_PORT": str(post.port),
        "INSIGHTS_SMTP_SECURITY": "none",
        "INSIGHTS_MAIL_FROM": "Insights <insights@example.org>",
        "INSIGHTS_SITE_URL": URL,
    }


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, settings: dict[str, str]) -> Iterator[Site]:
    """The demo, which sends mail, and whose user has an address."""
    data = tmp_path_factory.mktemp("site")
    demo.prepare(data, SampleOptions(days=42, learners=150, courses=1))
    with serve.site(data, 0, settings) as served:
        user = demo.login(served)
        with closing(sqlite3.connect(data / "insights.sqlite3")) as connection, connection:
            connection.execute("UPDATE auth_user SET email = 'demo@example.org'")
        yield Site(data, served.insights.address.url, user)


def html_of(mail: EmailMessage) -> str:
    """The HTML part, with its pictures in it as mail programs put them there."""
    parts = {part["Content-ID"]: part for part in mail.walk()}
    [html] = [part.get_content() for part in mail.walk() if part.get_content_type() == "text/html"]

    def picture(found: re.Match[str]) -> str:
        content = base64.b64encode(parts[f"<{found[1]}>"].get_content()).decode()
        return f'src="data:image/png;base64,{content}"'

    return re.sub('src="cid:([^"]*)"', picture, html)


def figures(page: Any) -> dict[str, str]:
    return dict(page.evaluate(_FIGURES))


def test_from_the_button_to_the_last_click(
    browser: Browser, site: Site, post: MailServer, settings: dict[str, str]
) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        visitor = visitor_of(context, site)
        visitor.sign_in()
        visitor.go(REPORT)
        visitor.page.screenshot(path=SCREENSHOTS / "report-mail-light.png", full_page=True)
        visitor.page.get_by_role("button", name="Send me this every week").click()
        assert (
            "From now on, this report is sent to" in visitor.page.get_by_role("status").inner_text()
        )
        visitor.go(REPORT)
        assert visitor.page.get_by_role("button", name="Stop sending").is_visible()
        wanted = figures(visitor.page)
        assert visitor.complaints == []

    mail.send_from(site.data, settings)
    [(address, sent)] = post.mails
    assert address == "demo@example.org"

    for screen, width in (("desktop", 800), ("phone", 390)):
        for theme, ground in (("light", "rgb(255, 255, 255)"), ("dark", "rgb(20, 23, 27)")):
            with browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme=theme,  # type: ignore[arg-type]
            ) as context:
                page = context.new_page()
                page.set_content(html_of(sent))
                background = page.evaluate("getComputedStyle(document.body).backgroundColor")
                assert background == ground
                assert figures(page) == wanted
                assert len(wanted) >= 7
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                for image in page.locator("img").all():
                    assert image.evaluate("image => image.naturalWidth") == 680
                result = Axe().run(page, options={"runOnly": WCAG})
                assert result.violations_count == 0, result.generate_report()
                name = f"mail-{theme}" if screen == "desktop" else f"mail-{screen}-{theme}"
                page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
                stop = page.get_by_role("link", name="Stop sending").get_attribute("href")

    assert stop
    assert stop.startswith(URL)
    with browser.new_context() as context:  # nobody is signed in there
        visitor = visitor_of(context, site)
        visitor.go(stop.removeprefix(URL))
        visitor.page.get_by_role("button", name="Stop sending").click()
        assert visitor.page.get_by_role("heading").inner_text() == (
            "You will get no more of this report"
        )
        result = Axe().run(visitor.page, options={"runOnly": WCAG})
        assert result.violations_count == 0, result.generate_report()
    mail.send_from(site.data, settings)
    assert len(post.mails) == 1
