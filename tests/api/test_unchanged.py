"""Who has an answer already is told when it is still the answer."""

from __future__ import annotations

import http.client
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import requests

from published import run
from tasks.lib.local import applications
from tasks.lib.local.secrets import Secrets

if TYPE_CHECKING:
    from served import Served

PATHS = (
    "/api/v0/course_totals/",
    "/api/v1/course_totals/?fields=count",
    "/api/v0/course_summaries/?page=1",
)
VALIDATORS = ("ETag", "Last-Modified")


@pytest.fixture(scope="module")
def api(empty: Served) -> Served:
    """A Data API on the reports of a run that found nothing."""
    empty.insert("pipeline_run", run(1, "succeeded"))
    return empty


def again(api: Served, path: str, first: requests.Response, validator: str) -> requests.Response:
    """The answer to one who has the first one."""
    condition = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}[validator]
    return api.get(path, headers={condition: first.headers[validator]})


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("validator", VALIDATORS)
def test_answer_that_did_not_change(path: str, validator: str, api: Served) -> None:
    first = api.get(path)
    second = again(api, path, first, validator)

    assert (first.status_code, second.status_code, second.content) == (200, 304, b"")
    assert first.headers["Last-Modified"] == "Sun, 01 Feb 2026 02:00:00 GMT"
    assert first.headers["Cache-Control"] == "private, no-cache"
    for name in (*VALIDATORS, "Cache-Control", "X-Pipeline-Run", "Vary"):
        assert second.headers[name] == first.headers[name]


@pytest.mark.parametrize(
    "precondition",
    [{"If-Match": '"x"'}, {"If-Unmodified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"}],
    ids=str,
)
def test_what_has_to_be_so_comes_before_what_changed(
    precondition: dict[str, str], api: Served
) -> None:
    conditions = {"If-None-Match": api.get(PATHS[0]).headers["ETag"]} | precondition

    assert {api.get(PATHS[0], headers=conditions).status_code for _ in range(4)} == {412}


@pytest.mark.parametrize(
    "condition",
    [
        {"If-None-Match": "*"},
        {"If-Modified-Since": "Fri, 31 Dec 2100 00:00:00 GMT"},
    ],
    ids=str,
)
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v0/course_totals/?fields=shoe_size", 400),
        ("/api/v0/courses/A/B/C/activity/", 404),
        ("/api/v0/course_totals/", 304),
    ],
)
def test_what_is_wrong_is_said_to_whoever_has_no_tag_of_ours(
    api: Served, path: str, status: int, condition: dict[str, str]
) -> None:
    assert api.get(path, headers=condition).status_code == status


def test_each_answer_has_a_tag_of_its_own(api: Served) -> None:
    tags = {
        api.get(path, headers={"Accept": form}).headers["ETag"]
        for path in PATHS
        for form in ("application/json", "text/csv")
    }

    assert len(tags) == 2 * len(PATHS)
    [path, other, *_] = PATHS
    tag = api.get(other).headers["ETag"]
    assert api.get(path, headers={"If-None-Match": tag}).status_code == 200


def test_head_has_what_get_has(api: Served) -> None:
    answer, head = api.get(PATHS[0]), api.request("HEAD", PATHS[0])

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == answer.headers["ETag"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/api/v0/course_totals/", 200),
        ("GET", "/api/v0/course_summaries/", 404),
        ("GET", "/api/v0/course_totals/?fields=shoe_size", 400),
        # It has the runs that failed too.
        ("GET", "/api/v0/runs/", 200),
        ("GET", "/api/v0/status/", 200),
    ],
)
def test_what_is_always_answered_anew(method: str, path: str, status: int, api: Served) -> None:
    response = api.request(method, path, headers={"If-None-Match": 'W/"x"'})

    assert response.status_code == status
    assert not {*VALIDATORS, "Cache-Control"} & response.headers.keys()


def test_another_run_makes_another_answer(api: Served) -> None:
    first = api.get(PATHS[0])
    api.insert("pipeline_run", run(2, "failed"))
    assert again(api, PATHS[0], first, "ETag").status_code == 304

    api.insert("pipeline_run", run(3, "succeeded"))

    for validator in VALIDATORS:
        second = again(api, PATHS[0], first, validator)
        assert second.status_code == 200
        assert second.headers[validator] != first.headers[validator]


def test_another_state_of_the_run_makes_another_answer(api: Served) -> None:
    """As when a learner was forgotten."""
    first = api.get(PATHS[0])
    api.execute("UPDATE pipeline_run SET created = '2026-03-01 02:00:00'")

    for validator in VALIDATORS:
        second = again(api, PATHS[0], first, validator)
        assert second.status_code == 200
        assert second.headers[validator] != first.headers[validator]


@pytest.mark.parametrize("form", ["application/json", "text/csv"])
def test_answer_that_is_given_again_is_the_same(form: str, api: Served) -> None:
    # Each of the server's processes keeps its own.
    answers = [api.get("/api/v0/course_totals/", headers={"Accept": form}) for _ in range(6)]

    for answer in answers:
        del answer.headers["Date"]
        assert (answer.content, answer.headers) == (answers[0].content, answers[0].headers)
    head = api.request("HEAD", "/api/v0/course_totals/", headers={"Accept": form})
    assert head.headers["Content-Length"] == str(len(answers[0].content))


def test_answer_that_was_given_is_not_for_everybody(api: Served) -> None:
    first = api.get(PATHS[0])
    token = client(api, "soon-gone")
    headers = {"If-None-Match": first.headers["ETag"]}

    assert ask(api, token) == 200
    assert ask(api, token, **headers) == 304
    assert client(api, "soon-gone") != token
    for wrong in (token, "nobody's", ""):
        assert ask(api, wrong) == 401
        assert ask(api, wrong, **headers) == 401


def client(api: Served, name: str) -> str:
    """A new token of a client, whose earlier one is of no use from then on."""
    return applications.data_api(api.data, Secrets.of(api.data)).manage("set_api_key", name).strip()


def ask(api: Served, token: str, **headers: str) -> int:
    """Status of an answer to who has this token, if any; of both processes, most likely."""
    if token:
        headers["Authorization"] = f"Token {token}"
    url = f"{api.api.root}{PATHS[0]}"
    [status] = {requests.get(url, headers=headers, timeout=30).status_code for _ in range(4)}
    return status


@pytest.mark.parametrize("block", ["Ζωή", "a/b", "%", "\u202e"])
def test_letters_of_any_script_in_a_path(block: str, api: Served) -> None:
    path = f"/api/v0/problems/{quote(block, safe='')}/sequential_open_distribution/"
    assert api.get(path).status_code == 404
    api.insert(
        "sequential_open_distribution", {"course_id": "A/B/C", "module_id": block, "count": 1}
    )

    first = api.get(path)
    assert first.json()[0]["module_id"] == block
    assert again(api, path, first, "ETag").status_code == 304


def test_dots_in_a_path_lead_nowhere_else(api: Served) -> None:
    api.insert(
        "sequential_open_distribution", {"course_id": "A/B/C", "module_id": "one", "count": 1}
    )
    paths = [
        f"/api/v0/problems/{block}/sequential_open_distribution/" for block in ("one", "x/../one")
    ]
    address, statuses = api.api.root.removeprefix("http://"), []
    # Other clients take the dots away.
    with closing(http.client.HTTPConnection(address, timeout=30)) as connection:
        for path in 4 * paths:
            connection.request("GET", path, headers={"Authorization": f"Token {api.api.token}"})
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)

    assert statuses == 4 * [200, 404]
