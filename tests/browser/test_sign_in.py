"""Sign-in through an LMS in a real browser: allowed, refused, a role that is taken away, sign-out.

The browser comes as a reader's does: by the site's name, over TLS, to nginx in its container with
the site's own settings. Behind it, Insights runs on this machine; the LMS listens on loopback.
"""

from __future__ import annotations

import base64
import hashlib
import socket
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate
from playwright.sync_api import expect
from python_on_whales import docker

from images import forward
from images.engine import SITE, Lab, wait_until_healthy
from insights_pipeline.sample import SampleOptions
from lms import Lms, lms
from serving import data_api
from tasks.lib.local import applications, demo, serve
from tasks.lib.local.secrets import Secrets
from tasks.lib.settings import certificate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

    from serving import DataApi
    from tasks.lib.local.applications import Application

CS101 = "course-v1:ExampleX+CS101+2026_T1"
PASSWORD = "kestrel-over-9"
SECONDS = 2  # for which the LMS's word is good
FORWARD = ["python", "-c", Path(forward.__file__).read_text()]


@dataclass(frozen=True)
class Site:
    """Insights behind nginx, and the LMS that it signs in through.

    Attributes:
        address: nginx's, for the name `SITE`.
        key: the hash of the public key in nginx's certificate, as Chromium takes it.
    """

    address: str
    key: str
    lms: Lms

    @property
    def url(self) -> str:
        return f"https://{SITE}:8443"


class InNetwork(serve.Address):
    """A port of the host that listens where the containers of a network reach it."""

    @property
    def host(self) -> str:
        return str(self.listener.getsockname()[0])

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data, tls = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("nginx") / "tls"
    certificate.ensure(tls / "certificate.pem", tls / "key.pem", SITE)
    (tls / "key.pem").chmod(0o644)  # nginx has a user of its own
    people = {"grace": {"password": PASSWORD, "courses": [CS101]}}
    redirect_uri = f"https://{SITE}:8443/complete/edx-oauth2/"
    with Lab() as lab, socket.create_server((gateway_of(lab), 0)) as listener:
        address = InNetwork(listener)
        # They come up meanwhile.
        nginx = lab.start("nginx", volumes={tls: "/etc/analytics/tls:ro"})
        lab.start("insights", command=[*FORWARD, address.host, str(address.port)])
        demo.prepare(data, SampleOptions(days=14, learners=30, courses=2))
        with (
            data_api(data) as api,
            lms(tmp_path_factory.mktemp("lms"), people, redirect_uri) as of,
            serve.serving(insights_of(data, api, of, address), address) as server,
        ):
            serve.wait_for(server)
            wait_until_healthy(nginx)
            yield Site(lab.address(nginx), key_of(tls / "certificate.pem"), of)


def insights_of(data: Path, api: DataApi, of: Lms, address: InNetwork) -> Application:
    """Insights with the settings of a site behind TLS, prepared."""
    insights = applications.insights(data, Secrets.of(data), api.url)
    settings = {
        "INSIGHTS_HTTPS": "on",
        "INSIGHTS_ALLOWED_HOSTS": f"{SITE},{address.host}",
        "INSIGHTS_LMS_COURSES_SECONDS": str(SECONDS),
        "FORWARDED_ALLOW_IPS": "*",  # gunicorn's, as in the container
        **of.environment,
    }
    insights = replace(insights, environment={**insights.environment, **settings})
    serve.prepare(insights)
    return insights


def gateway_of(lab: Lab) -> str:
    """The host's own address in a network."""
    return str(docker.network.inspect(lab.name).ipam.config[0]["Gateway"])


def key_of(pem: Path) -> str:
    """The hash of the public key in a certificate."""
    key = load_pem_x509_certificate(pem.read_bytes()).public_key()
    encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.b64encode(hashlib.sha256(encoded).digest()).decode()


@pytest.fixture(scope="module")
def chromium_flags(site: Site) -> list[str]:
    """It finds the site by its name, and trusts this one certificate that nobody signed."""
    return [
        f"--host-resolver-rules=MAP {SITE} {site.address}",
        f"--ignore-certificate-errors-spki-list={site.key}",
    ]


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


def test_nothing_goes_without_tls(page: Page, site: Site) -> None:
    """Whoever comes over http is led on; cookies, and the way back from the LMS, are of https."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    sign_in(page, f"http://{SITE}:8080/courses/")

    expect(page).to_have_url(f"{site.url}/courses/")
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies(site.url)}
    assert {*cookies} == {"insights_session", "insights_csrf"}
    assert all(cookie["secure"] and cookie["httpOnly"] for cookie in cookies.values())
    [uri, *_again] = [
        uri
        for url in asked
        if urlsplit(url).path == "/oauth2/authorize"
        for uri in parse_qs(urlsplit(url).query)["redirect_uri"]
    ]
    assert urlsplit(uri).scheme == "https"
    assert uri.startswith(f"{site.url}/complete/edx-oauth2/")
    insecure = [url for url in asked if url.startswith(f"http://{SITE}")]
    assert insecure == [f"http://{SITE}:8080/courses/"]


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
