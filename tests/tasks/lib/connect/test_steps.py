"""What is to be run in the LMS does what it says: on a real MariaDB, and in a real shell."""

from __future__ import annotations

import json
import subprocess
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pymysql
import pytest

import mariadb_server
from configured import configured, edit
from insights_pipeline.inputs.database import LmsDatabase
from insights_pipeline.inputs.sources import SourceError
from insights_pipeline.inputs.trying import try_database
from lms_schema import OLD, RECENT
from tasks.lib import settings
from tasks.lib.connect import filling, steps
from tasks.lib.connect.site import Commands, Database, LmsSite
from tasks.lib.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mariadb_server import Server

SITE = LmsSite(
    "https://learn.example.org",
    Commands("in-the-lms sh", "as-administrator mysql"),
    Database("db.example.org", 3307, "openedx"),
    logs=Path("/srv/tutor/data/lms/logs"),
    notes=("Open a port.",),
)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose settings are those of the site."""
    made = configured(tmp_path / "site", monkeypatch)
    filling.write(made, filling.changes(settings.load(made), SITE))
    return made


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with mariadb_server.running() as server:
        yield server


@pytest.mark.parametrize("tables", [RECENT, OLD], ids=["recent", "old"])
def test_user_of_the_database_may_read_what_is_needed(
    root: Path, server: Server, tables: dict[str, str]
) -> None:
    edit(root, LMS_DB_PASSWORD="pass word $x `y")
    server.do("DROP DATABASE IF EXISTS openedx")
    server.do("CREATE DATABASE openedx")
    for name, columns in tables.items():
        server.do(f"CREATE TABLE {name} ({columns})", database="openedx")
    loaded = settings.load(root)
    for _ in range(2):  # run again, it mends what is there
        for statement in without_comments(steps.statements(loaded)):
            table = statement.rpartition("`.`")[2].partition("`")[0]
            lacks = statement.startswith("GRANT") and table not in tables
            with pytest.raises(pymysql.MySQLError) if lacks else nullcontext():
                server.do(statement)
    database = LmsDatabase(
        "127.0.0.1", loaded["LMS_DB_USER"], loaded["LMS_DB_PASSWORD"], "openedx", server.port
    )

    if tables is RECENT:
        assert try_database(database) == "8 tables can be read"
    else:
        with pytest.raises(SourceError, match=r"no table grades_persistentcoursegrade[^(]*$"):
            try_database(database)
    for statement in ("SELECT password FROM auth_user", "DELETE FROM auth_userprofile"):
        with pytest.raises(pymysql.MySQLError, match="denied"):
            ask(database, statement)


def ask(database: LmsDatabase, statement: str) -> None:
    """Run a statement as the user whom the pipeline is."""
    connection = pymysql.connect(
        host=database.host,
        port=database.port,
        user=database.user,
        password=database.password,
        database=database.name,
    )
    with connection, connection.cursor() as cursor:
        cursor.execute(statement)


def without_comments(statements: str) -> list[str]:
    lines = [line for line in statements.splitlines() if not line.startswith("--")]
    return [line for line in "\n".join(lines).split(";\n") if line.strip()]


def test_commands_for_the_lms(root: Path, tmp_path: Path) -> None:
    edit(root, SITE_HOST="analytics.example.org", HTTPS_PORT="8443")
    edit(root, LMS_SIGN_IN_CLIENT_SECRET='two $HOME; rm "x')
    loaded = settings.load(root)
    calls = run(steps.clients(loaded, "learn.example.org"), tmp_path)

    assert [call[:3] for call in calls] == [
        ["lms", "manage_user", "analytics-insights"],
        ["lms", "create_dot_application", "--grant-type"],
        ["lms", "manage_user", "analytics-pipeline"],
        ["lms", "create_dot_application", "--grant-type"],
    ]
    insights, pipeline = calls[1], calls[3]
    assert value(insights, "--redirect-uris") == (
        "https://analytics.example.org:8443/complete/edx-oauth2/"
    )
    assert value(insights, "--grant-type") == "authorization-code"
    assert value(insights, "--client-secret") == 'two $HOME; rm "x'
    assert value(pipeline, "--client-secret") == loaded["LMS_OAUTH2_CLIENT_SECRET"]
    assert insights[-3:] == ["--update", "analytics-insights", "analytics-insights"]
    assert ["--staff" in call for call in calls] == [False, False, True, False]


def run(script: str, folder: Path) -> list[list[str]]:
    """Run a script beside a manage.py that tells how it was called."""
    manage = folder / "manage.py"
    manage.write_text("#!/usr/bin/env python3\nimport json, sys\nprint(json.dumps(sys.argv[1:]))\n")
    manage.chmod(0o755)
    done = subprocess.run(
        ["sh"], cwd=folder, input=script, capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def value(call: list[str], option: str) -> str:
    return call[call.index(option) + 1]


def test_what_is_left_to_do_holds_no_secret(root: Path) -> None:
    loaded = settings.load(root)
    left = "\n".join(steps.write(loaded, SITE))

    secrets = [name for name, each in loaded.declarations.items() if each.type.secret]
    assert not [name for name in secrets if loaded[name] and loaded[name] in left]
    assert "in-the-lms sh < data/connect/lms-clients.sh" in left
    assert "as-administrator mysql < data/connect/lms-database.sql" in left
    assert "Open a port." in left
    assert f"/srv/tutor/data/lms/logs/ {root / 'data/tracking-logs'}/lms/" in left
    for path in (root / "data/connect").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600


def test_without_a_database_there_are_no_statements(root: Path) -> None:
    left = steps.write(settings.load(root), replace(SITE, database=None))

    assert not (root / steps.DATABASE).exists()
    assert not any("administrator" in step for step in left)


def test_folder_that_cannot_be_written(root: Path) -> None:
    (root / "data/connect").write_text("")

    with pytest.raises(OperatorError, match=r"data/connect: File exists"):
        steps.write(settings.load(root), SITE)
