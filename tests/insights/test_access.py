"""Who sees what: users × courses × every URL that Insights has, those that come included.

URLs are taken from the URL configuration. What they need, such as the id of a video, is found by
following the pages' links, as a reader does; a URL that no page leads to fails the test until it
has an entry in `course_urls.BY_HAND`.
"""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from social_django.models import UserSocialAuth

from course_urls import CS101, SEEN, is_of_a_course, patterns, urls_of, write_note
from insights.accounts.models import LmsAccount

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from served import Served

BIO = "SampleU/Bio110/2026_T1"
UNKNOWN = "course-v1:Nobody+Knows+This"
# Who sees CS101; nobody here sees UNKNOWN.
SEES = {
    "superuser": True,
    "staff": True,
    "staff-of-bio": False,
    "nobody": False,
    "lms-superuser": True,
    "lms-staff": True,
    "lms-staff-of-bio": False,
    "lms-nobody": False,
    "lms-does-not-answer": False,
    "lms-forgot-the-user": False,
}
# Without a course, and with nothing about any.
OF_NO_COURSE = {"home", "health", "status", "sign-in", "sign-out", "password"} | {
    "lms-sign-in",
    "lms-complete",
    "mail-stop",
}

# Of several courses; courses/test_compare.py has who sees them.
OF_SOME_COURSES = {"compare-csv"}

# Parameters that name nothing of a course.
OF_NO_ID = {"start", "end", "compare", "page", "search", "sort", "order"} | {
    "segment",
    "mode",
    "cohort",
}

pytestmark = pytest.mark.django_db


OF_A_COURSE = sorted(pattern.name for pattern in patterns() if is_of_a_course(pattern))
OF_ALL_COURSES = sorted(
    pattern.name
    for pattern in patterns()
    if not is_of_a_course(pattern) and pattern.name not in OF_NO_COURSE | OF_SOME_COURSES
)


@pytest.fixture
def user(make_user: Callable[..., User]) -> Callable[[str], User]:
    """One of `SEES`, made where it is not there yet."""

    def make(kind: str) -> User:
        there: User | None = get_user_model().objects.filter(username=kind).first()
        if there:
            return there
        courses = {"staff": [CS101], "staff-of-bio": [BIO]}.get(kind.removeprefix("lms-"), [])
        if not kind.startswith("lms-"):
            return make_user(kind, *courses, superuser=kind == "superuser")
        made = make_user(kind)
        knows = kind not in ("lms-does-not-answer", "lms-forgot-the-user")
        LmsAccount.objects.create(
            user=made,
            sees_all=kind == "lms-superuser",
            # What the LMS said too long ago is good for nothing.
            course_ids=courses if knows else [CS101],
            read_at=timezone.now() if knows else None,
        )
        if kind == "lms-does-not-answer":
            # Nothing listens where the LMS should be.
            UserSocialAuth.objects.create(
                user=made, provider="edx-oauth2", uid=kind, extra_data={"access_token": "token"}
            )
        return made

    return make


@pytest.fixture(autouse=True)
def _no_lms(settings: Any) -> None:
    settings.LMS_URL = "http://127.0.0.1:9"


_found: dict[str, str] = {}


@pytest.fixture
def urls(browser: Client, served: Served) -> dict[str, str]:  # noqa: ARG001
    """A URL of CS101 for each name; looked for once, as they stay the same."""
    write_note()
    found = _found or urls_of(CS101, browser)
    _found.update(found)
    missing = sorted(set(OF_A_COURSE) - found.keys())
    assert not missing, (
        f"no page of {CS101} leads to {', '.join(missing)}: link to them, or give each a URL in"
        " BY_HAND of tests/course_urls.py, so that it is known who sees them"
    )
    return found


def of_course(url: str, course_id: str) -> str:
    """The same URL of another course."""
    path, mark, query = url.partition("?")
    changed = re.sub(
        rf"^/courses/({re.escape(CS101)}|{re.escape(quote(CS101))}|{re.escape(BIO)})/",
        lambda _: f"/courses/{course_id}/",
        path.replace("%3A", ":").replace("%2B", "+"),
    )
    assert f"/{course_id}/" in changed, url
    return f"{changed}{mark}{query}"


def shown(response: Any) -> tuple[int, str, str]:
    """All that a reader can tell one answer from another by, but the name that they asked for."""
    content = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())
    where = re.sub(
        r"[^/?=&]*Nobody[^/?=&]*|[^/?=&]*CS101[^/?=&]*", "", response.get("Location", "")
    )
    return response.status_code, where, content


def test_users_see_their_courses_on_every_url_and_tell_no_others_from_none(
    urls: dict[str, str], user: Callable[[str], User], served: Served, settings: Any
) -> None:
    leaks = []
    for kind, sees in SEES.items():
        client = Client()
        for name, url in urls.items():
            # Signed in anew, as whom the LMS forgot is signed out.
            client.force_login(user(kind))
            # Whoever does not see a course causes no question to the Data API: nothing listens.
            settings.DATA_API_URL = served.api.url if sees else "http://127.0.0.1:9/api/v0"
            answer = client.get(url)
            if sees:
                if answer.status_code != SEEN.get(name, 200):
                    leaks.append(f"{kind} does not see {name}: {answer.status_code}")
                continue
            client.force_login(user(kind))
            unknown = client.get(of_course(url, UNKNOWN))
            refused = {"lms-does-not-answer": 503, "lms-forgot-the-user": 302}.get(kind, 403)
            if answer.status_code != refused or shown(answer) != shown(unknown):
                leaks.append(f"{kind} at {name}: {answer.status_code}, {unknown.status_code}")
    assert leaks == []


@pytest.mark.parametrize("method", ["post", "head", "put", "delete", "options"])
def test_no_method_tells_a_course_of_others_from_none(
    method: str, urls: dict[str, str], user: Callable[[str], User], settings: Any
) -> None:
    settings.DATA_API_URL = "http://127.0.0.1:9/api/v0"
    client = Client()
    client.force_login(user("staff-of-bio"))
    for name, url in urls.items():
        theirs = getattr(client, method)(url)
        unknown = getattr(client, method)(of_course(url, UNKNOWN))
        assert theirs.status_code == unknown.status_code == 403, name
        assert shown(theirs) == shown(unknown), name


def test_an_id_of_another_course_is_unknown_in_ones_own(
    urls: dict[str, str], user: Callable[[str], User]
) -> None:
    """A video or problem of CS101, asked for within BIO by who sees that one alone."""
    client = Client()
    client.force_login(user("staff-of-bio"))
    tried = {
        name: url for name, url in urls.items() if parse_qs(urlsplit(url).query).keys() - OF_NO_ID
    }
    for name, url in tried.items():
        answer = client.get(of_course(url, BIO))
        assert answer.status_code == 404, f"{name}: {answer.status_code}"
    assert "video" in tried


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize("name", OF_ALL_COURSES)
@pytest.mark.parametrize(
    "query", ["", "?search=CS101", "?search=ExampleX", "?sort=title&order=asc"]
)
@pytest.mark.parametrize("kind", sorted(SEES))
def test_what_is_about_all_courses_tells_of_the_readers_own(
    name: str, query: str, kind: str, user: Callable[[str], User]
) -> None:
    client = Client()
    client.force_login(user(kind))
    [pattern] = [pattern for pattern in patterns() if pattern.name == name]
    assert not pattern.pattern.converters, f"{name} takes arguments: give it a test of its own"
    answer = client.get(f"{reverse(name)}{query}")

    content = re.sub(r"<input[^>]*>", "", answer.content.decode())
    if kind == "lms-does-not-answer":
        assert answer.status_code == 503
    elif kind == "lms-forgot-the-user":
        assert answer.status_code == 302
    else:
        assert answer.status_code == 200
    if not query or "sort" in query:
        assert (CS101 in unescape(content)) == SEES[kind]
        assert (BIO in content) == ("superuser" in kind or kind.endswith("of-bio"))
    elif not SEES[kind]:
        assert CS101 not in unescape(content)
