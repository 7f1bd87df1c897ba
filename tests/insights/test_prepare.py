"""What is run before the server starts."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

from managing import failure, manage

if TYPE_CHECKING:
    from pathlib import Path


def environment(folder: Path) -> dict[str, str]:
    return {
        "INSIGHTS_DATABASE": str(folder / "insights.sqlite3"),
        "INSIGHTS_STATIC_ROOT": str(folder / "static"),
        "INSIGHTS_CACHE": str(folder / "cache"),
    }


def test_prepare_makes_a_private_database_and_collects_static_files(tmp_path: Path) -> None:
    result = manage("prepare", **environment(tmp_path))

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert (tmp_path / "insights.sqlite3").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "static" / "insights").glob("insights.*.css.gz"))
    with closing(sqlite3.connect(tmp_path / "insights.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM auth_user").fetchone() == (0,)


def test_prepare_can_run_before_each_start(tmp_path: Path) -> None:
    manage("prepare", **environment(tmp_path))
    manage("create_user", "ada", stdin="kestrel-over-9\n", **environment(tmp_path))

    again = manage("prepare", **environment(tmp_path))

    assert again.returncode == 0, again.stderr
    with closing(sqlite3.connect(tmp_path / "insights.sqlite3")) as database:
        assert database.execute("SELECT username FROM auth_user").fetchall() == [("ada",)]


def test_prepare_says_what_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    line = failure(
        manage("prepare", **environment(tmp_path) | {"INSIGHTS_DATABASE": f"{tmp_path}/file/x"})
    )

    assert line.startswith(f"CommandError: cannot write {tmp_path}/file/x: Not a directory")


def test_prepare_says_that_a_file_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "insights.sqlite3").write_text("a letter, not a database\n" * 100)

    line = failure(manage("prepare", **environment(tmp_path)))

    assert line.startswith(f"CommandError: cannot use {tmp_path}/insights.sqlite3: ")
    assert "not a database" in line
