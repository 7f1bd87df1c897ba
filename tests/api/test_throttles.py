"""How often a token may ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from published import run
from served import Served
from serving import data_api
from tasks.lib.local import applications
from tasks.lib.local.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Of a day, so that no test sees a new one begin but at midnight; two processes count by themselves.
RATE = 3
PROCESSES = 2


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data = tmp_path_factory.mktemp("throttled")
    with data_api(data, ANALYTICS_DATA_API_RATE=f"{RATE}/day") as api:
        yield Served(data, api)


def token(data: Path, name: str) -> str:
    """A new token of another client's."""
    return applications.data_api(data, Secrets.of(data)).manage("set_api_key", name).strip()


def ask(api: Served, path: str, times: int, token: str, **headers: str) -> list[requests.Response]:
    if token:
        headers["Authorization"] = f"Token {token}"
    return [
        requests.get(f"{api.api.root}{path}", headers=headers, timeout=30) for _ in range(times)
    ]


def test_client_that_asks_too_often_is_told_when_to_come_back(api: Served) -> None:
    answers = ask(api, "/api/v0/course_totals/", RATE * PROCESSES + 1, token(api.data, "eager"))

    refused = [answer for answer in answers if answer.status_code != 200]
    assert [answer.status_code for answer in answers[:RATE]] == [200] * RATE
    assert {answer.status_code for answer in refused} == {429}
    for answer in refused:
        assert answer.json()["error_code"] == "throttled"
        assert 80_000 < int(answer.headers["Retry-After"]) <= 86_400
    # Another one is not kept from asking.
    [other] = ask(api, "/api/v0/course_totals/", 1, token(api.data, "calm"))
    assert other.status_code == 200


def test_answers_that_are_known_count_too(api: Served) -> None:
    api.insert("pipeline_run", run(1, "succeeded"))
    [answer] = ask(api, "/api/v0/course_totals/", 1, api.api.token)
    tag = {"If-None-Match": answer.headers["ETag"]}
    statuses = [
        answer.status_code
        for answer in ask(
            api, "/api/v0/course_totals/", RATE * PROCESSES + 1, token(api.data, "polling"), **tag
        )
    ]

    assert statuses[:RATE] == [304] * RATE
    assert set(statuses[RATE:]) <= {304, 429}
    assert statuses.count(304) <= RATE * PROCESSES


@pytest.mark.parametrize("path", ["/status/", "/health/", "/docs/openapi.json"])
def test_what_everybody_may_always_ask(path: str, api: Served) -> None:
    answers = ask(api, path, RATE * PROCESSES + 1, "")

    assert {answer.status_code for answer in answers} == {200}


def test_insights_asks_for_everybody(api: Served) -> None:
    answers = ask(api, "/api/v0/course_totals/", RATE * PROCESSES + 1, api.api.token)

    assert {answer.status_code for answer in answers} == {200}
