"""What `inv local.sql` prints."""

from __future__ import annotations

import io
from datetime import date
from typing import TYPE_CHECKING

import pytest

import tasks
from embedded import Site
from insights_pipeline.interval import Interval
from tasks.lib.command_line import Inv
from tasks.lib.errors import OperatorError
from tasks.lib.local import sql

if TYPE_CHECKING:
    from pathlib import Path

LINE = b'{"time": "2014-07-21T10:00:00", "event_type": "a, b", "username": "ada"}'


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = Site(tmp_path_factory.mktemp("site"))
    site.log([LINE])
    site.update(Interval(date(2014, 7, 21), date(2014, 7, 22)))
    return site.data


@pytest.mark.parametrize(
    ("form", "printed"),
    [
        ("", 'event_type,ip\n"a, b",\n'),
        ("csv", 'event_type,ip\n"a, b",\n'),
        ("tsv", "event_type\tip\na, b\t\n"),
    ],
)
def test_an_answer(data: Path, form: str, printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    sql.answer(data, "SELECT event_type, ip FROM events", form)
    assert capsys.readouterr().out == printed


def test_a_table(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sql.answer(data, "SELECT event_type FROM events", "table")
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "event_type",
        "a, b",
    ]


def test_statements_that_are_piped_in(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("CREATE TABLE a AS SELECT 1 AS b;\nFROM a"))
    sql.answer(data, "", "")
    assert capsys.readouterr().out == "b\n1\n"


def test_an_unknown_form(data: Path) -> None:
    with pytest.raises(OperatorError, match="--format xml is not known"):
        sql.answer(data, "SELECT 1", "xml")


@pytest.mark.parametrize(
    ("given", "statement"), [(["--data", "d"], ""), (["SELECT 1", "--data", "d"], "SELECT 1")]
)
def test_the_statement_may_be_left_out(given: list[str], statement: str) -> None:
    program = Inv(name="Invoke", binary="inv", binary_names=["inv"], namespace=tasks.namespace)
    program.create_config()
    program.parse_core(["inv", "local.sql", *given])
    program.parse_collection()
    program.parse_tasks()
    (task,) = program.tasks
    assert task.args["statement"].value == statement
    assert task.args["data"].value == "d"
