"""The Data API under many clients at once: how many answers a second, how quick, how many wrong.

Clients, servers and database share the machine. Each client is a thread with a connection of its
own that it keeps, and asks for the next of all paths as soon as it has its answer.
"""

from __future__ import annotations

import http.client
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from insights_pipeline.sample import SampleOptions
from tasks.lib.local import applications, demo, serve
from tasks.lib.local.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

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
# Of the comparison of one client.
_PATHS, _PAIRS = 100, 5


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
    """One client; it opens its connection again when the server has closed it."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._connection = http.client.HTTPConnection(api.host, api.port, timeout=60)

    def ask(self, path: str, tag: str = "") -> tuple[int, str]:
        """Status and ETag of an answer, which is read to its end; status 0 for none."""
        headers = {"Authorization": f"Token {self._api.token}"}
        if tag:
            headers["If-None-Match"] = tag
        for _ in range(2):
            try:
                self._connection.request("GET", path, headers=headers)
                answer = self._connection.getresponse()
                answer.read()
            except (http.client.HTTPException, OSError):
                self._connection.close()
            else:
                return answer.status, answer.headers.get("ETag", "")
        return 0, ""


def measure(clients: int, seconds: float, courses: int) -> Iterator[str]:
    """Make a sample site, serve it, and ask; a line for each result.

    Args:
        clients: how many ask at once.
        seconds: for how long, warm.
        courses: of the sample site.
    """
    with TemporaryDirectory() as folder, ExitStack() as stack:
        data = Path(folder)
        summary = demo.prepare(data, SampleOptions(days=60, learners=1000, courses=courses))
        ids = [course.course_id for course in summary.courses]
        api = stack.enter_context(_served(data, ids))
        yield f"{len(api.paths)} paths of {courses} courses, {clients} clients at once"
        yield f"cold (each path once): {_load(api, clients)}"
        yield f"warm ({seconds:.0f} s): {_load(api, clients, seconds)}"
        tags = _tags(api)
        yield f"warm, unchanged: {_load(api, clients, seconds, tags)}"
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


def _load(api: Api, clients: int, seconds: float = 0, tags: dict[str, str] | None = None) -> Load:
    """Ask for every path once or, with `seconds`, again and again."""
    latencies: list[float] = []
    errors: list[int] = []
    lock, ready = threading.Lock(), threading.Barrier(clients + 1)
    turn = iter(range(10**9))
    ends = [0.0]

    def ask() -> None:
        client, own, wrong = Client(api), [], 0
        ready.wait()
        while True:
            with lock:
                number = next(turn)
            if (number >= len(api.paths)) if not seconds else (time.perf_counter() >= ends[0]):
                break
            path = api.paths[number % len(api.paths)]
            began = time.perf_counter()
            status, _ = client.ask(path, (tags or {}).get(path, ""))
            own.append(time.perf_counter() - began)
            wrong += status not in (200, 304)
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
    return {path: client.ask(path)[1] for path in dict.fromkeys(api.paths)}


def _ratio(api: Api, tags: dict[str, str]) -> float:
    """How many times as long fresh answers take as unchanged ones, by the medians of each path.

    Both take turns, so that other load on the machine meets both alike.
    """
    client = Client(api)

    def seconds(path: str, tag: str = "") -> float:
        began = time.perf_counter()
        client.ask(path, tag)
        return time.perf_counter() - began

    fresh = unchanged = 0.0
    for path, tag in list(tags.items())[:_PATHS]:
        if tag:
            pairs = [(seconds(path), seconds(path, tag)) for _ in range(_PAIRS)]
            fresh += median(pair[0] for pair in pairs)
            unchanged += median(pair[1] for pair in pairs)
    return fresh / unchanged
