"""Every error is a page that says what the reader can do, and nothing of the server's insides."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection

from insights.data_api.client import RUN_HEADER
from standing_in import JSON, Answer, stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.contrib.auth.models import User
    from django.test import Client


COURSE = "/courses/course-v1:ExampleX+CS101+2026_T1/"

pytestmark = pytest.mark.django_db


def unavailable(response: Any) -> str:
    """The text of a page that asks to come back."""
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    text: str = response.content.decode()
    for inside in ("127.0.0.1", "api/v0", "Traceback", "INSIGHTS_", "status 500"):
        assert inside not in text
    return text


def test_data_api_that_is_down(browser: Client) -> None:
    text = unavailable(browser.get(COURSE))

    assert "The numbers cannot be read at the moment" in text
    assert "Try again" in text


def test_data_api_that_fails(browser: Client, settings: Any) -> None:
    with stand_in(lambda _: Answer(500, "<pre>Traceback: secret.py</pre>", "text/html")) as running:
        settings.DATA_API_URL = running.url
        assert "The numbers cannot be read" in unavailable(browser.get("/courses/"))


def test_data_api_that_is_slow(browser: Client, settings: Any) -> None:
    waiting = threading.Event()

    def answer(_: str) -> Answer:
        waiting.wait(10)
        return Answer(200, "[]")

    settings.DATA_API_TIMEOUT = 0.1
    with stand_in(answer) as running:
        settings.DATA_API_URL = running.url
        text = unavailable(browser.get(COURSE))
        waiting.set()

    assert "take too long" in text


@pytest.mark.usefixtures("served")
def test_data_api_that_refuses(browser: Client, settings: Any) -> None:
    settings.DATA_API_TOKEN = "0" * 40

    assert "tell the people who run this site" in unavailable(browser.get(COURSE))


def test_numbers_that_change_all_the_time(browser: Client, settings: Any) -> None:
    runs: Iterator[int] = iter(range(100))

    def answer(_: str) -> Answer:
        empty = '{"results": [], "count": 0, "num_pages": 1}'
        return Answer(200, empty, JSON, {RUN_HEADER: str(next(runs))})

    with stand_in(answer) as running:
        settings.DATA_API_URL = running.url
        text = unavailable(browser.get("/courses/"))

    assert "The numbers are just being updated" in text


@pytest.mark.parametrize("table", ["django_session", "auth_user"])
@pytest.mark.parametrize(
    "path",
    [
        "/courses/",
        "/courses/courses.csv",
        COURSE,
        f"{COURSE}enrollment/activity/enrollment.csv",
        "/password/",
        "/sign-in/",
        "/no/such/page/",
    ],
)
def test_database_of_accounts_that_is_away(
    browser: Client, path: str, table: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Whether the session cannot be read or the user: a page, and one line in the log."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} RENAME TO elsewhere")
    browser.raise_request_exception = False

    response = browser.get(path)

    text = unavailable(response)
    assert response["Content-Type"].startswith("text/html")
    assert "Accounts cannot be read at the moment" in text
    assert "it comes back by itself" in text
    assert table not in text
    [record] = [record for record in caplog.records if record.name.startswith("insights")]
    assert (
        record.getMessage()
        == f"the database of Insights, asked for {path!r}: no such table: {table}"
    )
    assert "Traceback" not in caplog.text


def test_unknown_address(browser: Client) -> None:
    response = browser.get("/courses/a/b/c/d/e/")

    assert response.status_code == 404
    assert "There is no such page" in response.content.decode()


@pytest.mark.usefixtures("served")
def test_what_nobody_foresaw(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(data_api: object) -> None:  # noqa: ARG001
        raise RuntimeError("a secret of the server's")

    monkeypatch.setattr("insights.courses.views.base.freshness", fail)
    browser.raise_request_exception = False

    response = browser.get("/courses/")

    assert response.status_code == 500
    assert "Something went wrong" in response.content.decode()
    assert "secret" not in response.content.decode()


@pytest.mark.usefixtures("served")
def test_health_tells_of_both_parts(client: Client) -> None:
    response = client.get("/health/")

    assert response.status_code == 200
    assert response.json() == {
        "overall_status": "OK",
        "detailed_status": {"database_connection": "OK", "data_api": "OK"},
    }


def test_health_without_a_data_api(client: Client) -> None:
    response = client.get("/health/")

    assert response.status_code == 503
    assert response.json() == {
        "overall_status": "UNAVAILABLE",
        "detailed_status": {"database_connection": "OK", "data_api": "UNAVAILABLE"},
    }
    assert client.get("/status/").status_code == 200


@pytest.mark.usefixtures("served")
def test_a_course_without_numbers_says_so(client: Client, make_user: Callable[..., User]) -> None:
    new = "course-v1:ExampleX+New+2026_T1"
    client.force_login(make_user("grace", new))

    page = client.get(f"/courses/{new}/")

    assert page.status_code == 200
    assert "There are no numbers of this course yet" in page.content.decode()
