"""Who has an answer already is told when it is still the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from published import run

if TYPE_CHECKING:
    import requests

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
