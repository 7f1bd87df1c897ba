"""A served site, and somebody who visits it with a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from insights_pipeline.sample import SampleOptions
from tasks.lib.local import demo, serve
from visiting import Site, Visitor, visitor_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, StorageState


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The demo, with six weeks of three courses."""
    data = tmp_path_factory.mktemp("site")
    demo.prepare(data, SampleOptions(days=42, learners=150, courses=3))
    with serve.site(data, 0) as served:
        yield Site(data, served.insights.address.url, demo.login(served))


@pytest.fixture(scope="module")
def signed_in(browser: Browser, site: Site) -> StorageState:
    """The cookies of somebody who signed in, for others to begin with."""
    with browser.new_context() as context:
        visitor_of(context, site).sign_in()
        return context.storage_state()


@pytest.fixture
def visitor(browser: Browser, site: Site, signed_in: StorageState) -> Iterator[Visitor]:
    """Somebody at a screen of 1280 pixels, signed in; every complaint of the browser fails."""
    with browser.new_context(
        viewport={"width": 1280, "height": 900}, reduced_motion="reduce", storage_state=signed_in
    ) as context:
        visitor = visitor_of(context, site)
        yield visitor
        assert visitor.complaints == []
        assert visitor.foreign_requests == []
