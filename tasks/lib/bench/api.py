"""The Data API under many clients at once: how many answers a second, how quick, how many wrong.

Clients, servers and database share the machine. Each client is a thread with a connection of its
own that it keeps, and asks for the next of all paths as soon as it has its answer.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from itertools import count, cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from insights_pipeline.sample import SampleOptions
from tasks.lib.local import applications, demo, serve
from tasks.lib.local.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

# Of a course, as Insights' pages ask for them; several in proportion to how often.
_OF_COURSE = (
    "activity/?start_date=2026-01-01",
    "activity/",
    "recent_activity/",
    "enrollment/?start_date=2026-01-01",
    "enrollment/",
    "enrollment/mode/?start_date=2026-01-01",
    "enrollment/gender/",
    "enrollment/birth_year/",
    "enrollment/education/",
    "enrollment/location/",
    "problems/",
    "problems_and_tags/",
    "videos/",
)
_OF_SITE = ("course_summaries/?page=1&page_size=25", "course_totals/", "programs/", "runs/?limit=1")
_HEADER = re.compile(r"^(ETag|Content-Length): (.*?)\r?$", re.MULTILINE | re.IGNORECASE)
_MEETINGS = 4
# Of the comparison of one client.
_PATHS, _PAIRS = 50, 50


Question = tuple[str, str]
"""A path, and the tag of the answer that is there, or none."""


@dataclass(frozen=True)
class Api:
    """A served Data API, what to ask of it, and the token to ask with."""

    host: str
    port: int
    token: str
    paths: Sequence[str]


@dataclass(frozen=True)
class Load:
    """What many clients saw.

    Attributes:
        seconds: that they asked for.
        latencies: of all answers, in seconds, quickest first.
        errors: answers that were neither 200 nor 304, and questions without one.
    """

    seconds: float
    latencies: Sequence[float]
    errors: int

    def __str__(self) -> str:
        p50, p95 = (1000 * self._percentile(share) for share in (0.50, 0.95))
        return (
            f"{len(self.latencies) / self.seconds:,.0f} answers/s, p50 {p50:.0f} ms,"
            f" p95 {p95:.0f} ms, {self.errors} errors of {len(self.latencies):,}"
        )

    def _percentile(self, share: float) -> float:
        return self.latencies[min(int(share * len(self.latencies)), len(self.latencies) - 1)]


class Client:
    """One client; it opens its connection again when the server has closed it.

    It reads no more of an answer than it needs: a library that makes sense of every header takes
    the processors, which it shares with the servers, for about as long as they do.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._connection: socket.socket | None = None

    def ask(self, path: str, tag: str = "") -> tuple[int, str]:
        """Status and ETag of an answer, which is read to its end; status 0 for none."""
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: {self._api.host}:{self._api.port}",
            f"Authorization: Token {self._api.token}",
            *([f"If-None-Match: {tag}"] if tag else ()),
        ]
        question = "\r\n".join([*lines, "", ""]).encode()
        for _ in range(2):
            try:
                return self._answer(question)
            except OSError:
                self.close()
        return 0, ""

    def close(self) -> None:
        """Close the connection; another question opens it again."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def _answer(self, question: bytes) -> tuple[int, str]:
        if not self._connection:
            address = (self._api.host, self._api.port)
            self._connection = socket.create_connection(address, timeout=60)
        self._connection.sendall(question)
        answer = self._more()
        while (end := answer.find(b"\r\n\r\n")) < 0:
            answer += self._more()
        head = answer[:end].decode("latin-1")
        found = {name.lower(): value for name, value in _HEADER.findall(head)}
        missing = end + 4 + int(found.get("content-length", 0)) - len(answer)
        while missing > 0:
            missing -= len(self._more())
        return int(head.split(maxsplit=2)[1]), found.get("etag", "")

    def _more(self) -> bytes:
        assert self._connection
        if not (piece := self._connection.recv(2**16)):
            raise ConnectionResetError
        return piece


def measure(clients: int, seconds: float, courses: int) -> Iterator[str]:
    """Make a sample site, serve it, and ask; a line for each result.

    Args:
        clients: how many ask at once.
        seconds: for how long, warm.
        courses: of the sample site.
    """
    with TemporaryDirectory() as folder, ExitStack() as stack:
        data = Path(folder)
        summary = demo.prepare(data, SampleOptions(courses=courses))
        ids = [course.course_id for course in summary.courses]
        api = stack.enter_context(_served(data, ids))
        yield f"{len(api.paths)} paths of {courses} courses, {clients} clients at once"
        yield f"cold (each path once): {_load(api, clients, _once(api))}"
        fresh = _load(api, clients, map(_anew, _again(api), count()), seconds)
        yield f"fresh ({seconds:.0f} s, every question a new one): {fresh}"
        # So that each process of the server has met each of them.
        _load(api, clients, islice(_again(api), _MEETINGS * len(api.paths)))
        yield f"warm: {_load(api, clients, _again(api), seconds)}"
        tags = _tags(api)
        yield f"warm, unchanged: {_load(api, clients, _again(api, tags), seconds)}"
        yield (
            f"fresh / unchanged, one client: {_ratio(api, tags):.1f} (at least 5 is wanted; p95 of"
            " 50 clients on 2 processors: under 100 ms)"
        )


@contextmanager
def _served(data: Path, courses: Sequence[str]) -> Generator[Api]:
    secrets = Secrets.of(data)
    application = applications.data_api(data, secrets)
    # The clients ask quicker than one token may.
    settings = {**application.environment, "ANALYTICS_DATA_API_RATE": "none"}
    application = replace(application, environment=settings)
    serve.prepare(application)
    with serve.listen(0) as address, serve.serving(application, address) as server:
        serve.wait_for(server)
        url = urlsplit(address.url)
        assert url.hostname
        assert url.port
        site = Api(url.hostname, url.port, secrets.api_token, _paths(courses))
        yield site


def _paths(courses: Sequence[str]) -> list[str]:
    """Page after page: a course's numbers, and the site's."""
    return [
        path
        for course in courses
        for path in (
            *(f"/api/v0/courses/{quote(course, safe='')}/{path}" for path in _OF_COURSE),
            *(f"/api/v0/{path}" for path in _OF_SITE),
        )
    ]


def _once(api: Api) -> Iterator[Question]:
    yield from ((path, "") for path in api.paths)


def _again(api: Api, tags: Mapping[str, str] | None = None) -> Iterator[Question]:
    """Every path again and again, with the tags of answers that are there."""
    return cycle([(path, (tags or {}).get(path, "")) for path in api.paths])


def _anew(question: Question, number: int) -> Question:
    """A question that nobody has asked yet: a parameter that says nothing makes it another one."""
    path, tag = question
    return f"{path}{'&' if '?' in path else '?'}_={number}", tag


def _load(api: Api, clients: int, questions: Iterator[Question], seconds: float = 60) -> Load:
    """Ask one question after the other for so long, or until there are no more."""
    latencies: list[float] = []
    errors: list[int] = []
    lock, ready = threading.Lock(), threading.Barrier(clients + 1)
    ends = [0.0]

    def ask() -> None:
        client, own, wrong = Client(api), [], 0
        ready.wait()
        while time.perf_counter() < ends[0]:
            with lock:
                question = next(questions, None)
            if question is None:
                break
            began = time.perf_counter()
            status, _ = client.ask(*question)
            own.append(time.perf_counter() - began)
            wrong += status not in (200, 304)
        client.close()
        with lock:
            latencies.extend(own)
            errors.append(wrong)

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    began = time.perf_counter()
    ends[0] = began + seconds
    ready.wait()
    for thread in threads:
        thread.join()
    return Load(time.perf_counter() - began, sorted(latencies), sum(errors))


def _tags(api: Api) -> dict[str, str]:
    client = Client(api)
    tags = {path: client.ask(path)[1] for path in dict.fromkeys(api.paths)}
    client.close()
    return tags


def _ratio(api: Api, tags: Mapping[str, str]) -> float:
    """How many times as long fresh answers take as unchanged ones, by the quickest of each path.

    Whatever else the machine does makes an answer slower, never quicker. Each is timed after one of
    its own kind, as the server still clears up after an answer when the next question comes.
    """
    client, number = Client(api), count(10**9)

    def seconds(first: Question, second: Question) -> float:
        client.ask(*first)
        began = time.perf_counter()
        client.ask(*second)
        return time.perf_counter() - began

    def anew(path: str) -> Question:
        return _anew((path, ""), next(number))

    fresh = unchanged = 0.0
    for path, tag in list(tags.items())[:_PATHS]:
        if tag:
            pairs = [
                (seconds(anew(path), anew(path)), seconds((path, tag), (path, tag)))
                for _ in range(_PAIRS)
            ]
            fresh += min(pair[0] for pair in pairs)
            unchanged += min(pair[1] for pair in pairs)
    client.close()
    return fresh / unchanged
