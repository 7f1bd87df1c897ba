"""Every error is one JSON object that says what to do, whatever was asked for."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import requests

from served import Served
from serving import data_api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

COURSE = "course-v1:Ex+CS+T1"


def error(response: requests.Response, status: int) -> tuple[str, str]:
    """Code and message of an error."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/json"
    body = response.json()
    assert list(body) == ["error_code", "developer_message"]
    assert "\n" not in body["developer_message"]
    return body["error_code"], body["developer_message"]


@pytest.fixture
def course_id(served: Served) -> str:
    [row] = served.select("SELECT min(course_id) AS id FROM course_enrollment_daily")
    return str(row["id"])


@pytest.mark.parametrize("accept", ["application/json", "text/csv"])
def test_course_that_nobody_knows(accept: str, served: Served) -> None:
    response = served.get(f"/api/v0/courses/{COURSE}/enrollment/", headers={"Accept": accept})

    assert error(response, 404) == ("no_data", f"The reports have no such data on course {COURSE}.")
    assert "Content-Disposition" not in response.headers
    [run] = served.get("/api/v0/runs/?limit=1").json()
    assert response.headers["X-Pipeline-Run"] == run["run_id"]


@pytest.mark.parametrize(
    "malformed",
    ["x", "a/b", "a/b/c/d/", "course-v1:a+b", "course-v1:a b+c+d", "a%20/b/c", "%00", "%0A", "🎓"],
)
@pytest.mark.parametrize("resource", ["activity", "recent_activity", "enrollment/mode", "videos"])
def test_malformed_course_id(malformed: str, resource: str, served: Served) -> None:
    code, message = error(served.get(f"/api/v0/courses/{malformed}/{resource}/"), 400)

    assert code == "course_key_malformed"
    assert message.isascii()


def test_course_id_that_no_column_holds(served: Served) -> None:
    response = served.get(f"/api/v0/courses/a/b/{'c' * 300}/enrollment/")

    code, message = error(response, 400)
    assert code == "course_key_malformed"
    assert len(message) < 150


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("resource", ["course_summaries", "course_totals"])
def test_malformed_course_id_among_others(resource: str, method: str, served: Served) -> None:
    given = {"course_ids": [COURSE, "nonsense"]}
    response = served.request(
        method, f"/api/v1/{resource}/", **({"params" if method == "GET" else "data": given})
    )

    assert error(response, 400) == (
        "course_key_malformed",
        "Course id/key 'nonsense' malformed.",
    )


def test_path_without_a_course_id(served: Served) -> None:
    code, _ = error(served.get("/api/v0/courses//activity/"), 400)

    assert code == "course_not_specified"


@pytest.mark.parametrize(
    ("resource", "parameter", "value"),
    [
        ("courses/{}/activity", "start_date", "yesterday"),
        ("courses/{}/activity", "end_date", "2026-02-30"),
        ("courses/{}/enrollment", "start_date", "2026-01-01T00:00:00Z"),
        ("courses/{}/enrollment/gender", "end_date", "0000-00-00"),
        ("courses/{}/enrollment", "fields", "shoe_size"),
        ("courses/{}/recent_activity", "activity_type", "slept"),
        ("courses/{}/recent_activity", "label", "SLEPT"),
        ("course_summaries", "order_by", "shoe size"),
        ("course_summaries", "sort_order", "sideways"),
        ("course_summaries", "availability", "sold out"),
        ("course_summaries", "pacing_type", "hasty"),
        ("course_summaries", "fields", "shoe_size"),
        ("course_summaries", "exclude", "shoe_size"),
        ("course_summaries", "recent_date", "2026-13-01"),
        ("course_summaries", "page", "0"),
        ("course_summaries", "page", "-1"),
        ("course_summaries", "page", "one"),
        ("course_summaries", "page", "1.5"),
        ("course_summaries", "page", "9" * 1000),
        ("course_summaries", "page_size", "²"),
        ("course_summaries", "all", "perhaps"),
        ("course_summaries", "programs", "perhaps"),
        ("course_totals", "fields", "shoe_size"),
        ("runs", "limit", "many"),
        ("runs", "status", "lost"),
    ],
)
def test_parameter_value_that_nobody_understands(
    resource: str, parameter: str, value: str, served: Served, course_id: str
) -> None:
    response = served.get(f"/api/v0/{resource.format(course_id)}/", params={parameter: value})

    code, message = error(response, 400)
    assert code == "illegal_parameter_values"
    assert message.startswith(f"{parameter}=")
    assert ascii(value).strip("'")[:50] in message
    assert "expected" in message


def test_page_after_the_last(served: Served) -> None:
    code, message = error(served.get("/api/v1/course_summaries/?page=99"), 404)

    assert code == "not_found"
    assert message == "There is no page 99: the last one is 1."


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"data": b'{"page": NaN}', "headers": {"Content-Type": "application/json"}}, 400),
        ({"data": b"[" * 100_000, "headers": {"Content-Type": "application/json"}}, 400),
        ({"data": b"\xff", "headers": {"Content-Type": "application/json"}}, 400),
        ({"json": [COURSE]}, 400),
        ({"json": {"course_ids": {"a": 1}}}, 400),
        ({"json": {"course_ids": [[COURSE]]}}, 400),
        ({"json": {"course_ids": [None]}}, 400),
        ({"json": {"course_ids": None, "": {}, "unheard of": [{}]}}, 404),
        ({"json": {"text_search": ["\ud800"], "order_by": "\ud800"}}, 400),
        ({"data": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=y"}}, 404),
        ({"data": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400),
        ({"data": b"x", "headers": {"Content-Type": "application/xml"}}, 415),
        ({"data": b"course_ids=" + b"x" * 3_000_000}, 400),
        ({"data": {"course_ids": ["a/b/c"] * 30_000}}, 400),
    ],
    ids=str,
)
def test_body_that_nobody_understands(body: dict[str, Any], status: int, served: Served) -> None:
    response = served.post("/api/v0/course_summaries/?text_search=no-such-course", **body)

    error(response, status)


@pytest.mark.parametrize("header", [None, "Token", "Token ", "Token a b", "Basic eA==", "Token ü"])
def test_request_without_a_valid_token(header: str | None, served: Served) -> None:
    for path in ("/api/v0/course_summaries/", "/authenticated/", "/api/v1/courses/x/activity/"):
        headers = {"Authorization": header.encode()} if header else {}
        response = requests.get(f"{served.api.root}{path}", headers=headers, timeout=30)

        if header and header.startswith("Token"):
            assert error(response, 401)[0] == "authentication_failed"
        else:
            assert error(response, 401)[0] == "not_authenticated"
        assert response.headers["WWW-Authenticate"] == "Token"
        assert "X-Pipeline-Run" not in response.headers


@pytest.mark.parametrize(
    "path",
    ["/", "/api/", "/api/v0/", "/api/v2/status/", "/admin/", "/api/v0/courses/a/b/c/nothing/"],
)
def test_path_that_is_not_served(path: str, served: Served) -> None:
    assert error(served.get(path), 404)[0] == "not_found"


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_method_that_is_not_allowed(method: str, served: Served) -> None:
    response = served.request(method, f"/api/v0/courses/{COURSE}/activity/")

    assert error(response, 405)[0] == "method_not_allowed"
    assert "GET" in response.headers["Allow"]


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "text/csv;q=0"])
@pytest.mark.parametrize("path", ["/api/v0/course_summaries/", "/status/"])
def test_format_that_is_not_served(path: str, accept: str, served: Served) -> None:
    code, message = error(served.get(path, headers={"Accept": accept}), 406)

    assert code == "not_acceptable"
    assert "application/json" in message


def test_host_that_is_not_ours(served: Served) -> None:
    response = served.get("/api/v0/course_summaries/?page=1", headers={"Host": "evil.example"})

    assert error(response, 400)[0] == "bad_request"


def remove(path: Path) -> None:
    path.unlink()


def scribble(path: Path) -> None:
    path.write_text("course_id,count\n" * 1000)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def execute(sql: str) -> Callable[[Path], None]:
    """What changes a database."""

    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(sql)

    return change


DAMAGE: dict[str, tuple[Callable[[Path], None], str]] = {
    "missing": (
        remove,
        "is missing or may not be read: run `python -m analytics_data_api prepare`",
    ),
    "no database": (scribble, "is not a SQLite database, or a damaged one: move the file away"),
    "empty": (empty, "run `python -m analytics_data_api prepare`"),
    "older": (
        execute("DELETE FROM django_migrations WHERE app = 'reports'"),
        "by an older version (it lacks migration 0001_initial): run `python -m",
    ),
    "newer": (
        execute("INSERT INTO django_migrations VALUES (99, 'reports', '0002_next', '2027-01-01')"),
        "by a newer version (migration 0002_next): upgrade the Data API",
    ),
}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A Data API whose databases are there to be damaged."""
    data = tmp_path_factory.mktemp("own")
    with data_api(data) as api:
        yield Served(data, api)


@pytest.fixture
def fragile(own: Served) -> Iterator[Served]:
    """The same, with databases that are whole again after the test."""
    contents = {path: path.read_bytes() for path in own.data.glob("*.sqlite3")}
    yield own
    for path in own.data.glob("*.sqlite3-*"):
        path.unlink()
    for path, content in contents.items():
        path.unlink(missing_ok=True)
        path.write_bytes(content)


def health(served: Served) -> tuple[int, str, str]:
    """Status code, and what the answer says of all and of the databases."""
    response = requests.get(f"{served.api.root}/health/", timeout=30)
    body = response.json()
    detail = body["detailed_status"]
    return response.status_code, body["overall_status"], detail["database_connection"]


@pytest.mark.parametrize("damage", DAMAGE)
def test_reports_that_cannot_be_read(damage: str, fragile: Served) -> None:
    assert health(fragile) == (200, "OK", "OK")
    change, advice = DAMAGE[damage]
    change(fragile.reports)

    response = fragile.get("/api/v0/course_totals/", headers={"Accept": "text/csv"})

    code, message = error(response, 503)
    assert code == "reports_database_unavailable"
    assert advice in message
    assert str(fragile.data) not in message
    assert health(fragile) == (503, "UNAVAILABLE", "UNAVAILABLE")
    assert fragile.get("/status/").status_code == 200


def test_reports_that_stay_locked(fragile: Served) -> None:
    with closing(sqlite3.connect(fragile.reports, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        other.execute("UPDATE django_migrations SET applied = applied")
        other.execute("COMMIT")
        locked = fragile.get("/api/v0/course_totals/")
    free = fragile.get("/api/v0/course_totals/")

    code, message = error(locked, 503)
    assert code == "reports_database_unavailable"
    assert "is locked by another program: try again" in message
    assert locked.elapsed.total_seconds() < 5
    assert free.status_code == 200


@pytest.mark.parametrize("change", [remove, scribble, empty])
def test_users_that_cannot_be_read(change: Callable[[Path], None], fragile: Served) -> None:
    change(fragile.data / "api.sqlite3")

    code, message = error(fragile.get("/api/v0/course_totals/"), 503)

    assert code == "api_database_unavailable"
    assert "prepare" in message
    assert health(fragile) == (503, "UNAVAILABLE", "UNAVAILABLE")


def test_failure_of_a_view_tells_nothing(fragile: Served) -> None:
    damage = execute(
        "INSERT INTO pipeline_run (id, created, run_id, sequence, warehouse_id, status, started,"
        " interval_start, ended, engine, version, files, bytes, lines, events, rejected,"
        " late_events, rejects_by_reason, rows_by_table, seconds_by_step, notes)"
        " VALUES (1, 'c', 'r', 1, 'w', 'succeeded', 's', '2026-13-01', 'e', 'e', 'v', 1, 1, 1,"
        " 1, 1, 1, '{}', '{}', '{}', '[]')"
    )
    damage(fragile.reports)

    assert error(fragile.get("/api/v0/runs/"), 500) == (
        "internal_server_error",
        "Something is wrong with the server; its log says what.",
    )
