"""The REST services of an LMS and of course discovery on the loopback interface, which may ail."""

from __future__ import annotations

import json
import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from insights_pipeline.inputs.services import RETRIES, OAuthClient, Service

if TYPE_CHECKING:
    from collections.abc import Iterator

    from urllib3.util import Retry

SECRET = "only-for-tests"
TOKEN = "/oauth2/access_token/"
COURSES = "/api/courses/v1/courses/"
BLOCKS = "/api/courses/v1/blocks/"
COURSE_RUNS = "/api/v1/course_runs/"
PROGRAMS = "/api/v1/programs/"

IMPATIENT: Retry = RETRIES.new(total=3, backoff_factor=0.01)


@dataclass
class Site:
    """What the services tell, and how they fail.

    Attributes:
        blocks: what is answered of a course; a course without has been deleted.
        faults: by path and, where a course is asked for, its id: how the next answers fail. A
            number is a status, with `Retry-After` where it is 429; `half` breaks off, `garbage` is
            half of the JSON, `page` is for people, `nothing` not even an answer, and `elsewhere`
            leads to the same path there.
        elsewhere: the root URL of another server.
        asked: how often each path, with its course, was asked for.
        heard: the headers and the body of each request.
    """

    url: str
    courses: list[dict[str, Any]] = field(default_factory=list)
    course_runs: list[dict[str, Any]] = field(default_factory=list)
    programs: list[dict[str, Any]] = field(default_factory=list)
    blocks: dict[str, Any] = field(default_factory=dict)
    per_page: int = 2
    token: str = "token-1"
    kind: str = "JWT"
    faults: dict[str, Iterator[int | str]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    queries: list[str] = field(default_factory=list)
    elsewhere: str = ""
    heard: list[str] = field(default_factory=list)

    def ail(self, place: str, *faults: int | str, for_ever: bool = False) -> None:
        """Have the next answers at a place fail; and all later ones as the last of these."""
        self.faults[place] = chain(faults, repeat(faults[-1]) if for_ever else ())

    def recover(self) -> None:
        self.faults.clear()

    def service(self, secret: str = SECRET, retries: Retry = IMPATIENT) -> Service:
        """It as the pipeline knows it."""
        return Service(self.url, OAuthClient(self.url, "analytics", secret), retries)

    def listed(self, path: str) -> list[dict[str, Any]]:
        return {COURSES: self.courses, COURSE_RUNS: self.course_runs, PROGRAMS: self.programs}[path]


class _Handler(BaseHTTPRequestHandler):
    site: Site
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.site.heard.append(f"{self.headers}{body}")
        asked = dict(parse_qsl(body))
        if self._fails(self.path):
            return
        if (asked["grant_type"], asked["client_secret"]) != ("client_credentials", SECRET):
            self._answer(401, {"error": "invalid_client"})
            return
        token = {"access_token": self.site.token, "expires_in": 3600, "token_type": self.site.kind}
        self._answer(200, token)

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        self.site.queries.append(parts.query)
        self.site.heard.append(str(self.headers))
        if self._fails(f"{parts.path}{query.get('course_id', '')}"):
            return
        if self.headers["Authorization"] != f"{self.site.kind} {self.site.token}":
            self._answer(401, {"detail": "no such token"})
        elif parts.path == BLOCKS:
            blocks = self.site.blocks.get(query.get("course_id", ""))
            self._answer(200 if blocks else 404, blocks or {"detail": "no such course"})
        else:
            self._answer_page(parts.path, query)

    def _answer_page(self, path: str, query: dict[str, str]) -> None:
        objects, start = self.site.listed(path), int(query.get("offset", 0))
        end = start + self.site.per_page
        following = None
        if end < len(objects):
            # The service does not know by which name it is reached.
            following = f"http://behind.proxy.invalid{path}?{urlencode({**query, 'offset': end})}"
        pages = {"next": following}
        page = {"pagination": pages} if path == COURSES else pages
        self._answer(200, {**page, "results": objects[start:end]})

    def _fails(self, place: str) -> bool:
        self.site.asked[place] += 1
        match next(self.site.faults.get(place, iter(())), 200):
            case 200:
                return False
            case int() as fault:
                wait = {"Retry-After": "1"} if fault == 429 else {}
                self._answer(fault, {"detail": SECRET}, wait)
            case "garbage":
                self._send(200, b'{"results": [{"course_id": "course-v1:Or')
            case "page":
                self._send(200, b"<html>Sign in")
            case "half":
                self._send(200, b'{"results": [', {"Content-Length": "4000"})
                self.close_connection = True
            case "elsewhere":
                self._send(307, b"", {"Location": f"{self.site.elsewhere}{self.path}"})
            case _:
                self.close_connection = True
        return True

    def _answer(self, status: int, answer: object, headers: dict[str, str] | None = None) -> None:
        self._send(status, json.dumps(answer).encode(), headers)

    def _send(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Site]:
    """The services of a site without courses."""
    handler = type("Handler", (_Handler,), {})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    handler.site = Site(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield handler.site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def course(number: int) -> str:
    """The id of a course."""
    return f"course-v1:Org+C{number}+Run"


def fill(site: Site, courses: int = 5) -> None:
    """Have the services tell of so many courses."""
    for number in range(courses):
        key = course(number)
        site.courses.append({"id": key, "course_id": key, "name": f"Course {number}"})
        site.course_runs.append({"key": key, "title": f"Course {number}"})
        site.programs.append({"uuid": f"{number}", "title": f"Program {number}"})
        site.blocks[key] = {"root": f"root-{number}", "blocks": {f"root-{number}": {}}}
