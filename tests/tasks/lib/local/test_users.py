"""Accounts of Insights, made without an LMS."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tasks.lib.errors import OperatorError
from tasks.lib.local import users
from tasks.lib.local.users import User

if TYPE_CHECKING:
    from pathlib import Path

COURSE = "course-v1:ExampleX+CS101+2026_T1"


def rows(data: Path, sql: str) -> list[tuple[object, ...]]:
    """What the database of Insights says."""
    with closing(sqlite3.connect(data / "insights.sqlite3")) as connection:
        return connection.execute(sql).fetchall()


def test_instructor_with_two_courses(tmp_path: Path) -> None:
    users.create(tmp_path, users.generate("ada"), superuser=False, courses=[COURSE, "A/B/C"])

    assert rows(tmp_path, "SELECT username, is_superuser FROM auth_user") == [("ada", 0)]
    courses = rows(tmp_path, "SELECT course_id FROM accounts_courseaccess ORDER BY 1")
    assert courses == [("A/B/C",), (COURSE,)]


def test_password_is_random_and_neither_shown_nor_stored(tmp_path: Path) -> None:
    user = users.generate("ada")
    users.create(tmp_path, user, superuser=True, courses=[])

    assert len(user.password) == 16
    assert users.generate("ada").password != user.password
    assert user.password not in repr(user)
    ((stored,),) = rows(tmp_path, "SELECT password FROM auth_user")
    assert user.password not in str(stored)
    assert str(stored).startswith("pbkdf2_sha256$")


@pytest.mark.parametrize(
    ("user", "courses", "complaint"),
    [
        (User("not a name!", "a long enough passphrase"), [], "name"),
        (User("bob", "12345"), [], "password"),
        (User("bob", "a long enough passphrase"), ["no course"], "no course"),
    ],
    ids=["name", "password", "course"],
)
def test_what_insights_does_not_accept_makes_nothing(
    tmp_path: Path, user: User, courses: list[str], complaint: str
) -> None:
    with pytest.raises(OperatorError, match=f"(?i){complaint}") as refused:
        users.create(tmp_path, user, superuser=False, courses=courses)

    assert "\n" not in str(refused.value)
    assert user.password not in str(refused.value)
    assert rows(tmp_path, "SELECT username FROM auth_user") == []


def test_name_that_is_taken_needs_update(tmp_path: Path) -> None:
    users.create(tmp_path, users.generate("ada"), superuser=False, courses=[])
    with pytest.raises(OperatorError, match="ada"):
        users.create(tmp_path, users.generate("ada"), superuser=False, courses=[COURSE])
    before = rows(tmp_path, "SELECT password FROM auth_user")

    users.create(tmp_path, users.generate("ada"), superuser=False, courses=[COURSE], update=True)

    assert rows(tmp_path, "SELECT password FROM auth_user") != before
    assert rows(tmp_path, "SELECT course_id FROM accounts_courseaccess") == [(COURSE,)]


def test_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"no folder .*nowhere: run `inv local\.update`"):
        users.create(tmp_path / "nowhere", users.generate("ada"), superuser=False, courses=[])


def test_asking_needs_a_terminal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with (tmp_path / "empty").open("w+") as file:
        monkeypatch.setattr("sys.stdin", file)
        with pytest.raises(OperatorError, match="--ask needs a terminal"):
            users.ask("ada")


def test_a_learner_is_forgotten_by_the_audit_trail_where_there_is_one(tmp_path: Path) -> None:
    assert users.forget_learner("data", tmp_path, tmp_path, "wanda", dry_run=False) == ""
    users.create(tmp_path, users.generate("ada"), superuser=False, courses=[COURSE])
    with closing(sqlite3.connect(tmp_path / "insights.sqlite3")) as connection, connection:
        connection.execute(
            "INSERT INTO accounts_auditentry (at, username, action, course_id, learner)"
            " VALUES ('2100-01-01', 'ada', 'opened learner', 'A/B/C', '-wanda-the-learner')"
        )

    said = users.forget_learner("data", tmp_path, tmp_path, "-wanda-the-learner", dry_run=False)

    assert said == "audit trail: 1 lose the name\n"
    assert rows(tmp_path, "SELECT username, learner FROM accounts_auditentry") == [("ada", "")]
    assert b"wanda-the-learner" not in (tmp_path / "insights.sqlite3").read_bytes()
    assert "ada,opened learner,A/B/C," in users.manage(None, tmp_path, "audit")
