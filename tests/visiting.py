"""Somebody who visits a served site with a real browser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

    from tasks.lib.local.users import User


@dataclass(frozen=True)
class Site:
    """The demo on a small sample, being served."""

    data: Path
    url: str
    user: User


@dataclass
class Visitor:
    """A page of the browser, with what went wrong in it."""

    page: Page
    site: Site
    complaints: list[str]
    foreign_requests: list[str]

    def go(self, path: str) -> None:
        """Open a page of Insights."""
        answer = self.page.goto(f"{self.site.url}{path}")
        assert answer is not None
        assert answer.ok, f"{path}: {answer.status}"

    def sign_in(self) -> None:
        """Sign in as the demo's user."""
        self.go("/")
        self.page.get_by_label("Username").fill(self.site.user.name)
        self.page.get_by_label("Password").fill(self.site.user.password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_load_state()


def visitor_of(context: BrowserContext, site: Site) -> Visitor:
    """A new page of a browser's context, under watch."""
    page = context.new_page()
    visitor = Visitor(page, site, [], [])

    def note_console(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            visitor.complaints.append(f"{page.url}: {message.text}")

    def note_request(request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(site.url).netloc and not (
            request.url.startswith("data:") or request.url.startswith("blob:")
        ):
            visitor.foreign_requests.append(request.url)

    page.on("console", note_console)
    page.on("pageerror", lambda error: visitor.complaints.append(f"{page.url}: {error}"))
    page.on("request", note_request)
    return visitor
