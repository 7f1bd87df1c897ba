"""What an operator may get wrong: one line that says what and what next, and nothing half-written.

Each test runs what is wrong; many then mend it as the message says, and run again.
"""

from __future__ import annotations

import gzip
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import duckdb
import pytest

import updating
from analytics_data_api.database import ReportsDatabaseError, migrate_sqlite
from insights_pipeline.errors import AlreadyRunning, BadOption, NoRoom, PipelineError
from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval
from insights_pipeline.publish.sqlite import SqliteReports
from insights_pipeline.resources import LEAST, Resources
from insights_pipeline.update import REPORTS_FILE, Update, run_update
from insights_pipeline.warehouse import VERSION
from small_disk import small_disk
from updating import SampleSite, Tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ONE_EVENT = b'{"event_type": "page_close", "time": "2026-01-05T10:00:00+00:00"}\n'


@dataclass(frozen=True)
class Published:
    """A site with a data folder of some days ago."""

    site: SampleSite
    data: Path


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Not to be written to."""
    folder = tmp_path_factory.mktemp("published")
    site = SampleSite.make(folder, days=10, learners=30)
    updating.run(site.earlier_update(folder / "data"))
    return Published(site, folder / "data")


@pytest.fixture
def update(published: Published, tmp_path: Path) -> Update:
    """The next update of a copy of that data folder."""
    data = shutil.copytree(published.data, tmp_path / "data")
    return published.site.update(data, inputs=Inputs())


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


@pytest.fixture
def first(logs: Path, tmp_path: Path) -> Update:
    """The first update of a new site, whose logs folder is still empty."""
    return Update(logs, tmp_path / "new" / "data")


def refused(update: Update) -> PipelineError:
    """Why the update cannot be done, which leaves everything as it was."""
    before = state_of(update.data)
    with pytest.raises(PipelineError) as caught:
        updating.run(update)
    assert "\n" not in str(caught.value)
    assert state_of(update.data) == before
    return caught.value


def state_of(data: Path) -> tuple[Tables, int, list[str]]:
    """What is published, the events, and what waits for the end of a run."""
    if not (data / "warehouse.duckdb").exists():
        return ({}, 0, [])
    waiting = [path.name for path in (data / "incoming").glob("*")]
    reports = {name: rows for name, rows in updating.reports_of(data).items() if rows}
    return (reports, updating.events_on_disk(data), waiting)


# Logs.


def test_no_logs_folder(first: Update, tmp_path: Path) -> None:
    missing = tmp_path / "nowhere"
    file = tmp_path / "tracking.log"
    file.write_bytes(ONE_EVENT)

    for logs in (missing, file):
        assert str(refused(replace(first, logs=logs))) == (
            f"no folder of tracking logs at {logs}: name the one that holds them with --logs"
        )
    assert not first.data.parent.exists()


def cut_gzip(path: Path) -> None:
    path.write_bytes(gzip.compress(ONE_EVENT * 1000)[:-20])


def spoilt_gzip(path: Path) -> None:
    content = bytearray(gzip.compress(os.urandom(5000) + ONE_EVENT))
    content[1000:1100] = bytes(100)
    path.write_bytes(content)


def link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def holding(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


@pytest.mark.parametrize(
    ("name", "make", "reason"),
    [
        ("tracking.log", holding(b""), "holds no file with anything in it"),
        ("tracking.log", lambda path: path.mkdir(), "holds no file with anything in it"),
        ("tracking.log", holding(b"one\ntwo\n"), "2 lines (2 not_json)"),
        ("tracking.log", holding(b"\n\n\n"), "3 lines (3 blank)"),
        ("tracking.log", holding(ONE_EVENT[:-20] + b"\n"), "1 lines (1 cut_off)"),
        ("tracking.log", holding(bytes(range(256))), "tracking.log: binary, not a tracking log"),
        ("tracking.log.gz", holding(b"no gzip\n"), "1 lines (1 not_json)"),
        ("tracking.log.gz", holding(b"\x1f\x8b"), "tracking.log.gz: "),
        ("tracking.log.gz", holding(b"\x1f\x8bno gzip\n"), "tracking.log.gz: damaged gzip"),
        ("tracking.log.gz", spoilt_gzip, "tracking.log.gz: damaged gzip"),
        ("tracking.log.gz", cut_gzip, "tracking.log.gz: gzip ends too early"),
        ("tracking.log", link_to_itself, "tracking.log: too many levels of symbolic links"),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)
def test_nothing_but_a_file_that_is_no_log(
    first: Update, logs: Path, name: str, make: Callable[[Path], object], reason: str
) -> None:
    make(logs / name)

    message = str(refused(first))
    assert message.startswith(f"no event in {logs}") or message.startswith(f"{logs} holds no file")
    assert reason in message
    assert message.endswith("?")
    assert not (first.data / "rejects").exists()

    (logs / "good.log").write_bytes(ONE_EVENT)
    record = updating.run(first)
    assert record.events == 1
    assert record.lines == record.events + record.rejected
    assert (record.rejected > 0) == ("lines (" in reason)
    assert any(reason in note for note in record.notes) == (f"{name}: " in reason)


def test_unreadable_log_is_left_and_told(first: Update, logs: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may read everything")
    (logs / "good.log").write_bytes(ONE_EVENT)
    (logs / "secret.log").write_bytes(ONE_EVENT)
    (logs / "secret.log").chmod(0)

    assert "left for the next run: secret.log: permission denied" in updating.run(first).notes


# The data folder.


def test_data_folder_that_is_a_file(first: Update, logs: Path, tmp_path: Path) -> None:
    (logs / "tracking.log").write_bytes(ONE_EVENT)
    file = tmp_path / "file"
    file.write_text("mine")

    assert "is no folder" in str(refused(replace(first, data=file)))
    assert "Not a directory" in str(refused(replace(first, data=file / "data")))
    assert file.read_text() == "mine"


def test_data_folder_among_the_logs(first: Update, logs: Path) -> None:
    (logs / "tracking.log").write_bytes(ONE_EVENT)

    for data in (logs, logs / "data", logs / ".." / logs.name / "data"):
        assert "would be read as logs" in str(refused(replace(first, data=data)))
    assert [path.name for path in logs.iterdir()] == ["tracking.log"]


def test_data_folder_of_a_newer_version(update: Update) -> None:
    with closing(duckdb.connect(str(update.data / "warehouse.duckdb"))) as warehouse:
        warehouse.execute(f"UPDATE meta SET value = '{VERSION + 1}' WHERE name = 'version'")

    message = str(refused(update))
    assert "was written by a newer version" in message
    assert "upgrade this checkout" in message


def test_data_folder_of_an_older_version_is_read_anew(update: Update, tmp_path: Path) -> None:
    made_at_once = replace(update, data=tmp_path / "new")
    updating.run(made_at_once)
    with closing(duckdb.connect(str(update.data / "warehouse.duckdb"))) as warehouse:
        warehouse.execute("UPDATE meta SET value = '1' WHERE name = 'version'")

    record = updating.run(update)

    assert record.events == updating.events_in_ledger(update.data) > 0
    assert "warehouse.duckdb was of an older version: all logs were read anew" in record.notes
    assert updating.reports_of(update.data) == updating.reports_of(made_at_once.data)
    assert updating.run(update).events == 0


def migrated_reports(update: Update) -> SqliteReports:
    """The reports of a data folder as `inv local.update` brings them up to date."""
    return SqliteReports(update.data / REPORTS_FILE, migrate_sqlite)


def test_reports_of_a_newer_version(update: Update) -> None:
    with closing(sqlite3.connect(update.data / "reports.sqlite3")) as reports, reports:
        reports.execute(
            "INSERT INTO django_migrations (app, name, applied)"
            " VALUES ('reports', '9999_later', '2030-01-01')"
        )
    before = state_of(update.data)

    with pytest.raises(ReportsDatabaseError, match="made by a newer version"):
        run_update(update, migrated_reports(update))
    assert state_of(update.data) == before


def test_damaged_warehouse(update: Update) -> None:
    (update.data / "warehouse.duckdb").write_bytes(os.urandom(20_000))

    with pytest.raises(PipelineError, match=r"warehouse\.duckdb cannot be opened.*move it away"):
        updating.run(update)

    (update.data / "warehouse.duckdb").unlink()
    assert updating.run(update).status == "succeeded"


def test_warehouse_that_another_program_holds(update: Update) -> None:
    program = (
        "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, update.data / "warehouse.duckdb"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(PipelineError, match="close what else uses it"):
            updating.run(update)
        holder.communicate(b"\n")

    assert updating.run(update).status == "succeeded"


def test_second_update_at_once(update: Update) -> None:
    program = """
import sys, time
from insights_pipeline import update
def read(*arguments):
    print("reading", flush=True)
    time.sleep(60)
update._read = read
import updating
updating.main(*sys.argv[1:])
"""
    arguments = [update.logs, update.data, "{}", update.interval, "alone"]
    with subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
    ) as running:
        assert running.stdout
        assert running.stdout.readline() == b"reading\n"
        with pytest.raises(AlreadyRunning) as caught:
            updating.run(update)
        running.kill()

    assert f"another update is at work on {update.data} (process {running.pid})" in str(
        caught.value
    )
    assert caught.value.exit_code == 75
    assert updating.run(update).status == "succeeded"


# Options.


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "yesterday",
        "2026-01-01",
        "2026-01-01:",
        "2026-01-01:2026-02-30",
        "2026-01-01:2026-02-01:2026-03-01",
        "2026-01-01 2026-02-01",
        "2026-01-01T00:00:2026-02-01",
        "2026-02-01:2026-01-01",
        "2026-01-01:2026-01-01",
    ],
)
def test_interval_that_is_none(text: str) -> None:
    with pytest.raises(BadOption, match=r"--interval '.*' is (no interval|empty): ") as caught:
        Interval.parse(text)
    assert caught.value.exit_code == 2


def test_interval_in_words_of_the_operator() -> None:
    interval = Interval.parse(" 2026-01-01 : 2026-02-01")

    assert str(interval) == "2026-01-01:2026-02-01"
    assert str(interval.last_day) == "2026-01-31"


@pytest.mark.parametrize("text", ["", "much", "-1GB", "1e9", "1 TB", "GB", "1,5GB", "0", "1MB"])
def test_memory_that_is_none(text: str) -> None:
    with pytest.raises(BadOption, match=r"--memory .*give") as caught:
        Resources.with_memory(text)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("text", "memory"),
    [("2GB", 2 * 10**9), ("1.5 gib", 3 * 2**29), ("512MiB", 2**29), (str(LEAST), LEAST)],
)
def test_memory(text: str, memory: int) -> None:
    assert Resources.with_memory(text).memory == memory


# LMS tables and catalog.


def test_inputs_that_are_not_there_are_told_before_anything_is_read(
    first: Update, logs: Path, tmp_path: Path
) -> None:
    (logs / "tracking.log").write_bytes(ONE_EVENT)
    nowhere = tmp_path / "nowhere"

    assert str(refused(replace(first, inputs=Inputs(lms=nowhere)))) == (
        f"no folder of LMS tables at {nowhere}: name it with --lms"
    )
    assert str(refused(replace(first, inputs=Inputs(catalog=nowhere)))) == (
        f"no course catalog at {nowhere}: name it with --catalog"
    )
    assert str(refused(replace(first, inputs=Inputs(programs=nowhere)))) == (
        f"no list of programs at {nowhere}: name it with --programs"
    )
    assert str(refused(replace(first, inputs=Inputs(geo=nowhere)))) == (
        f"no database of addresses and countries at {nowhere}: name it with --geo"
    )
    assert not first.data.exists()


@pytest.mark.parametrize("content", ["", "user_id,gender\n1,f\n"], ids=["empty", "column missing"])
def test_a_table_that_is_none_fails_no_run(update: Update, tmp_path: Path, content: str) -> None:
    lms = tmp_path / "lms"
    lms.mkdir()
    (lms / "auth_userprofile.csv").write_text(content)

    record = updating.run(replace(update, inputs=Inputs(lms)))

    assert record.status == "succeeded"
    (note,) = [note for note in record.notes if note.startswith("no auth_userprofile ")]
    assert f"{lms / 'auth_userprofile.csv'}, line 1: no column " in note
    assert updating.reports_of(update.data)["course_enrollment_gender_daily"] == []


def test_catalog_with_odd_values_is_taken_as_far_as_it_goes(update: Update, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.jsonl"
    (course_id, *_) = updating.reports_of(update.data)["course_enrollment_daily"][0]
    catalog.write_text(
        f'{{"key": "{course_id}", "title": "Two\\nlines", "start": 5, "end": "tomorrow"}}\n'
    )

    updating.run(replace(update, inputs=Inputs(catalog=catalog)))

    summary = updating.reports_of(update.data)["course_meta_summary_enrollment"]
    rows = {row[1:5] for row in summary if row[0] == course_id}
    assert rows == {("Two lines", None, None, None)}


# A full disk.


def out_of_room_in(update: Update) -> str | None:
    """What of the update fails for want of room."""
    try:
        updating.run(update)
    except NoRoom as error:
        kinds = {"reading": OSError, "warehouse": duckdb.Error, "reports": sqlite3.Error}
        return next(name for name, kind in kinds.items() if isinstance(error.__cause__, kind))
    return None


def test_full_disk(published: Published, tmp_path: Path) -> None:
    """With ever more room left, more of the update can be done."""
    site = published.site
    updating.run(site.update(shutil.copytree(published.data, tmp_path / "undisturbed")))
    before = updating.reports_of(published.data)
    after = state_of(tmp_path / "undisturbed")
    failed = set()
    with small_disk(tmp_path / "disk", megabytes=48) as disk:
        for kibibytes in (0, 20, 200, 350, 600, 900, 1300, 1800, 2500, 4000):
            update = site.update(shutil.copytree(published.data, disk / "data"))
            filler = disk / "filler"
            filler.write_bytes(bytes(shutil.disk_usage(disk).free - kibibytes * 1024))
            failed.add(failure := out_of_room_in(update))
            filler.unlink()
            if failure:
                assert updating.reports_of(update.data) == before
                updating.run(update)
            assert state_of(update.data) == after
            shutil.rmtree(update.data)
    assert failed == {"reading", "warehouse", "reports", None}


@pytest.mark.parametrize("kibibytes", [0, 100])
def test_full_disk_on_the_first_run(
    first: Update, logs: Path, tmp_path: Path, kibibytes: int
) -> None:
    (logs / "tracking.log").write_bytes(ONE_EVENT)
    with small_disk(tmp_path / "disk", megabytes=8) as disk:
        filler = disk / "filler"
        filler.write_bytes(bytes(shutil.disk_usage(disk).free - kibibytes * 1024))
        update = replace(first, data=disk / "data")

        with pytest.raises((NoRoom, ReportsDatabaseError), match=r"no space|is full") as caught:
            run_update(update, migrated_reports(update))

        assert "\n" not in str(caught.value)
        filler.unlink()
        assert run_update(update, migrated_reports(update)).events == 1
