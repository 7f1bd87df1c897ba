"""The LMS's database: a real MariaDB with the tables of a recent release, and of an old one."""

from __future__ import annotations

import re
import signal
import threading
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import pytest

import issuing
import mariadb_server
from insights_pipeline import schema
from insights_pipeline.inputs import Inputs
from insights_pipeline.inputs.database import LmsDatabase
from lms_schema import OLD, RECENT
from mariadb_server import PASSWORDS, Server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from taking import Site

COURSE = "course-v1:Org+Course+Run"


@dataclass
class Lms:
    """An LMS's database on a server of its own."""

    server: Server
    name: str = "openedx"

    def create(self, tables: dict[str, str]) -> None:
        self.server.do(f"DROP DATABASE IF EXISTS {self.name}")
        self.server.do(f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4")
        for name, columns in tables.items():
            self.do(f"CREATE TABLE {name} ({columns})")
        self.server.do(f"GRANT SELECT ON {self.name}.* TO pipeline")

    def do(self, statement: str, *values: object) -> None:
        self.server.do(statement, *values, database=self.name)

    def enrol(self, learners: int, start: int = 1) -> None:
        """Add learners, each enrolled."""
        numbers = f"seq_{start}_to_{start + learners - 1}"
        self.do(
            "INSERT INTO auth_user (id, username, email, password, is_active, date_joined)"
            f" SELECT seq, CONCAT('learner-', seq), CONCAT(seq, '@x.org'), 'secret', 1, NOW()"
            f" FROM {numbers}"
        )
        self.do(
            "INSERT INTO student_courseenrollment (user_id, course_id, created, is_active, mode)"
            f" SELECT seq, %s, '2026-01-05 10:00:00', seq %% 2, 'audit' FROM {numbers}",
            COURSE,
        )

    @property
    def database(self) -> LmsDatabase:
        """It as the pipeline knows it."""
        password = PASSWORDS["pipeline"]
        return LmsDatabase("127.0.0.1", "pipeline", password, self.name, self.server.port)

    def inputs(self, **changes: object) -> Inputs:
        return Inputs(database=replace(self.database, **changes))


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that the tests of this module may kill."""
    with mariadb_server.running() as server:
        yield server


@pytest.fixture
def lms(server: Server) -> Lms:
    lms = Lms(server)
    lms.create(RECENT)
    return lms


@pytest.mark.parametrize("tables", [RECENT, OLD], ids=["recent", "old"])
def test_tables_of_any_release(site: Site, lms: Lms, tables: dict[str, str]) -> None:
    lms.create(tables)
    lms.enrol(3)
    lms.do(
        "INSERT INTO auth_userprofile (user_id, name, gender, year_of_birth, level_of_education)"
        " VALUES (1, 'Zoë 漢', 'f', 1990, 'b'), (2, %s, NULL, NULL, '')",
        "x" * 250,
    )
    lms.do(
        "INSERT INTO courseware_studentmodule (module_type, module_id, student_id, course_id,"
        " state, grade, max_grade, created, modified) VALUES"
        " ('problem', 'p1', 1, %s, %s, -0.5, 2, NOW(), NOW()),"
        " ('sequential', 's1', 1, %s, '', NULL, NULL, NOW(), NOW())",
        *(COURSE, "{}" * 50_000, COURSE),
    )
    lms.do("INSERT INTO course_groups_courseusergroup VALUES (7, 'Cohort A', %s, 'cohort')", COURSE)
    lms.do("INSERT INTO course_groups_courseusergroup_users VALUES (1, 7, 1)")
    if "enterprise_enterprisecustomeruser" in tables:
        lms.do(
            "INSERT INTO enterprise_enterprisecustomeruser (created, modified, user_id, linked,"
            " enterprise_customer_id) VALUES (NOW(), NOW(), 1, 0, %s)",
            "7c9e6679742540de944be07fc1f90ae7",
        )

    notes = site.take(lms.inputs())

    assert site.table(schema.AUTH_USER) == [
        (number, f"learner-{number}", f"{number}@x.org") for number in (1, 2, 3)
    ]
    assert site.table(schema.STUDENT_COURSEENROLLMENT) == [
        (number, COURSE, datetime(2026, 1, 5, 10), number % 2 == 1, "audit") for number in (1, 2, 3)
    ]
    assert site.table(
        schema.AUTH_USERPROFILE, "user_id", "name", "gender", "year_of_birth", "level_of_education"
    ) == [(1, "Zoë 漢", "f", 1990, "b"), (2, "x" * 250, None, None, "")]
    assert site.table(schema.COURSEWARE_STUDENTMODULE) == [
        ("problem", "p1", 1, COURSE, -0.5, 2.0),
        ("sequential", "s1", 1, COURSE, None, None),
    ]
    assert site.table(schema.COURSE_GROUPS_COURSEUSERGROUP) == [(7, "Cohort A", COURSE, "cohort")]
    assert site.table(schema.COURSE_GROUPS_COURSEUSERGROUP_USERS) == [(7, 1)]
    assert site.table(schema.ENTERPRISE_CUSTOMER_USER) == [
        ("7c9e6679742540de944be07fc1f90ae7", 1, False)
    ] * ("enterprise_enterprisecustomeruser" in tables)
    assert site.rest() == []
    told = [note for note in notes if "LMS's database" in note]
    lacking = [name for name in ("grades_persistentcoursegrade",) if name not in tables]
    assert [note.split()[1] for note in told] == lacking


def test_only_what_is_needed_is_read(site: Site, lms: Lms) -> None:
    lms.do("SET GLOBAL general_log = 1, log_output = 'TABLE'")
    site.take(lms.inputs())
    lms.do("SET GLOBAL general_log = 0")

    statements = [
        statement
        for (statement,) in lms.server.do(
            "SELECT argument FROM mysql.general_log WHERE user_host LIKE 'pipeline%'"
        )
    ]
    read = " ".join(statements)
    assert "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY" in read
    assert not re.search(r"password|`state`|\*|INSERT|UPDATE|DELETE", read)


def test_a_table_larger_than_what_is_read_at_once(site: Site, lms: Lms) -> None:
    lms.enrol(12_345)

    site.take(lms.inputs())

    assert len(site.table(schema.AUTH_USER, "id")) == 12_345


def test_all_tables_are_of_one_moment(site: Site, lms: Lms) -> None:
    """Whoever is there is there with the enrollment, whatever the LMS does meanwhile."""
    lms.enrol(10_000)
    over = threading.Event()

    def enrol() -> None:
        number = 10_001
        while not over.is_set():
            lms.enrol(1, number)
            number += 1

    writing = threading.Thread(target=enrol)
    writing.start()
    try:
        site.take(lms.inputs())
    finally:
        over.set()
        writing.join()

    users = {user for (user,) in site.table(schema.AUTH_USER, "id")}
    enrolled = {user for (user,) in site.table(schema.STUDENT_COURSEENROLLMENT, "user_id")}
    assert len(enrolled - users) == 0
    # The two statements that add a learner are two transactions.
    assert len(users - enrolled) <= 1


def test_a_view_without_ids(site: Site, lms: Lms) -> None:
    lms.enrol(2)
    lms.do("RENAME TABLE student_courseenrollment TO enrollment")
    lms.do(
        "CREATE VIEW student_courseenrollment AS"
        " SELECT user_id, course_id, created, is_active, mode FROM enrollment"
    )

    site.take(lms.inputs())

    assert [row[0] for row in site.table(schema.STUDENT_COURSEENROLLMENT)] == [1, 2]


def note_on(notes: list[str], name: str) -> str:
    """The one that is about this input."""
    (note,) = [note for note in notes if name in note.split(", so ")[0].split(", which ")[0]]
    return note


def test_a_table_that_lacks_a_column_leaves_what_was_there(site: Site, lms: Lms) -> None:
    lms.enrol(1)
    lms.do("INSERT INTO auth_userprofile (user_id, gender) VALUES (1, 'f')")
    site.take(lms.inputs())
    lms.do("ALTER TABLE auth_userprofile DROP COLUMN gender, DROP COLUMN goals")
    lms.enrol(1, 2)

    notes = site.take(lms.inputs())

    assert len(site.table(schema.AUTH_USER)) == 2
    assert site.table(schema.AUTH_USERPROFILE, "user_id", "gender") == [(1, "f")]
    assert note_on(notes, "auth_userprofile").endswith(
        f"{lms.database.place}: auth_userprofile has no column gender, or none that LMS_DB_USER may"
        " read"
    )
    assert site.rest() == []


def test_a_table_that_we_may_not_read(site: Site, lms: Lms) -> None:
    lms.server.do(f"REVOKE SELECT ON {lms.name}.* FROM pipeline")
    lms.do("GRANT SELECT (id, username, email) ON auth_user TO pipeline")
    lms.enrol(2)

    notes = site.take(lms.inputs())

    assert len(site.table(schema.AUTH_USER)) == 2
    assert note_on(notes, "auth_userprofile").endswith(
        f"{lms.database.place} has no table auth_userprofile that LMS_DB_USER may read"
    )
    lms.server.do("REVOKE ALL PRIVILEGES, GRANT OPTION FROM pipeline")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"password": "an0ther-passw0rd"}, "refuses its user (Access denied for user 'pipeline'"),
        ({"name": "nowhere"}, "refuses its user (Access denied for user 'pipeline'"),
        ({"port": 1}, "does not answer (Can't connect to MySQL server on '127.0.0.1'"),
    ],
    ids=["password", "database", "port"],
)
def test_a_database_that_does_not_let_us_in(
    site: Site, lms: Lms, changes: dict[str, object], said: str
) -> None:
    lms.enrol(1)
    site.take(lms.inputs())
    lms.enrol(1, 2)

    notes = site.take(lms.inputs(**changes))

    assert len(site.table(schema.AUTH_USER)) == 1
    note = note_on(notes, "auth_userprofile")
    assert re.match(
        r"auth_user, auth_userprofile, .* and enterprise\w+ as of 20\d\d-\d\d-\d\d, which ", note
    )
    assert said in note
    assert "passw0rd" not in " ".join(notes)
    assert PASSWORDS["pipeline"] not in repr(lms.database)


def test_a_database_killed_amid_a_table_leaves_yesterdays(site: Site, server: Server) -> None:
    lms = Lms(server, "killed")
    lms.create(RECENT)
    lms.enrol(100)
    site.take(lms.inputs())
    lms.enrol(60_000, 101)
    inputs = lms.inputs()

    def kill() -> None:
        while not (site.data / "inputs" / "student_courseenrollment.parquet").exists():
            over.wait(0.001)
        server.end(signal.SIGKILL)

    over = threading.Event()
    killing = threading.Thread(target=kill)
    killing.start()
    notes = site.take(inputs)
    killing.join()

    assert len(site.table(schema.AUTH_USER)) == 100
    assert len(site.table(schema.STUDENT_COURSEENROLLMENT)) == 100
    assert f"{lms.database.place} was lost while it was read" in note_on(notes, "auth_userprofile")
    assert site.rest() == []

    server.start()
    assert not [note for note in site.take(inputs) if "as of" in note]
    assert len(site.table(schema.AUTH_USER)) == 60_100


def test_files_that_are_named_go_before_the_database(site: Site, lms: Lms) -> None:
    lms.enrol(1)
    site.write("auth_user", ("id", "username", "email"), (9, "of-the-file", ""))

    site.take(replace(lms.inputs(), lms=site.lms))

    assert site.table(schema.AUTH_USER, "username") == [("of-the-file",)]


@pytest.fixture
def tls_only(server: Server) -> Iterator[None]:
    server.do("SET GLOBAL require_secure_transport = ON")
    yield
    server.do("SET GLOBAL require_secure_transport = OFF")


@pytest.mark.usefixtures("tls_only")
def test_a_database_that_wants_tls(site: Site, lms: Lms, tmp_path: Path) -> None:
    lms.enrol(1)
    authority, _ = issuing.issue(tmp_path / "another", "localhost")
    by_tls = lms.inputs(ca=lms.server.certificate, host="localhost")

    for not_theirs in ({"host": "127.0.0.1"}, {"ca": authority}):
        notes = site.take(Inputs(database=replace(by_tls.database, **not_theirs)))
        assert "certificate verify failed" in note_on(notes, "auth_userprofile")

    site.take(by_tls)
    assert site.table(schema.AUTH_USER, "username") == [("learner-1",)]


def test_a_certificate_authority_that_is_none(site: Site, lms: Lms) -> None:
    notes = site.take(lms.inputs(ca=site.folder / "nowhere.pem"))

    assert note_on(notes, "auth_userprofile").endswith(
        f"LMS_DB_CA {site.folder / 'nowhere.pem'} holds no certificates: No such file or directory"
    )
