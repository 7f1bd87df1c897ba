"""What is run before the server starts, and by whoever gives out tokens."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

import analytics_data_api
from served import Served
from serving import data_api

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = Path(analytics_data_api.__file__).parents[1]
TOKEN = "0123456789abcdef0123456789abcdef01234567"


def manage(
    data: Path, *arguments: str, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a management command on the databases of a data folder."""
    return subprocess.run(
        [sys.executable, "-m", "analytics_data_api", *arguments],
        env={
            **os.environ,
            "ANALYTICS_DATA_API_REPORTS": str(data / "reports.sqlite3"),
            "ANALYTICS_DATA_API_DATABASE": str(data / "api.sqlite3"),
            "PYTHONPATH": str(SOURCE),
            **environment,
        },
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def tokens(data: Path) -> dict[str, str]:
    """Each user's token."""
    with closing(sqlite3.connect(data / "api.sqlite3")) as connection:
        return dict(
            connection.execute(
                "SELECT username, key FROM authtoken_token JOIN auth_user ON auth_user.id = user_id"
            )
        )


def failure(result: subprocess.CompletedProcess[str]) -> str:
    """The one line with which a command failed."""
    assert result.returncode == 1
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    return line


def test_prepare_makes_both_databases_and_the_user_of_insights(tmp_path: Path) -> None:
    result = manage(tmp_path, "prepare", ANALYTICS_DATA_API_TOKEN=TOKEN)

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert tokens(tmp_path) == {"insights": TOKEN}
    assert (tmp_path / "reports.sqlite3").exists()
    assert (tmp_path / "api.sqlite3").stat().st_mode & 0o777 == 0o600


def test_prepare_puts_each_table_into_one_database(tmp_path: Path) -> None:
    manage(tmp_path, "prepare")

    tables = {}
    for name in ("reports", "api"):
        with closing(sqlite3.connect(tmp_path / f"{name}.sqlite3")) as connection:
            rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            tables[name] = {table for (table,) in rows}
    assert tables["reports"] & tables["api"] == {"django_migrations", "sqlite_sequence"}
    assert "pipeline_run" in tables["reports"]
    assert {"auth_user", "authtoken_token"} < tables["api"]


def test_prepare_again_changes_nothing(tmp_path: Path) -> None:
    manage(tmp_path, "prepare", ANALYTICS_DATA_API_TOKEN=TOKEN)
    before = (tmp_path / "api.sqlite3").read_bytes(), (tmp_path / "reports.sqlite3").read_bytes()

    result = manage(tmp_path, "prepare", ANALYTICS_DATA_API_TOKEN=TOKEN)

    assert result.returncode == 0
    after = (tmp_path / "api.sqlite3").read_bytes(), (tmp_path / "reports.sqlite3").read_bytes()
    assert after == before


def test_prepare_replaces_a_token_that_changed(tmp_path: Path) -> None:
    manage(tmp_path, "prepare", ANALYTICS_DATA_API_TOKEN=TOKEN)

    manage(tmp_path, "prepare", ANALYTICS_DATA_API_TOKEN=TOKEN[::-1])

    assert tokens(tmp_path) == {"insights": TOKEN[::-1]}


def test_prepare_several_times_at_once(tmp_path: Path) -> None:
    def prepare(_: int) -> tuple[int, str]:
        result = manage(tmp_path, "prepare", ANALYTICS_DATA_API_TOKEN=TOKEN)
        return result.returncode, result.stderr

    with ThreadPoolExecutor() as pool:
        assert set(pool.map(prepare, range(3))) == {(0, "")}
    assert tokens(tmp_path) == {"insights": TOKEN}


def test_prepare_on_what_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "api.sqlite3").write_text("user,token\n" * 100)

    line = failure(manage(tmp_path, "prepare"))

    assert line.startswith(f"CommandError: cannot use {tmp_path}/api.sqlite3: file is not a data")
    assert "move the file away" in line


def test_prepare_on_reports_that_are_no_database(tmp_path: Path) -> None:
    (tmp_path / "reports.sqlite3").write_text("course_id,count\n" * 100)

    line = failure(manage(tmp_path, "prepare"))

    assert line.startswith(f"CommandError: {tmp_path}/reports.sqlite3 is not a SQLite database")


def test_prepare_in_a_folder_that_is_not_there(tmp_path: Path) -> None:
    nowhere = str(tmp_path / "nowhere" / "api.sqlite3")

    line = failure(manage(tmp_path, "prepare", ANALYTICS_DATA_API_DATABASE=nowhere))

    assert line.startswith(f"CommandError: cannot write {nowhere}: No such file or directory")


@pytest.mark.parametrize("token", ["short", "x" * 65, "with a blank " * 3, "ü" * 40])
def test_token_that_nobody_should_use(token: str, tmp_path: Path) -> None:
    for result in (
        manage(tmp_path, "prepare", ANALYTICS_DATA_API_TOKEN=token),
        manage(tmp_path, "set_api_key", "someone", "--stdin", stdin=token),
    ):
        line = failure(result)
        assert "token" in line
        assert token not in line
    assert tokens(tmp_path) == {}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A Data API with users of its own."""
    data = tmp_path_factory.mktemp("users")
    with data_api(data) as api:
        yield Served(data, api)


def status(served: Served, token: str) -> int:
    """What the API answers to a token."""
    headers = {"Authorization": f"Token {token}"}
    return requests.get(
        f"{served.api.root}/authenticated/", headers=headers, timeout=30
    ).status_code


def test_new_user_gets_a_random_token(served: Served) -> None:
    result = manage(served.data, "set_api_key", "researcher")

    token = result.stdout.strip()
    assert len(token) == 40
    assert status(served, token) == 200


def test_new_token_replaces_the_old_one(served: Served) -> None:
    old = manage(served.data, "set_api_key", "replaced").stdout.strip()

    new = manage(served.data, "set_api_key", "replaced").stdout.strip()

    assert (status(served, old), status(served, new)) == (401, 200)


def test_token_from_standard_input_is_not_printed(served: Served) -> None:
    result = manage(served.data, "set_api_key", "given", "--stdin", stdin=f"{TOKEN}\n")

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert status(served, TOKEN) == 200


def test_token_of_somebody_else(served: Served) -> None:
    token = manage(served.data, "set_api_key", "first").stdout

    line = failure(manage(served.data, "set_api_key", "second", "--stdin", stdin=token))

    assert line == "CommandError: another user has this token"


def test_user_without_a_name(served: Served) -> None:
    assert "a user's name" in failure(manage(served.data, "set_api_key", " "))
