"""`inv status`: the runs of a data folder, or of the stack; within 80 columns."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

import mariadb_server
from analytics_data_api.database import known_migrations
from embedded import SMALL, Site
from insights_pipeline.errors import PipelineError
from insights_pipeline.interval import Interval
from insights_pipeline.publish.mariadb import Account, MariaDBReports
from insights_pipeline.update import Update, run_update
from tasks.lib.containers import status as stack_status
from tasks.lib.errors import OperatorError
from tasks.lib.local import runs
from tasks.lib.local.runs import Run

ROOT = Path(__file__).resolve().parents[2]
INV = [Path(sys.executable).with_name("inv"), "--search-root", ROOT]
JANUARY = Interval(date(2026, 1, 1), date(2026, 2, 1))
ONE_EVENT = b'{"event_type": "page_close", "time": "2026-01-05T10:00:00+00:00"}'

BIG = Run(
    status="succeeded",
    started="2026-01-06 01:00:00",
    interval_start="2025-01-01",
    interval_end="2026-01-06",
    files=12,
    lines=123_456_789,
    events=123_446_789,
    rejected=10_000,
    late_events=12_345,
    error=None,
    seconds_by_step={"open": 0.1, "read": 912.3, "metrics": 60.0},
    rejects_by_reason={"cut_off": 9_000, "blank": 1_000},
    notes=["left for the next run: lms1/tracking.log.gz: damaged gzip"],
)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with a run that succeeded and one, later, that failed."""
    site = Site(tmp_path)
    site.log([ONE_EVENT, b"no event"])
    site.update(JANUARY)
    (site.logs / "tracking.log").unlink()
    with pytest.raises(PipelineError):
        site.update(JANUARY)
    return site


def test_runs_newest_first(site: Site) -> None:
    failed, succeeded = runs.last_runs(site.data, limit=10)

    assert (failed.status, succeeded.status) == ("failed", "succeeded")
    assert "holds no file" in str(failed.error)
    assert (succeeded.lines, succeeded.events, succeeded.rejected) == (2, 1, 1)
    assert succeeded.rejects_by_reason == {"not_json": 1}
    assert (succeeded.interval_start, succeeded.interval_end) == ("2026-01-01", "2026-02-01")
    assert runs.last_runs(site.data, limit=1) == [failed]


def test_status_of_a_data_folder(site: Site) -> None:
    ended = subprocess.run(
        [*INV, "status", "--data", site.data, "--runs", "2"],
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stderr) == (1, "")  # as the newest run failed
    heading, newest, oldest, *more = ended.stdout.splitlines()
    titles = ("started (UTC)", "status", "data until", "lines", "rejects", "late", "seconds")
    assert re.split("  +", heading) == [*titles]
    assert newest.split()[2:] == ["failed", "0", "0", "0", newest.split()[-1]]
    assert oldest.split()[2:-1] == ["succeeded", "2026-01-31", "2", "1", "0"]
    assert any(line.startswith("Failed: ") and "holds no file" in line for line in more)


def test_status_of_a_data_folder_for_programs(site: Site) -> None:
    ended = subprocess.run(
        [*INV, "status", "--data", site.data, "--json"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1
    failed, succeeded = json.loads(ended.stdout)
    assert (failed["status"], succeeded["status"]) == ("failed", "succeeded")
    assert succeeded["rejects_by_reason"] == {"not_json": 1}


def test_status_is_well_once_a_run_succeeded(site: Site) -> None:
    site.log([ONE_EVENT, b"no event"])
    site.update(JANUARY)

    ended = subprocess.run(
        [*INV, "status", "--data", site.data], capture_output=True, text=True, check=True
    )

    assert "succeeded" in ended.stdout.splitlines()[1]


def test_last_run_of_the_stack_s_database(tmp_path: Path) -> None:
    """By MariaDB's own client, as `inv status` has it in the container."""
    with mariadb_server.running() as server:
        databases = server.make_databases()
        databases.prepare()

        def last_run() -> str:
            client = ["mariadb", "--no-defaults", f"--socket={server.folder / 'socket'}"]
            return subprocess.run(
                [*client, "--user=root", *stack_status.LAST_RUN, databases.reports],
                capture_output=True,
                text=True,
                check=True,
            ).stdout

        assert last_run() == ""

        password = mariadb_server.PASSWORDS["pipeline"]
        account = Account("127.0.0.1", "pipeline", password, databases.reports, server.port)
        site = Site(tmp_path)
        site.log([ONE_EVENT, 'kein Ereignis, aber \\ "schön"'.encode()])
        update = Update(site.logs, site.data, JANUARY, resources=SMALL)
        run_update(update, MariaDBReports(account, known_migrations()))

        run = runs.from_json(last_run())
        assert (run.status, run.lines, run.rejected) == ("succeeded", 2, 1)
        assert (run.interval_start, run.interval_end) == ("2026-01-01", "2026-02-01")
        assert run.rejects_by_reason == {"not_json": 1}
        assert all(isinstance(note, str) for note in run.notes)
        runs.show([run])


def test_status_of_a_folder_without_reports(tmp_path: Path) -> None:
    ended = subprocess.run(
        [*INV, "status", "--data", tmp_path], capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == (
        f"inv: no reports.sqlite3 in {tmp_path}: run `inv local.update` or `inv demo` first, or"
        " name another folder with --data\n"
    )


def test_reports_that_are_no_database(tmp_path: Path) -> None:
    (tmp_path / "reports.sqlite3").write_text("no database, but long enough to be one" * 100)

    with pytest.raises(OperatorError, match=r"reports\.sqlite3 cannot be read"):
        runs.last_runs(tmp_path, limit=10)


def test_large_numbers_fit_80_columns(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    runs.show([BIG, replace(BIG, status="failed", interval_end=None)])

    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 80
    big = (
        "2026-01-06 01:00",
        "succeeded",
        "2026-01-05",
        "123,456,789",
        "10,000",
        "12,345",
        "972.4",
    )
    assert re.split("  +", lines[1]) == [*big]


def test_day_that_was_not_over_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert BIG.until == "2026-01-05"
    runs.show([replace(BIG, started="2026-01-05 13:00:00", lines=30_000)])
    assert "2026-01-05 so far" in capsys.readouterr().out
    assert replace(BIG, interval_end=None).until == ""


def test_newest_run_in_words() -> None:
    assert [*runs.describe(BIG)] == [
        "Covers 2025-01-01:2026-01-06 (UTC dates, the second exclusive)",
        "12 files: 123,456,789 lines = 123,446,789 events + 10,000 rejects",
        "Rejects: 9,000 cut_off, 1,000 blank",
        "Seconds: 0.1 open, 912.3 read, 60.0 metrics",
        "left for the next run: lms1/tracking.log.gz: damaged gzip",
    ]


def test_today_so_far_in_words() -> None:
    so_far = replace(BIG, interval_end="2026-01-07")

    first, *_ = runs.describe(so_far)

    assert first == (
        "Covers 2025-01-01:2026-01-07 (UTC dates, the second exclusive; 2026-01-06 so far)"
    )


def test_no_run_yet(capsys: pytest.CaptureFixture[str]) -> None:
    runs.show([])

    assert capsys.readouterr().out == "no run yet\n"
