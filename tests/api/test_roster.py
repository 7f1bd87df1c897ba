"""Learners found by a real Elasticsearch: the same answers as the table's, also when it is away."""

from __future__ import annotations

import signal
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

import elasticsearch_server
from analytics_data_api.roster import ORDERS, SEGMENTS
from served import Served
from serving import data_api
from updating import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elasticsearch_server import Server
    from updating import SampleSite

WORDS = ("an", "LEARNER", "example", "ü", "1 e", "*", "?", "%", "_", "\\", '"', "nobody")
QUESTIONS: list[dict[str, Any]] = [
    *({"order_by": by, "sort_order": how} for by, how in product(ORDERS, ("asc", "desc"))),
    *({"text_search": words} for words in WORDS),
    *({"segments": one} for one in SEGMENTS),
    {"segments": "inactive,struggling", "ignore_segments": "disengaging"},
    {"ignore_segments": "inactive", "order_by": "videos_viewed", "page_size": 2, "page": 2},
    {"enrollment_mode": "verified", "text_search": "a"},
    {"enrollment_mode": "nothing"},
]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with elasticsearch_server.running() as server:
        yield server


@pytest.fixture(scope="module")
def searched(
    sample_site: SampleSite, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """The sample site's reports, and the index that its update made."""
    data = tmp_path_factory.mktemp("searched") / "data"
    run(sample_site.update(data, elasticsearch=server.url))
    with data_api(data, ANALYTICS_DATA_API_ELASTICSEARCH=server.url) as api:
        yield Served(data, api)


@pytest.fixture(scope="module")
def table(searched: Served) -> Iterator[Served]:
    """The same reports without it."""
    with data_api(searched.data) as api:
        yield Served(searched.data, api)


def courses(api: Served) -> list[str]:
    rows = api.select("SELECT DISTINCT course_id FROM learner_roster ORDER BY course_id")
    return [row["course_id"] for row in rows]


def found(api: Served, course: str, question: dict[str, Any]) -> tuple[int, list[Any]]:
    """How many learners a question finds, and a page of them."""
    answer = api.get(f"/api/v0/courses/{course}/learners/", params=question)
    assert answer.status_code == 200, answer.text
    page = answer.json()
    return page["count"], page["results"]


def metadata(api: Served, course: str) -> Any:
    return api.get(f"/api/v0/course_learner_metadata/{course}/").json()


def searches(server: Server) -> int:
    """How many questions the server has answered."""
    with server.client() as client:
        stats = client.indices.stats(metric="search")
    return int(stats["_all"]["total"]["search"]["query_total"])


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_both_find_the_same(
    question: dict[str, Any], searched: Served, table: Served, server: Server
) -> None:
    before = searches(server)
    for course in courses(table):
        assert found(searched, course, question) == found(table, course, question)
    assert searches(server) > before


def test_both_count_the_same(searched: Served, table: Served, server: Server) -> None:
    before = searches(server)
    for course in courses(table):
        counts = metadata(table, course)
        assert sum(counts["segments"].values()) > 0
        assert metadata(searched, course) == counts
    assert searches(server) > before


def test_table_answers_for_one_that_is_away(
    searched: Served, table: Served, server: Server
) -> None:
    """The last test: the server does not come back."""
    server.end(signal.SIGKILL)
    for course in courses(table):
        for question in ({"text_search": "nn"}, {"order_by": "email"}):
            assert found(searched, course, question) == found(table, course, question)
        assert metadata(searched, course) == metadata(table, course)
