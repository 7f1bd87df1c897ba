"""How a program that is not Django's gets a current reports database, whatever happens."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import analytics_data_api
from analytics_data_api import database
from analytics_data_api.database import (
    ReportsDatabaseError,
    known_migrations,
    migrate_sqlite,
)

if TYPE_CHECKING:
    from collections.abc import Callable

SOURCE = Path(analytics_data_api.__file__).parents[1]

MIGRATE = """
import sys
from pathlib import Path
from analytics_data_api.database import migrate_sqlite
migrate_sqlite(Path(sys.argv[1]))
"""


def start(program: str, path: Path, source: Path = SOURCE) -> subprocess.Popen[str]:
    """Start a plain Python program that gets the path of a database."""
    return subprocess.Popen(
        [sys.executable, "-c", program, str(path)],
        env={**os.environ, "PYTHONPATH": str(source)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> str:
    """The program's output, once it has ended well."""
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return output


def query(path: Path, sql: str) -> set[str]:
    """The single column that a query answers."""
    with closing(sqlite3.connect(path)) as connection:
        return {value for (value,) in connection.execute(sql)}


def tables(path: Path) -> set[str]:
    return query(path, "SELECT name FROM sqlite_master WHERE type = 'table'")


def migrations(path: Path) -> set[str]:
    return query(path, "SELECT name FROM django_migrations")


def test_absent_database_is_created_for_owner_and_group_alone(tmp_path: Path) -> None:
    path = tmp_path / "reports.sqlite3"

    migrate_sqlite(path)

    assert {"course_enrollment_daily", "pipeline_run"} <= tables(path)
    assert path.stat().st_mode & 0o137 == 0
    assert [entry.name for entry in tmp_path.iterdir()] == ["reports.sqlite3"]


def test_readers_and_the_publisher_do_not_wait_for_each_other(reports: Path) -> None:
    assert query(reports, "PRAGMA journal_mode") == {"wal"}


def test_several_databases_in_one_process(tmp_path: Path) -> None:
    paths = [tmp_path / "site one.sqlite3", tmp_path / "site two.sqlite3"]

    for path in paths:
        migrate_sqlite(path)

    assert tables(paths[0]) == tables(paths[1]) != set()


def test_relative_path_is_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    migrate_sqlite(Path("reports.sqlite3"))

    assert (tmp_path / "reports.sqlite3").exists()


def test_current_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "reports.sqlite3"
    migrate_sqlite(path)
    before = path.read_bytes(), path.stat().st_mtime_ns

    migrate_sqlite(path)

    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


def test_current_database_needs_no_django(reports: Path) -> None:
    program = MIGRATE + "print('django' in sys.modules)"

    assert finish(start(program, reports)) == "False\n"


def test_current_database_needs_no_process(reports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nonexistent")

    migrate_sqlite(reports)


def test_current_database_takes_milliseconds(reports: Path) -> None:
    def seconds() -> float:
        begin = time.perf_counter()
        migrate_sqlite(reports)
        return time.perf_counter() - begin

    assert min(seconds() for _ in range(10)) < 0.005


def test_database_with_a_publisher_at_work_is_current(tmp_path: Path) -> None:
    path = tmp_path / "reports.sqlite3"
    migrate_sqlite(path)

    with closing(sqlite3.connect(path, isolation_level=None)) as publisher:
        publisher.execute("BEGIN IMMEDIATE")
        publisher.execute(
            "INSERT INTO video_timeline VALUES (1, '2026-01-01 00:00:00', 'v', 0, 1, 1)"
        )
        migrate_sqlite(path)
        publisher.execute("COMMIT")

    assert query(path, "SELECT pipeline_video_id FROM video_timeline") == {"v"}


def test_restored_copy_gets_write_ahead_logging_again(reports: Path, tmp_path: Path) -> None:
    path = tmp_path / "restored.sqlite3"
    query(reports, f"VACUUM INTO '{path}'")
    assert query(path, "PRAGMA journal_mode") == {"delete"}

    migrate_sqlite(path)

    assert query(path, "PRAGMA journal_mode") == {"wal"}


def test_many_processes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "reports.sqlite3"

    for process in [start(MIGRATE, path) for _ in range(4)]:
        finish(process)

    assert migrations(path) == known_migrations()
    assert [entry.name for entry in tmp_path.iterdir()] == ["reports.sqlite3"]


# What is killed: the program with the process that it started, or the program alone.
@pytest.mark.parametrize("kill", [os.killpg, os.kill], ids=["all", "parent"])
@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.2, 0.3, 0.4])
def test_killed_while_it_creates_the_database(
    seconds: float, kill: Callable[[int, int], None], reports: Path, tmp_path: Path
) -> None:
    path = tmp_path / "reports.sqlite3"
    process = start(MIGRATE, path)
    while not any(tmp_path.iterdir()):
        time.sleep(0.001)
    time.sleep(seconds)
    kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not path.exists() or tables(path) == tables(reports)

    migrate_sqlite(path)

    assert tables(path) == tables(reports)
    assert [entry.name for entry in tmp_path.iterdir()] == ["reports.sqlite3"]


def test_database_is_complete_as_soon_as_it_is_there(reports: Path, tmp_path: Path) -> None:
    path = tmp_path / "reports.sqlite3"
    process = start(MIGRATE, path)

    while process.poll() is None and not path.exists():
        pass
    seen = tables(path)

    finish(process)
    assert seen == tables(reports)


@pytest.fixture
def next_release(tmp_path: Path) -> Path:
    """Source of a later version of this application, with one more migration."""
    source = tmp_path / "next"
    shutil.copytree(SOURCE, source)
    add_migration(
        source,
        "0099_next",
        after=max(known_migrations()),
        operation="migrations.AddField('video', 'title', models.TextField(default=''))",
    )
    return source


def add_migration(source: Path, name: str, after: str, operation: str) -> None:
    (source / "analytics_data_api/reports/migrations" / f"{name}.py").write_text(
        "from django.db import migrations, models\n"
        "class Migration(migrations.Migration):\n"
        f"    dependencies = [('reports', '{after}')]\n"
        f"    operations = [{operation}]\n"
    )


def test_older_database_is_migrated_with_its_rows(next_release: Path, tmp_path: Path) -> None:
    path = tmp_path / "reports.sqlite3"
    migrate_sqlite(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "INSERT INTO video VALUES (1, '2026-01-01 00:00:00', 'a/b/c', 'a/b/c|v', 'v',"
            " 9, 5, 1, 1, 9)"
        )

    finish(start(MIGRATE, path, next_release))

    assert migrations(path) == {*known_migrations(), "0099_next"}
    assert query(path, "SELECT pipeline_video_id || title FROM video") == {"a/b/c|v"}


def test_failed_migration_leaves_the_older_database(next_release: Path, tmp_path: Path) -> None:
    path = tmp_path / "reports.sqlite3"
    migrate_sqlite(path)
    add_migration(
        next_release, "0100_broken", after="0099_next", operation='migrations.RunSQL("SELECT oops")'
    )

    process = start(MIGRATE, path, next_release)
    _, errors = process.communicate(timeout=60)

    assert process.returncode != 0
    assert "ReportsDatabaseError: cannot migrate" in errors
    assert "no such column: oops" in errors
    assert migrations(path) == known_migrations()
    assert "title" not in query(path, "SELECT name FROM pragma_table_info('video')")


def test_database_of_a_newer_version_is_refused(next_release: Path, tmp_path: Path) -> None:
    path = tmp_path / "reports.sqlite3"
    finish(start(MIGRATE, path, next_release))

    assert refusal(path) == (
        f"{path} was made by a newer version (migration 0099_next): "
        "upgrade this checkout, or move the file away to begin a new one"
    )


def test_what_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "reports.sqlite3"
    path.write_text("course_id,count\n" * 100)

    assert "is not a SQLite database" in refusal(path)
    assert path.read_text().startswith("course_id,count\n")


def test_folder_is_refused(tmp_path: Path) -> None:
    assert "is a folder, not a database" in refusal(tmp_path)


def test_absent_folder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data" / "reports.sqlite3"

    assert refusal(path) == (
        f"cannot write {path}: No such file or directory; "
        "check that its folder exists and may be written"
    )


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs Linux's /sys")
def test_folder_that_takes_no_files_is_refused() -> None:
    assert refusal(Path("/sys/reports.sqlite3")).startswith("cannot write /sys/reports.sqlite3: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_write_protected_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "reports.sqlite3"
    migrate_sqlite(path)
    path.chmod(0o440)

    assert "not writable" in refusal(path)


def test_locked_database_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "reports.sqlite3"
    monkeypatch.setattr(database, "_WAIT_SECONDS", 0.1)

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert "is locked by another process" in refusal(path)


def refusal(path: Path) -> str:
    """The message with which ``path`` is refused."""
    with pytest.raises(ReportsDatabaseError) as raised:
        migrate_sqlite(path)
    assert raised.value.exit_code == 1
    message = str(raised.value)
    assert "\n" not in message
    return message
