"""Connections to SQLite files that are kept from one request to the next.

Of all applications; it is here that Django has settings in the tests' own process.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from django.db.utils import ConnectionHandler

from openedx_base import databases

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django import DjangoDbBlocker


def write(path: Path, value: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE IF NOT EXISTS notes (text)")
        connection.execute("INSERT INTO notes VALUES (?)", [value])


def newest(connection: Any) -> str:
    """What a request reads."""
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM notes ORDER BY rowid DESC")
        return str(cursor.fetchone()[0])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a b.sqlite3"
    write(path, "first")
    return path


@pytest.fixture(params=["read and write", "read only"])
def kept(
    file: Path, request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker
) -> Iterator[Any]:
    """A connection that was used for a request."""
    name = file if request.param == "read and write" else f"{file.as_uri()}?mode=ro"
    connection = ConnectionHandler({"default": databases.sqlite(name, {})})["default"]
    with django_db_blocker.unblock():
        assert newest(connection) == "first"
        yield connection
        connection.close()


def test_connection_serves_the_next_request_too(kept: Any, file: Path) -> None:
    opened = kept.connection
    write(file, "second")

    assert newest(kept) == "second"
    assert kept.connection is opened


def test_file_in_its_place_is_read_at_once(kept: Any, file: Path) -> None:
    other = file.with_name("other")
    write(other, "restored")
    other.replace(file)

    assert newest(kept) == "restored"


def test_file_that_was_written_over_is_read_at_once(kept: Any, file: Path) -> None:
    other = file.with_name("other")
    write(other, "restored")
    for leftover in file.parent.glob("a b.sqlite3-*"):
        leftover.unlink()
    file.write_bytes(other.read_bytes())

    assert newest(kept) == "restored"


def test_file_that_is_gone(kept: Any, file: Path) -> None:
    file.unlink()

    assert not kept.is_usable()
