"""What a user of a site of containers sees on a course's pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import requests

from page_text import text_of

if TYPE_CHECKING:
    from tasks.lib.local.users import User

_PAGES = (
    "",
    "enrollment/activity/",
    "enrollment/demographics/age/",
    "engagement/content/",
    "engagement/videos/",
)


def shown(url: str, certificate: str, user: User, course: str) -> dict[str, str]:
    """The text of the list of courses and of the course's pages, by path."""
    with requests.Session() as session:
        session.verify = certificate
        session.trust_env = False  # or REQUESTS_CA_BUNDLE would take its place
        form = session.get(f"{url}/", timeout=10)
        token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form.text)
        assert token
        session.post(
            form.url,
            {
                "username": user.name,
                "password": user.password,
                "csrfmiddlewaretoken": token[1],
            },
            headers={"Referer": form.url},
            timeout=10,
        )
        paths = ["/courses/", *(f"/courses/{course}/{page}" for page in _PAGES)]
        found = {
            path: text_of(session.get(f"{url}{path}", allow_redirects=False, timeout=10))
            for path in paths
        }
    assert course.split("+")[1] in found["/courses/"]
    return found
