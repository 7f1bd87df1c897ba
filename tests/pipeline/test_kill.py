"""An update killed at any moment leaves the state of before or after; the next one mends it."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import insights_pipeline
import updating
from updating import SampleSite, Tables

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(updating.__file__).parent
SOURCE = Path(insights_pipeline.__file__).parents[1]

_random = random.Random(4)
RANDOM_MOMENTS = [
    pytest.param(number, _random.random(), marks=() if number % 15 == 0 else pytest.mark.full)
    for number in range(30)
]

# Each is a program that runs until it kills itself at the moment that its name tells.
DYING = """
import pathlib, sqlite3
from functools import partial
import duckdb
import pyarrow.parquet as pq
import updating
from dying import die, dying
from insights_pipeline import warehouse
from insights_pipeline.publish import sqlite as publish

class Engine:
    "A connection to DuckDB that kills us before or after a statement that begins in a given way."
    before = after = ()
    def __init__(self, *arguments, **options):
        self.real = connect(*arguments, **options)
    def __getattr__(self, name):
        return getattr(self.real, name)
    def execute(self, statement, *arguments):
        if self.before and statement.lstrip().startswith(self.before):
            die()
        result = self.real.execute(statement, *arguments)
        if self.after and statement.lstrip().startswith(self.after):
            die()
        return result
connect, duckdb.connect = duckdb.connect, Engine

class Reports(sqlite3.Connection):
    "The same for the reports database; and in the middle of the rows for a table."
    before = after = amid = ()
    def execute(self, statement, *arguments):
        if self.before and statement.startswith(self.before):
            die()
        result = super().execute(statement, *arguments)
        if self.after and statement.startswith(self.after):
            die()
        return result
    def executemany(self, statement, rows):
        if self.amid and statement.startswith(self.amid):
            rows = self.half(rows)
        return super().executemany(statement, rows)
    def half(self, rows):
        yield from rows[:len(rows) // 2]
        die()
publish.sqlite3.connect = partial(sqlite3.connect, factory=Reports)
"""
POINTS = {
    "while events are written": "pq.write_table = dying(pq.write_table, 7)",
    "while LMS tables are taken in": "Engine.after = 'INSERT INTO auth_userprofile'",
    "when the ledger is stored": "Engine.before = 'INSERT INTO ledger.file'",
    "amid the metrics": "Engine.before = 'INSERT INTO course_activity'",
    "before the warehouse's commit": "Engine.before = 'COMMIT'",
    "after the warehouse's commit": "Engine.after = 'COMMIT'",
    "before the first event file is moved": "pathlib.Path.replace = dying(pathlib.Path.replace)",
    "after an event file was moved": (
        "pathlib.Path.replace = dying(pathlib.Path.replace, 4, first=False)"
    ),
    "when the rejects are moved": (
        "warehouse.rejects_file = dying(warehouse.rejects_file, 2, first=False)"
    ),
    "before publishing": "Reports.after = 'BEGIN'",
    "amid the rows of the first table": "Reports.amid = 'INSERT INTO course_enrollment_daily'",
    "amid rows that are removed": "Reports.amid = 'DELETE FROM course_activity'",
    "amid the rows of the last table": "Reports.amid = 'INSERT INTO video_timeline'",
    "before the reports' commit": "Reports.before = 'COMMIT'",
    "after the reports' commit": "Reports.after = 'COMMIT'",
}


@dataclass(frozen=True)
class Case:
    """A site whose data folder is some days old, and what the next update makes of it."""

    site: SampleSite
    data: Path
    reports_before: Tables
    reports_after: Tables
    warehouse_after: Tables
    events_after: int
    seconds: dict[str, float]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("kill")
    site = SampleSite.make(folder)
    data, after = folder / "before", folder / "after"
    updating.run(site.earlier_update(data))
    shutil.copytree(data, after)
    updating.run(site.update(after))
    before = updating.reports_of(data)
    reports, warehouse = updating.reports_of(after), updating.warehouse_of(after)
    assert all(before[table] != rows for table, rows in reports.items())
    seconds = {mode: _time_of(site, data, folder / mode, mode) for mode in ("alone", "workers")}
    events = updating.events_on_disk(after)
    return Case(site, data, before, reports, warehouse, events, seconds)


def _time_of(site: SampleSite, before: Path, data: Path, mode: str) -> float:
    """Seconds that the update takes in a process of its own, undisturbed, once it has begun."""
    shutil.copytree(before, data)
    process = start(site, data, mode)
    wait_until_begun(data)
    begin = time.monotonic()
    assert process.wait(60) == 0
    return time.monotonic() - begin


def wait_until_begun(data: Path) -> None:
    deadline = time.monotonic() + 60
    while not (data / "update.pid").exists():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def start(
    site: SampleSite, data: Path, mode: str, program: str = "import updating"
) -> subprocess.Popen[bytes]:
    """Start the update in a process group of its own."""
    sample = site.sample
    inputs = json.dumps(sample.inputs, default=str)
    arguments = [sample.logs, data, inputs, site.interval, mode]
    code = f"{program}\nimport sys\nif __name__ == '__main__':\n    updating.main(*sys.argv[1:])"
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": f"{TESTS}:{SOURCE}"},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


@contextmanager
def reader(case: Case, data: Path) -> Iterator[None]:
    """Read all reports tables again and again; every time they are those of before or after."""
    ended, seen = threading.Event(), []

    def read() -> None:
        while not ended.is_set():
            tables = updating.reports_of(data)
            seen.append(
                "before"
                if tables == case.reports_before
                else "after"
                if tables == case.reports_after
                else "a mixture"
            )

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    assert set(seen) <= {"before", "after"}
    assert seen == sorted(seen, reverse=True), "the reports went back"
    assert seen[-1] == "after"


def check_mended(case: Case, data: Path) -> None:
    """Run the update to its end; then all is as if it had never been killed."""
    record = updating.run(case.site.update(data))
    assert record.status == "succeeded"
    assert updating.reports_of(data) == case.reports_after
    assert updating.warehouse_of(data) == case.warehouse_after
    assert updating.events_on_disk(data) == updating.events_in_ledger(data) == case.events_after
    assert list((data / "incoming").iterdir()) == []


@pytest.mark.parametrize(
    "point",
    [
        pytest.param(point, marks=() if number % 3 == 0 else pytest.mark.full)
        for number, point in enumerate(POINTS)
    ],
)
def test_killed_at_a_certain_point(case: Case, tmp_path: Path, point: str) -> None:
    data = shutil.copytree(case.data, tmp_path / "data")

    with reader(case, data):
        process = start(case.site, data, "alone", DYING + POINTS[point])
        assert process.wait(60) == -signal.SIGKILL
        check_mended(case, data)
        time.sleep(0.1)  # for the reader


@pytest.mark.parametrize(("number", "share"), RANDOM_MOMENTS)
def test_killed_at_a_random_moment(case: Case, tmp_path: Path, number: int, share: float) -> None:
    data = shutil.copytree(case.data, tmp_path / "data")
    mode = "workers" if number % 2 else "alone"

    with reader(case, data):
        process = start(case.site, data, mode)
        wait_until_begun(data)
        time.sleep(share * case.seconds[mode])
        if number % 4 == 1:
            process.kill()  # its workers are left behind
        else:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        check_mended(case, data)
        time.sleep(0.1)  # for the reader
