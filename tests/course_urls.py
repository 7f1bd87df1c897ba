"""A URL of each kind about a course, found as a reader finds them: by following links."""

from __future__ import annotations

import re
from datetime import date
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import quote, urljoin, urlsplit

from django.urls import Resolver404, URLResolver, get_resolver, resolve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.test import Client
    from django.urls import URLPattern

CS101 = "course-v1:ExampleX+CS101+2026_T1"
# URLs of CS101 that no page leads to, by the URL's name.
BY_HAND: dict[str, str] = {}
NOTE = "Exam 1: results"
# What those who may see it get, where it is no page: the way to a file of the Data API.
SEEN = {"learner-report": 302}


def patterns(resolver: URLResolver | None = None) -> Iterator[URLPattern]:
    """All that the URLconf knows."""
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry)
        else:
            yield entry


def is_of_a_course(pattern: URLPattern) -> bool:
    """Whether a URL is about one course."""
    return "course_id" in pattern.pattern.converters


def links(url: str, html: str) -> Iterator[str]:
    """Where a page leads, within this site, without fragments."""
    for href in re.findall(r'(?:href|action)="([^"]*)"', html):
        target = urlsplit(urljoin(url, unescape(href)))
        if not target.netloc:
            yield target.path + (f"?{target.query}" if target.query else "")


def name_of(url: str) -> str | None:
    """The name of the URL's pattern, if it is one of the course's."""
    try:
        match = resolve(urlsplit(url).path)
    except Resolver404:
        return None
    return match.url_name if "course_id" in match.kwargs else None


def write_note() -> None:
    """A note in CS101, whose address stays the same from test to test."""
    from insights.courses.models import Note

    values = {"course_id": CS101, "day": date(2026, 1, 12), "text": NOTE, "author": "ada"}
    Note.objects.get_or_create(pk=1, defaults=values)


def urls_of(course_id: str, reader: Client) -> dict[str, str]:
    """A URL of each kind about a course, by its name: the first that a reader comes upon."""
    start = f"/courses/{quote(course_id, safe='/:+')}/"
    found, new = {"course": start}, [start]
    if course_id == CS101:
        write_note()
        found |= BY_HAND
        new += BY_HAND.values()
    while new:
        url = new.pop(0)
        page = reader.get(url)
        assert page.status_code == SEEN.get(name_of(url) or "", 200), f"{url}: {page.status_code}"
        if not page["Content-Type"].startswith("text/html"):
            continue
        for link in links(url, page.content.decode()):
            name = name_of(link)
            if (
                name
                and name not in found
                and resolve(urlsplit(link).path).kwargs["course_id"] == course_id
            ):
                found[name] = link
                new.append(link)
    return found
