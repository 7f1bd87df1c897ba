"""`inv local.update` as an operator calls it: what it prints, and how it ends."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from itertools import chain
from pathlib import Path

import duckdb
import pytest

import updating
from insights_pipeline.schema import REPORTS
from insights_pipeline.warehouse import VERSION
from updating import SampleSite

ROOT = Path(__file__).resolve().parents[2]
INV = [Path(sys.executable).with_name("inv"), "--search-root", ROOT]
PROGRESS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ")
# `inv` where two processes read logs even of a few kilobytes.
INV_WITH_WORKERS = """
import sys
from invoke.main import program
from insights_pipeline.resources import Resources
import updating
if __name__ == "__main__":
    Resources.default = lambda: updating.WITH_WORKERS
    program.run(["inv", *sys.argv[1:]])
"""


def inv(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*INV, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )


def update(logs: Path, data: Path, *options: object) -> subprocess.CompletedProcess[str]:
    return inv("local.update", "--logs", logs, "--data", data, *options)


def failure(ended: subprocess.CompletedProcess[str]) -> tuple[int, str]:
    """Exit code and message of a command that said why it failed, in one line."""
    lines = [line for line in ended.stderr.splitlines() if not PROGRESS.match(line)]
    assert len(lines) == 1, ended.stderr
    assert ended.stdout == ""
    return ended.returncode, lines[0]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> SampleSite:
    return SampleSite.make(tmp_path_factory.mktemp("site"), days=8, learners=20)


def test_logs_and_interval_are_settings_of_a_site(
    site: SampleSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKING_LOGS", str(site.sample.logs))
    monkeypatch.setenv("INTERVAL", "2026-01-06:2026-01-08")

    ended = inv("local.update", "--data", tmp_path / "data")

    assert ended.returncode == 0, ended.stderr
    assert "2026-01-06:2026-01-08 published in" in ended.stderr


@pytest.fixture(scope="module")
def published(site: SampleSite, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site's data folder of some days ago; not to be written to."""
    data = tmp_path_factory.mktemp("published") / "data"
    updating.run(site.earlier_update(data))
    return data


@pytest.fixture
def data(published: Path, tmp_path: Path) -> Path:
    return shutil.copytree(published, tmp_path / "data")


def test_unknown_target(site: SampleSite, tmp_path: Path) -> None:
    ended = update(site.sample.logs, tmp_path / "data", "--publish", "mysql")

    assert failure(ended) == (2, "inv: --publish mysql is not known: give data or stack")
    assert not (tmp_path / "data").exists()


def test_update_from_nothing(site: SampleSite, tmp_path: Path) -> None:
    data, sample = tmp_path / "new" / "data", site.sample
    named = [(f"--{name.replace('_', '-')}", path) for name, path in sample.inputs.items()]
    options = (*chain.from_iterable(named), "--interval", site.interval)

    ended = update(sample.logs, data, *options, "--memory", "1GB")

    assert (ended.returncode, ended.stdout) == (0, "")
    (run,) = updating.runs_of(data)
    rows = sum(map(len, updating.reports_of(data).values()))
    said = [PROGRESS.sub("", line) for line in ended.stderr.splitlines()]
    assert [line.split(":")[0] for line in said[:3]] == ["read", "metrics", "publish"]
    assert said[3].endswith(
        f" {sample.lines:,} lines = {run['events']:,} events + {run['rejected']:,} rejects"
    )
    assert said[4].endswith(f"listed in {data / 'rejects' / 'run-000001.jsonl'}")
    assert said[-1] == (
        f"{site.interval} published in {data / 'reports.sqlite3'}: {rows:,} rows in"
        f" {len(REPORTS)} tables,"
        f" {rows:,} rows changed"
    )


def test_missing_option() -> None:
    code, message = failure(inv("local.update", "--logs", "logs"))
    assert code
    assert "'data'" in message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--interval", "May"), "inv: --interval 'May' is no interval: give two dates"),
        (("--memory", "lots"), "inv: --memory 'lots' is no size: give one such as 2GB"),
        (("--engine", "flink"), "inv: --engine flink is not known: give duckdb or spark"),
    ],
)
def test_option_that_cannot_be_meant(
    site: SampleSite, tmp_path: Path, options: tuple[str, str], message: str
) -> None:
    code, said = failure(update(site.sample.logs, tmp_path / "data", *options))

    assert code == 2
    assert said.startswith(message)
    assert not (tmp_path / "data").exists()


def test_logs_folder_without_a_log(data: Path, tmp_path: Path) -> None:
    code, said = failure(update(tmp_path / "nowhere", data))
    assert (code, said) == (
        1,
        f"inv: no folder of tracking logs at {tmp_path / 'nowhere'}: name the one that holds them"
        " with --logs",
    )

    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "image.png").write_bytes(b"\x89PNG\0\0\0")
    assert failure(update(tmp_path / "logs", tmp_path / "new")) == (
        1,
        f"inv: no event in {tmp_path / 'logs'}: left for the next run: image.png: binary, not a"
        " tracking log: is this the folder of tracking logs?",
    )


def test_lms_table_without_a_column(site: SampleSite, data: Path, tmp_path: Path) -> None:
    table = tmp_path / "auth_userprofile.csv"
    table.write_text("user_id,gender,year_of_birth\n1,f,1990\n")

    ended = update(site.sample.logs, data, "--lms", tmp_path)

    assert ended.returncode == 0
    assert (
        f"{table}, line 1: no column level_of_education: export the LMS's table auth_userprofile"
        " with its header\n"
    ) in ended.stderr


def test_inputs_are_settings_of_a_site(
    site: SampleSite, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LMS_FILES", str(site.sample.lms))
    monkeypatch.setenv("LMS_ROOT_URL", "https://lms.example.org")
    assert failure(update(site.sample.logs, data)) == (
        2,
        "inv: LMS_ROOT_URL is set, and LMS_OAUTH2_CLIENT_ID is not: set it as well",
    )

    monkeypatch.delenv("LMS_ROOT_URL")
    ended = update(site.sample.logs, data, "--catalog", site.sample.catalog)

    assert ended.returncode == 0
    (run, *_) = reversed(updating.runs_of(data))
    assert "no auth_userprofile" not in run["notes"]
    assert "no course_catalog" not in run["notes"]


def test_an_option_that_names_no_file(site: SampleSite, data: Path, tmp_path: Path) -> None:
    for option in ("--catalog", "--programs", "--course-list", "--course-blocks", "--geo"):
        code, said = failure(update(site.sample.logs, data, option, tmp_path / "nowhere"))
        assert code == 1
        assert said.endswith(f" at {tmp_path / 'nowhere'}: name it with {option}")


def test_data_folder_of_a_newer_version(site: SampleSite, data: Path) -> None:
    with closing(duckdb.connect(str(data / "warehouse.duckdb"))) as warehouse:
        warehouse.execute("UPDATE meta SET value = '7' WHERE name = 'version'")
    code, said = failure(update(site.sample.logs, data))
    assert code == 1
    assert f"written by a newer version (format 7, this one knows {VERSION}): upgrade" in said

    with closing(sqlite3.connect(data / "reports.sqlite3")) as reports, reports:
        reports.execute("UPDATE django_migrations SET name = '9999_x' WHERE app = 'reports'")
    code, said = failure(update(site.sample.logs, data))
    assert code == 1
    assert "made by a newer version (migration 9999_x): upgrade this checkout" in said


def test_second_update_at_once(site: SampleSite, data: Path) -> None:
    first = subprocess.Popen(
        [sys.executable, "-c", HOLDING, data], stdout=subprocess.PIPE, env=with_tests_on_path()
    )
    with first:
        assert first.stdout
        assert first.stdout.readline()
        ended = failure(update(site.sample.logs, data))
        first.kill()

    assert ended == (
        75,
        f"inv: another update is at work on {data} (process {first.pid}): wait for it to end",
    )
    assert update(site.sample.logs, data).returncode == 0


HOLDING = """
import sys, time
from pathlib import Path
from insights_pipeline.update import alone
with alone(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def with_tests_on_path() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.mark.parametrize(
    "seconds",
    [
        0.3,
        0.8,
        *(pytest.param(tenths / 10, marks=pytest.mark.full) for tenths in (1, 2, 4, 5, 6, 7, 9)),
    ],
)
def test_ctrl_c(site: SampleSite, data: Path, tmp_path: Path, seconds: float) -> None:
    """It reaches the workers too, as on a terminal; none of them says anything."""
    options = ["--logs", site.sample.logs, "--data", data, "--interval", str(site.interval)]
    before = updating.reports_of(data)
    running = subprocess.Popen(
        [sys.executable, "-c", INV_WITH_WORKERS, *INV[1:], "local.update", *options],
        env=with_tests_on_path(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not (data / "update.pid").exists():
        time.sleep(0.001)
    time.sleep(seconds)
    os.killpg(running.pid, signal.SIGINT)
    output, errors = running.communicate(timeout=60)

    if running.returncode == 0:
        pytest.skip("it had ended by then")
    ended = subprocess.CompletedProcess("inv", running.returncode, output, errors)
    assert failure(ended) == (130, "inv: interrupted")
    if updating.reports_of(data) == before:
        assert updating.runs_of(data)[-1]["error"].startswith("interrupted")

    updating.run(site.update(data))
    # Here, as Ctrl-C may come after the run's commit: then the next run brings its files home.
    assert list((data / "incoming").iterdir()) == []
    updating.run(site.update(tmp_path / "undisturbed"))
    assert updating.reports_of(data) == updating.reports_of(tmp_path / "undisturbed")


def test_follow_publishes_what_is_added_until_it_is_stopped(tmp_path: Path) -> None:
    logs, data = tmp_path / "logs", tmp_path / "data"
    logs.mkdir()
    line = '{"event_type": "page_close", "time": "2026-01-05T10:00:00+00:00"}\n'
    live = logs / "tracking.log"
    live.write_text(line)
    options = ("--logs", logs, "--data", data, "--every", 1)
    command = [*INV, "local.follow", *map(str, options)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as following:
        assert following.stderr
        said = (PROGRESS.sub("", text).rstrip() for text in following.stderr)
        assert next(said) == (
            f"following {logs} until Ctrl-C: {data / 'reports.sqlite3'} every 1 s"
        )
        assert next(said).startswith("1 events: ")
        with live.open("a") as log:
            log.write(2 * line)
        assert next(said).startswith("2 events (2 of earlier days): ")
        following.send_signal(signal.SIGTERM)
        assert list(said) == ["stopped"]
    assert following.returncode == 0
    assert [run["status"] for run in updating.runs_of(data)] == ["succeeded", "succeeded"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--every", "0"), "inv: --every 0 is not from 1 to 86400 seconds"),
        (
            ("--interval", "2026-01-01:2026-02-01"),
            "inv: the interval 2026-01-01:2026-02-01 is over",
        ),
    ],
)
def test_follow_that_cannot_be_meant(
    site: SampleSite, tmp_path: Path, options: tuple[str, str], message: str
) -> None:
    data = tmp_path / "data"
    code, said = failure(inv("local.follow", "--logs", site.sample.logs, "--data", data, *options))

    assert code == 2
    assert said.startswith(message)
    assert not data.exists()


def test_sample_that_goes_on_needs_a_rate(tmp_path: Path) -> None:
    out = tmp_path / "site"

    code, said = failure(inv("sample", "--out", out, "--live", "--rate", 0))

    assert (code, said) == (2, "inv: --rate 0 is too few: give at least 1")
    assert not out.exists()


def test_sample_that_goes_on(tmp_path: Path) -> None:
    options = ("--out", tmp_path / "site", "--days", 2, "--learners", 10, "--rate", 50)
    command = [*INV, "sample", "--live", *map(str, options)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as writing:
        assert writing.stderr
        for text in writing.stderr:
            if "writing 50 lines a second" in text:
                break
        time.sleep(1)
        writing.send_signal(signal.SIGINT)
        assert PROGRESS.sub("", list(writing.stderr)[-1]) == "stopped\n"
    assert writing.returncode == 0
    logs = tmp_path / "site" / "tracking-logs"
    assert sum(log.read_bytes().count(b"\n") for log in logs.glob("*/tracking.log")) > 40
