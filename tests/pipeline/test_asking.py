"""SQL over a data folder."""

from __future__ import annotations

import subprocess
import sys
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from embedded import SMALL, Site
from insights_pipeline.asking import Session
from insights_pipeline.errors import AlreadyRunning, BadDataFolder, BadOption
from insights_pipeline.interval import Interval
from insights_pipeline.warehouse import FILE

if TYPE_CHECKING:
    from pathlib import Path

LINES = [
    b'{"time": "2014-07-21T10:00:00", "event_type": "page_close", "username": "ada"}',
    b'{"time": "2014-07-22T10:00:00", "event_type": "page_close", "username": "bob"}',
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    site = Site(tmp_path_factory.mktemp("site"))
    site.log(LINES)
    site.update(Interval(date(2014, 7, 21), date(2014, 7, 23)))
    return site


def ask(session: Session, statement: str) -> list[tuple[Any, ...]]:
    with session.ask(statement) as answer:
        return list(answer.rows())


def test_events_and_tables(site: Site) -> None:
    session = Session(site.data, SMALL)
    assert ask(session, "SELECT username FROM events WHERE date = '2014-07-22'") == [("bob",)]
    assert ask(session, "FROM total_events_daily ORDER BY date LIMIT 1") == [
        (date(2014, 7, 21), 1, 1)
    ]
    names = {name for name, _ in session.tables()}
    assert {"events", "auth_user", "course_enrollment_summary", "video"} <= names
    assert not {name for name in names if name.endswith("__gone") or name == "meta"}


def test_what_is_made_in_between_is_kept_in_memory(site: Site) -> None:
    session = Session(site.data, SMALL)
    ask(session, "CREATE TABLE mine AS SELECT * FROM total_events_daily")
    assert ask(session, "SELECT COUNT(*) FROM mine JOIN total_events_daily USING (date)") == [(2,)]
    with pytest.raises(BadOption, match="mine"):
        ask(Session(site.data, SMALL), "FROM mine")


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DROP TABLE video", "read-only"),
        ("CREATE TABLE warehouse.mine (a INTEGER)", "read-only"),
        ("SELEC 1", 'syntax error at or near "SELEC"'),
        ("FROM nowhere", "nowhere does not exist"),
        ("SELECT CAST('a' AS INTEGER)", "Could not convert"),
    ],
)
def test_a_statement_that_fails_does_so_in_one_line(
    site: Site, statement: str, message: str
) -> None:
    session = Session(site.data, SMALL)
    with pytest.raises(BadOption, match=message) as caught:
        ask(session, statement)
    assert "\n" not in str(caught.value)
    assert ask(session, "SELECT 1") == [(1,)]


def test_between_statements_an_update_may_begin(site: Site) -> None:
    session = Session(site.data, SMALL)
    ask(session, "SELECT 1")
    with closing(duckdb.connect(str(site.data / FILE))) as update:
        update.execute("BEGIN")
    ask(session, "SELECT 1")


def test_while_an_update_is_at_work(site: Site) -> None:
    program = f"""
import duckdb
connection = duckdb.connect({str(site.data / FILE)!r})
print(flush=True)
input()
"""
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as update:
        assert update.stdout is not None
        update.stdout.readline()
        with pytest.raises(AlreadyRunning, match="an update is at work"):
            ask(Session(site.data, SMALL), "SELECT 1")
        update.communicate(b"\n")


def test_a_folder_without_a_warehouse(tmp_path: Path) -> None:
    with pytest.raises(BadDataFolder, match=r"holds no warehouse\.duckdb"):
        Session(tmp_path, SMALL)
