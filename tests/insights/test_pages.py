"""What holds for every page there is, and for those that come: who sees it, and its headers."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse

from course_urls import patterns

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User


CS101 = "course-v1:ExampleX+CS101+2026_T1"
BIO = "SampleU/Bio110/2026_T1"
FOR_EVERYONE = {"status", "health", "sign-in", "lms-sign-in", "lms-complete", "mail-stop"}
OF_A_PART = {"assignment", "performance-section", "problem", "video", "videos-section"} | {
    *("note", "note-removal")
}
"""Pages that need the id of what they are about."""
# A redirect, a form's targets, and what is there with an LMS alone.
NO_PAGE = {"home", "sign-out", "lms-sign-in", "lms-complete"}

pytestmark = pytest.mark.django_db


PATTERNS = {pattern.name: pattern for pattern in patterns()}
OF_A_COURSE = sorted(
    name for name, pattern in PATTERNS.items() if "course_id" in pattern.pattern.converters
)
# Answers' keys belong to the pages that have them.
PAGES = sorted(
    name
    for name, pattern in PATTERNS.items()
    if set(pattern.pattern.converters) <= {"course_id"} and name not in NO_PAGE
)


def address(name: str, course_id: str = CS101) -> str:
    """The URL of this name; where it takes a key, of an answer that no page has."""
    arguments = {"course_id": course_id, "key": "no-such-answer", "username": "nobody"}
    arguments |= {"token": "0"}
    wanted = PATTERNS[name].pattern.converters
    return reverse(name, kwargs={key: arguments[key] for key in wanted})


def test_every_address_has_a_name_of_its_own() -> None:
    assert len(PATTERNS) == sum(1 for _ in patterns())
    assert None not in PATTERNS
    assert {"course", "courses-csv"} <= {*PATTERNS}


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_nobody_sees_anything_without_signing_in(name: str, client: Client) -> None:
    for ask in (client.get, client.post):
        response = ask(address(name))
        if name in FOR_EVERYONE:
            assert response.status_code in (200, 404, 405, 503)
        else:
            assert response.status_code == 302
            assert response["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("name", OF_A_COURSE)
def test_nobody_sees_the_course_of_others(
    name: str, client: Client, make_user: Callable[..., User]
) -> None:
    # Nothing listens where the Data API should be: it is not even asked.
    client.force_login(make_user("grace", BIO))

    theirs, unknown = (
        client.get(address(name, course_id)) for course_id in (CS101, "course-v1:Nobody+Knows+This")
    )

    assert theirs.status_code == unknown.status_code == 403
    assert without_token(theirs.content) == without_token(unknown.content)
    assert CS101 not in theirs.content.decode()


@pytest.mark.parametrize("name", OF_A_COURSE)
@pytest.mark.parametrize("course_id", ["course-v1:ExampleX", "course-v1:A+B+<b>", "CS101:2026"])
def test_a_malformed_course_id_is_told_apart(name: str, course_id: str, browser: Client) -> None:
    response = browser.get(address(name, course_id))

    assert response.status_code == 400
    assert "This address is not right" in response.content.decode()
    assert "<b>" not in response.content.decode()


@pytest.mark.parametrize("course_id", [CS101, BIO, "course-v1:Nobody+Knows+This"])
@pytest.mark.parametrize("name", PAGES)
@pytest.mark.usefixtures("served")
def test_pages_have_nothing_inline_and_a_policy_against_it(
    name: str, course_id: str, browser: Client
) -> None:
    visitor = Client() if name == "sign-in" else browser

    response = visitor.get(address(name, course_id))

    check_security(response)
    assert response.status_code == (404 if name in OF_A_PART else 200)
    if response["Content-Type"].startswith("text/html"):
        check_html(response.content.decode())


@pytest.mark.parametrize(
    "path", ["/nowhere/", "/courses/x/", f"/courses/{CS101}/", "/courses/", "/sign-out/"]
)
def test_error_pages_have_nothing_inline_either(path: str, browser: Client) -> None:
    response = browser.get(path)

    assert response.status_code in (400, 404, 405, 503)
    check_security(response)
    if response.content:
        check_html(response.content.decode())


@pytest.mark.usefixtures("served")
def test_what_a_reader_sees_is_kept_by_no_proxy(browser: Client) -> None:
    for path in ("/courses/", "/courses/courses.csv", f"/courses/{CS101}/"):
        assert "private" in browser.get(path)["Cache-Control"]


def without_token(content: bytes) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", content.decode())


def check_security(response: Any) -> None:
    """The headers that keep a page to itself."""
    policy = dict(
        part.strip().split(" ", 1) for part in response["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert set(policy.values()) <= {"'none'", "'self'"}
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"


def check_html(html: str) -> None:
    """A page that its policy allows, and that says what it is."""
    page = Page()
    page.feed(html)
    assert page.inline == []
    assert page.foreign == []
    assert page.language == "en"
    assert page.tags.count("h1") == page.tags.count("main") == page.tags.count("title") == 1


class Page(HTMLParser):
    """What matters of a page: its tags, and what in it a policy would forbid."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.inline: list[str] = []
        self.foreign: list[str] = []
        self.language: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        self.tags.append(tag)
        if tag == "html":
            self.language = attributes["lang"]
        data = attributes.get("type") == "application/json"
        scripted = [name for name in attributes if name.startswith("on") or name == "style"]
        if tag == "style" or (tag == "script" and "src" not in attributes and not data) or scripted:
            self.inline.append(str(self.get_starttag_text()))
        loaded = {name: attributes.get(name) or "" for name in ("src", "href", "action")}
        if any(re.match(r"\w+:|//", url) for url in loaded.values()):
            self.foreign.append(str(self.get_starttag_text()))
