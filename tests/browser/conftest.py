"""A served site and a real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, sync_playwright

from insights_pipeline.sample import SampleOptions
from tasks.lib import demo, serve
from visiting import Site, Visitor, visitor_of

if TYPE_CHECKING:
    from collections.abc import Iterator

# It looks for its maker's hosts at every start unless told not to, and as root has no sandbox.
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo, with six weeks of three courses."""
    data = tmp_path_factory.mktemp("site")
    demo.prepare(data, SampleOptions(days=42, learners=150, courses=3))
    with serve.site(data, 0) as served:
        yield Site(data, served.insights.address.url, demo.login(served))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium without a window.

    Not for the whole session: while Playwright is there, Django takes every later test of the same
    process for asynchronous code.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no chromium, though .ci/run installs it")
        pytest.skip("needs Chromium (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visitor(browser: Browser, site: Site) -> Iterator[Visitor]:
    """Somebody at a screen of 1280 pixels, signed in; every complaint of the browser fails."""
    with browser.new_context(
        viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
    ) as context:
        visitor = visitor_of(context, site)
        visitor.sign_in()
        yield visitor
        assert visitor.complaints == []
        assert visitor.foreign_requests == []
