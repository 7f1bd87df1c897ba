"""Links to reports that are files, and what they lead to."""

from __future__ import annotations

import csv
import hashlib
import os
from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
import requests
from analyticsclient.client import Client
from analyticsclient.exceptions import NotFoundError
from django.core import signing

from served import Served
from serving import data_api
from tasks.lib.local.secrets import Secrets

if TYPE_CHECKING:
    from pathlib import Path

CS = "course-v1:Ex+C.S-1+T~1"
OLD = "Ex/Old/T1"
WRITTEN = datetime(2026, 2, 1, 3, 4, 5, tzinfo=UTC)
ROWS = [
    ["username", "answer"],
    ["ann", "=1+1"],
    ["@bob", "-3.5"],
    ["çé", 'several\nlines, "quoted"'],
    *([f"learner{number}", "x" * 100] for number in range(2000)),
]


def write(path: Path, *rows: list[str]) -> Path:
    """A report as the pipeline writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    os.utime(path, times=(WRITTEN.timestamp(),) * 2)
    return path


def engagement(data: Path, kind: str, period: str, *rows: list[str]) -> None:
    digest = hashlib.sha1(OLD.encode()).hexdigest()
    folder = data / "reports" / "student_engagement" / kind / digest
    write(folder / f"student_engagement_{kind}_{period}.csv", *rows)


@pytest.fixture(scope="module")
def api(empty: Served) -> Served:
    """A Data API with reports on two courses."""
    write(empty.data / "reports" / "Ex_C.S-1_T_1_problem_response.csv", *ROWS)
    engagement(empty.data, "daily", "2026-01-09", ["Username"], ["old"])
    engagement(empty.data, "daily", "2026-01-10", ["Username"], ["new"])
    engagement(empty.data, "all", "2026-01-01-2026-02-01", ["Username"], ["all"])
    return empty


def link_to(api: Served, course_id: str, name: str) -> dict[str, Any]:
    response = api.get(f"/api/v0/courses/{course_id}/reports/{name}/")
    assert response.status_code == 200, response.text
    link: dict[str, Any] = response.json()
    return link


def follow(link: dict[str, Any]) -> requests.Response:
    """What a browser gets, which has no token."""
    return requests.get(link["download_url"], timeout=30)


@pytest.mark.parametrize("version", ["v0", "v1"])
def test_link_that_the_published_client_gets(version: str, api: Served) -> None:
    client = Client(f"{api.api.root}/api/{version}", api.api.token, timeout=30)
    before = datetime.now(UTC).replace(tzinfo=None, microsecond=0)

    link = client.courses(CS).reports("problem_response")

    path = api.data / "reports" / "Ex_C.S-1_T_1_problem_response.csv"
    expires = datetime.strptime(link.pop("expiration_date"), Client.DATETIME_FORMAT)
    assert 120 <= (expires - before).total_seconds() < 150
    assert link.pop("download_url").startswith(f"{api.api.root}/api/report_files/")
    assert link == {
        "course_id": CS,
        "report_name": "problem_response",
        "last_modified": "2026-02-01T030405",
        "file_size": path.stat().st_size,
    }


def test_report_has_no_formulas(api: Served) -> None:
    response = follow(link_to(api, CS, "problem_response"))

    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"] == (
        'attachment; filename="Ex_C.S-1_T_1-problem_response-20260201T030405Z.csv"'
    )
    assert response.headers["Cache-Control"] == "private, no-store"
    rows = list(csv.reader(StringIO(response.content.decode(), newline="")))
    assert rows[1:3] == [["ann", "'=1+1"], ["'@bob", "-3.5"]]
    assert [rows[0], *rows[3:]] == [ROWS[0], *ROWS[3:]]


@pytest.mark.parametrize(("kind", "learner"), [("daily", "new"), ("all", "all")])
def test_newest_of_several_files(kind: str, learner: str, api: Served) -> None:
    response = follow(link_to(api, OLD, f"student_engagement_{kind}"))

    assert response.text == f"Username\r\n{learner}\r\n"


@pytest.mark.parametrize(
    ("course_id", "name"),
    [
        (OLD, "problem_response"),
        (OLD, "student_engagement_weekly"),
        (CS, "student_engagement_daily"),
        (CS, "grades"),
        (CS, ".."),
        (CS, "%2e%2e%2fx"),
        (CS, ""),
    ],
)
def test_report_that_is_not_there(course_id: str, name: str, api: Served) -> None:
    response = api.get(f"/api/v0/courses/{course_id}/reports/{name}")

    assert response.status_code == 404
    assert response.json()["error_code"] in ("report_file_not_found", "not_found")
    client = Client(api.api.url, api.api.token, timeout=30)
    with pytest.raises(NotFoundError):
        client.courses(course_id).reports(name or "x")


def test_report_of_no_course(api: Served) -> None:
    for course_id, code in (("nonsense", "course_key_malformed"), ("", "course_not_specified")):
        response = api.get(f"/api/v0/courses/{course_id}/reports/problem_response/")
        assert (response.status_code, response.json()["error_code"]) == (400, code)


def test_link_as_browsers_can_open_it(tmp_path: Path) -> None:
    write(tmp_path / "reports" / "Ex_Old_T1_problem_response.csv", ["username"])
    with data_api(tmp_path, ANALYTICS_DATA_API_PUBLIC_URL="https://site.example:8443/") as api:
        link = link_to(Served(tmp_path, api), OLD, "problem_response")

    assert link["download_url"].startswith("https://site.example:8443/api/report_files/")


def test_link_without_a_token_is_not_given(api: Served) -> None:
    path = f"/api/v0/courses/{CS}/reports/problem_response/"

    assert requests.get(f"{api.api.root}{path}", timeout=30).status_code == 401


def signed(value: Any, key: str, salt: str = "analytics_data_api.report_files") -> str:
    """A link as a server with that key would sign it, whatever it says."""
    signer = signing.TimestampSigner(key=key, salt=salt, fallback_keys=[])
    return str(signer.sign_object(value))


def test_link_that_somebody_made_up(api: Served) -> None:
    key, report = Secrets.of(api.data).api_secret_key, [CS, "problem_response"]
    good = signed(report, key)
    made_up = {
        "x",
        "a:b:c",
        f"{good}x",
        good[1:],
        signed(report, key, salt="another"),
        signed(report, "x" * 50),
    }
    for link in made_up:
        response = requests.get(f"{api.api.root}/api/report_files/{link}/", timeout=30)
        assert response.status_code == 404
        assert response.json()["error_code"] == "report_link_invalid"
    assert follow({"download_url": f"{api.api.root}/api/report_files/{good}/"}).status_code == 200


def test_link_that_was_good_once(api: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.core.signing.time.time", lambda: WRITTEN.timestamp())
    old = signed([CS, "problem_response"], Secrets.of(api.data).api_secret_key)

    response = requests.get(f"{api.api.root}/api/report_files/{old}/", timeout=30)

    assert (response.status_code, response.json()["error_code"]) == (410, "report_link_expired")


def test_report_that_went_after_its_link_was_given(api: Served) -> None:
    path = write(api.data / "reports" / "Ex_Gone_T1_problem_response.csv", ["username"])
    link = link_to(api, "Ex/Gone/T1", "problem_response")
    path.unlink()

    response = follow(link)

    assert (response.status_code, response.json()["error_code"]) == (404, "report_file_not_found")


def test_server_without_report_files(tmp_path: Path) -> None:
    with data_api(tmp_path, ANALYTICS_DATA_API_REPORT_FILES="") as api:
        response = requests.get(
            f"{api.url}/courses/{CS}/reports/problem_response/",
            headers={"Authorization": f"Token {api.token}"},
            timeout=30,
        )

    assert response.status_code == 501
    assert response.json()["error_code"] == "cannot_create_report_download_link"
