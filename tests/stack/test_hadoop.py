"""The nightly run on the real hadoop stack, as docs/nightly.md says, and through its failures.

All tests are in this file, so that they share one site; they run in this order. The stack is kept
up between them, which `inv hadoop-tasks` uses as it is.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
import requests

import cluster_elsewhere
import fresh_clone
import guide
import pages
from embedded import reports_in
from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval
from insights_pipeline.metrics import METRICS
from insights_pipeline.resources import Resources
from insights_pipeline.sample import SampleOptions, write_sample
from insights_pipeline.schema import EVENTS, REPORTS, Type
from insights_pipeline.update import Update, run_update
from tasks.lib.engine import Engine
from tasks.lib.local.users import User

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fresh_clone import FreshClone
    from insights_pipeline.schema import Column

pytestmark = pytest.mark.usefixtures("engine_running")

INTERVAL = "2026-01-05:2026-01-19"
COURSE = "course-v1:ExampleX+CS101+2026_T1"
HADOOP = ("namenode", "datanode", "hive-metastore", "hive-server", "spark", "spark-worker")
SECONDS = 900
_TABLE = "---- "  # before its name, between the rows of tables

Tables = dict[str, list[tuple[str, ...]]]


@dataclass(frozen=True)
class Nights:
    """A clone whose core stack is up, with the logs of a sample site; a night adds some of them."""

    clone: FreshClone
    logs: list[Path]
    lms: Path
    scratch: Path

    def night(self, logs: int | None = None) -> None:
        """The LMS hosts' logs arrive, up to so many files; by default, one more."""
        folder = self.clone.root / "data/tracking-logs"
        for log in self.logs[: logs or len(list(folder.iterdir())) + 1]:
            to = folder / f"{log.parent.name}-{log.name}"
            if not to.exists():
                shutil.copy(log, to)

    def run(self, *options: str) -> str:
        """A run that ends well, with no terminal and an environment as bare as cron's."""
        done = self.start(*options)
        _, said = done.communicate(timeout=SECONDS)
        assert done.returncode == 0, said
        return said

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Begin a run."""
        path = f"PATH={os.environ['PATH']}"
        return subprocess.Popen(
            ["env", "-i", path, "./inv", "hadoop-tasks", *options],
            cwd=self.clone.root,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def published(self) -> Tables:
        """All rows of the reports, as the stack's database holds them at one call."""
        queries = []
        for table in REPORTS:
            names = ", ".join(f"`{name}`" for name in table.names)
            queries.append(f'SELECT "{_TABLE}{table.name}"; SELECT {names} FROM {table.name}')
        answer = self.clone.do(
            f"docker compose exec -T mysql mariadb reports --batch --raw --skip-column-names"
            f" --default-character-set=utf8mb4 --execute '{'; '.join(queries)}'"
        )
        found: Tables = {}
        for line in answer.splitlines():
            if line.startswith(_TABLE):
                rows = found[line.removeprefix(_TABLE)] = []
            else:
                rows.append(tuple(line.split("\t")))
        return {name: sorted(rows) for name, rows in found.items()}

    def embedded(self) -> Tables:
        """The same, by the embedded engine, of all logs that have arrived."""
        data = self.scratch / f"data-{time.monotonic_ns()}"
        reports = reports_in(data)
        logs = self.clone.root / "data/tracking-logs"
        update = Update(
            logs, data, Interval.parse(INTERVAL), Inputs(lms=self.lms), Resources(2**30, 1)
        )
        run_update(update, reports)
        with closing(sqlite3.connect(data / "reports.sqlite3")) as connection:
            return {
                table.name: sorted(
                    tuple(map(_as_told, row, table.columns))
                    for row in connection.execute(
                        f"SELECT {', '.join(table.names)} FROM {table.name}"
                    )
                )
                for table in REPORTS
            }

    def sql(self, statement: str) -> list[dict[str, str]]:
        """What hive-server answers."""
        answer = self.clone.inv("hadoop.sql", statement)
        return list(csv.DictReader(StringIO(answer)))

    def containers(self) -> set[str]:
        """Services that have a container, of single commands too."""
        project = self.clone.setting("COMPOSE_PROJECT_NAME")
        return {each.service for each in Engine.connect().containers(project, one_off=True)}

    def addresses(self, service: str) -> set[str]:
        """Of the service's containers, in the network of the hadoop stack."""
        project = self.clone.setting("COMPOSE_PROJECT_NAME")
        found = set()
        for each in Engine.connect().containers(project):
            if each.service == service:
                address = f'(index .NetworkSettings.Networks "{project}_hadoop").IPAddress'
                found.add(self.clone.do(f"docker inspect -f '{{{{{address}}}}}' {each.id}").strip())
        return found

    def tasks_by_host(self) -> dict[str, int]:
        """How many tasks the executors of the last run took, as it keeps them."""
        script = "cat $(ls /data/spark/stages/*.jsonl | tail -n 1)"
        kept = map(
            json.loads, self.clone.do(f"./inv shell.pipeline --command '{script}'").splitlines()
        )
        return {each["host"]: each["tasks"] for each in kept if "executor" in each}

    def pages(self, user: User) -> dict[str, str]:
        """What a user sees."""
        url = f"https://localhost:{self.clone.setting('HTTPS_PORT')}"
        certificate = str(self.clone.root / self.clone.setting("TLS_CERTIFICATE"))
        return pages.shown(url, certificate, user, COURSE)

    def last_run(self) -> dict[str, Any]:
        """The record of the last run."""
        run: dict[str, Any] = json.loads(self.clone.inv("status", "--json"))["last_run"]
        return run

    def kill(self, service: str) -> None:
        """`kill -9` of the first process in a service's container, or in the pipeline's."""
        project = self.clone.setting("COMPOSE_PROJECT_NAME")
        for each in Engine.connect().containers(project, one_off=True):
            if each.service == service:
                subprocess.run(["docker", "kill", each.id], capture_output=True, check=True)
                return
        raise AssertionError(f"{service} has no container")


def _as_told(value: Any, column: Column) -> str:
    """A value of SQLite as MariaDB's client prints it."""
    if value is None:
        return "NULL"
    if column.type is Type.DOUBLE:
        return repr(float(value)).removesuffix(".0")
    if column.type is Type.TIMESTAMP:
        return f"{value}.000000"
    return str(int(value) if isinstance(value, bool) else value)


@pytest.fixture(scope="module")
def nights(
    built_clone: FreshClone,  # noqa: ARG001
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Nights]:
    """The site, with what docs/set-up.md brings up."""
    folder = tmp_path_factory.mktemp("nights")
    sample = write_sample(folder / "sample", SampleOptions(days=14, learners=60, courses=2))
    clone = fresh_clone.second(folder / "clone")
    clone.set(INTERVAL=INTERVAL)
    shutil.copytree(sample.lms, clone.root / "data/lms", dirs_exist_ok=True)
    logs = sorted(path for path in sample.logs.rglob("*") if path.is_file())
    try:
        clone.inv("up", "--detach")
        yield Nights(clone, logs, clone.root / "data/lms", folder)
    finally:
        clone.inv("destroy", "--yes")


def test_first_night_publishes_what_the_embedded_engine_would(nights: Nights) -> None:
    """Also though its worker is killed in the middle: others do its tasks again."""
    nights.night(len(nights.logs) // 2)

    _kill_in_the_middle(nights, "spark-worker", "parse")

    assert nights.published() == nights.embedded()
    assert nights.containers() >= {*HADOOP}
    assert "pipeline" not in nights.containers()


def test_any_client_finds_events_and_metrics_in_hive(nights: Nights) -> None:
    found = {row["tableName"] for row in nights.sql("SHOW TABLES")}
    assert found == {"events", *(metric.name for metric in METRICS)}
    published = nights.published()
    counts = " UNION ALL ".join(
        f"SELECT '{table.name}' AS name, COUNT(*) AS n FROM {table.name}" for table in REPORTS
    )
    assert {row["name"]: int(row["n"]) for row in nights.sql(counts)} == {
        name: len(rows) for name, rows in published.items()
    }
    described = nights.sql("DESCRIBE TABLE EXTENDED course_enrollment_daily")
    assert any(row["col_name"] == "Comment" and row["data_type"] for row in described)


def test_second_run_reads_nothing_and_changes_nothing(nights: Nights) -> None:
    before = nights.published()

    answers = guide.run("docs/nightly.md", "Ask the tables", nights.clone.do)

    assert "events" in answers
    last = nights.last_run()
    assert (last["status"], last["files"], last["lines"]) == ("succeeded", 0, 0)
    assert nights.published() == before


@pytest.mark.full
@pytest.mark.parametrize(
    ("service", "step"),
    [
        ("pipeline", "metrics"),
        ("namenode", "copy"),
        ("datanode", "parse"),
        ("hive-metastore", "metrics"),
        ("spark", "metrics"),
        ("mysql", "metrics"),
        ("hive-server", "parse"),
    ],
)
def test_killed_in_the_middle(service: str, step: str, nights: Nights) -> None:
    nights.night()

    _kill_in_the_middle(nights, service, step)

    assert nights.published() == nights.embedded()


def _kill_in_the_middle(nights: Nights, service: str, step: str) -> None:
    """Yesterday's numbers, or today's: nothing between; and the next run mends all."""
    before = nights.published()
    process = nights.start("--keep")
    said = _until(process, step)
    nights.kill(service)
    rest = process.communicate(timeout=SECONDS)[1]

    if service == "mysql":
        nights.clone.inv("up", "--detach")
    if process.returncode:
        assert process.returncode == 1, said + rest
        last = rest.splitlines()[-1]
        assert last.startswith("inv: step "), rest
        assert nights.published() == before
        nights.run("--keep")


@pytest.mark.full
def test_kill_9_of_the_command_itself(nights: Nights) -> None:
    before = nights.published()
    nights.night()
    _kill_command(nights, "parse")
    assert nights.published() == before

    nights.run("--keep")

    assert nights.published() == nights.embedded()


def test_killed_night_after_night(nights: Nights) -> None:
    """The driver, and then the command, as it mends what that left: the last night mends all."""
    before = nights.published()
    nights.night(len(nights.logs) - 1)

    process = nights.start("--keep")
    _until(process, "metrics")
    nights.kill("pipeline")
    last = process.communicate(timeout=SECONDS)[1].splitlines()[-1]
    assert process.returncode == 1
    assert last.startswith("inv: step ")
    assert nights.published() == before

    _kill_command(nights, "parse")
    assert nights.published() == before


def test_last_night_leaves_numbers_and_no_container(nights: Nights) -> None:
    nights.night(len(nights.logs))

    guide.run("docs/nightly.md", "Run it", nights.clone.do)

    assert nights.published() == nights.embedded()
    assert nights.containers().isdisjoint(HADOOP)
    assert "pipeline" not in nights.containers()
    url = f"https://localhost:{nights.clone.setting('HTTPS_PORT')}"
    answer = requests.get(
        f"{url}/api/v0/courses/{COURSE}/enrollment/?start_date=2026-01-05",
        headers={"Authorization": f"Token {nights.clone.setting('API_TOKEN')}"},
        verify=str(nights.clone.root / nights.clone.setting("TLS_CERTIFICATE")),
        timeout=30,
    )
    expected = [row for row in nights.published()["course_enrollment_daily"] if COURSE in row]
    assert len(answer.json()) == len(expected) > 0
    assert nights.last_run()["status"] == "succeeded"


@pytest.mark.full
def test_learner_who_is_forgotten_is_nowhere(nights: Nights) -> None:
    """In no table of Hive or of the database, and not in the learner search."""
    nights.run("--keep")
    before = nights.published()
    listed = {username for _, username, *_ in before["learner_roster"]}
    username = next(row[1] for row in before["module_engagement"] if row[1] in listed)

    told = nights.clone.inv("learner.forget", username, "--dry-run")
    assert "learner_roster: " in told
    assert nights.published() == before
    nights.clone.inv("learner.forget", username)

    after = nights.published()
    assert not any(username in row for rows in after.values() for row in rows)
    assert after["course_enrollment_daily"] == before["course_enrollment_daily"]
    for table in (EVENTS, *REPORTS):
        if "username" in table.names:
            query = f"SELECT COUNT(*) AS n FROM {table.name} WHERE username = '{username}'"
            assert nights.sql(query) == [{"n": "0"}], table.name
    found = nights.clone.do(
        "docker compose exec -T elasticsearch curl -sf"
        f" 'http://localhost:9200/roster/_count?q=username:{username}'"
    )
    assert json.loads(found)["count"] == 0

    # The profile is gone, so that gender, age and education of one learner are unknown now.
    nights.run()
    later = nights.published()
    assert not any(username in row for rows in later.values() for row in rows)
    assert later["course_enrollment_daily"] == before["course_enrollment_daily"]


@pytest.mark.full
def test_hdfs_that_was_formatted_is_filled_anew(nights: Nights) -> None:
    before = nights.published()
    guide.run("docs/nightly.md", "Empty HDFS", nights.clone.do)

    said = nights.run()

    assert "is not as the last run left it: all logs were read anew" in said
    assert nights.published() == before


@pytest.mark.full
def test_two_workers_both_take_tasks(nights: Nights) -> None:
    before = nights.published()
    nights.clone.set(SPARK_WORKERS="2")

    nights.run("--full", "--keep")

    tasks, workers = nights.tasks_by_host(), nights.addresses("spark-worker")
    assert tasks.keys() == workers
    assert len(workers) == 2
    assert all(tasks.values())
    assert nights.published() == before
    nights.clone.set(SPARK_WORKERS="1")


@pytest.mark.full
def test_site_comes_back_from_a_backup_and_its_nights_go_on(nights: Nights) -> None:
    clone = nights.clone
    nights.run()
    printed = guide.run("docs/set-up.md", "5. Accounts", clone.do)
    password = re.search(r"^password of ada: (\S+)$", printed, re.MULTILINE)
    assert password
    ada = User("ada", password[1])
    before, shown = nights.published(), nights.pages(ada)

    guide.run("docs/data.md", "Back it up", clone.do)
    clone.inv("destroy", "--yes")
    guide.run("docs/data.md", "Bring it back", clone.do)

    assert nights.published() == before
    assert nights.pages(ada) == shown
    said = nights.run()
    assert "read anew" not in said
    assert (nights.last_run()["files"], nights.last_run()["lines"]) == (0, 0)
    assert "rows, 0 of them changed" in said
    assert nights.published() == before
    assert nights.pages(ada) == shown


@pytest.mark.full
def test_spark_and_store_that_a_site_has_elsewhere(nights: Nights) -> None:
    """None of the hadoop stack is started then."""
    before = nights.published()
    project = nights.clone.setting("COMPOSE_PROJECT_NAME")
    # Driver and worker have one folder in common: the volume stands for a mount of the site's.
    with cluster_elsewhere.cluster(f"{project}_warehouse", "/data") as elsewhere:
        nights.clone.set(
            SPARK_MASTER=elsewhere.master,
            WAREHOUSE="file:///data/tables",
            METASTORE="none",
            DRIVER_HOST=elsewhere.host,
        )
        said = nights.run("--keep")

    assert "file:///data/tables is not as the last run left it" in said
    assert nights.tasks_by_host().keys() == {elsewhere.host}
    assert nights.published() == before
    assert nights.containers().isdisjoint(HADOOP)
    assert not any(f"{service}: starting" in said for service in HADOOP)


def _kill_command(nights: Nights, step: str) -> None:
    process = nights.start("--keep")
    _until(process, step)
    process.send_signal(signal.SIGKILL)
    process.wait()
    for pipe in filter(None, (process.stdout, process.stderr)):
        pipe.close()


def _until(process: subprocess.Popen[str], step: str) -> str:
    """Return what a run has said once it is in a step, and a second more."""
    steps = ("cluster", "copy", "parse", "metrics", "publish")
    before = steps[steps.index(step) - 1]
    assert process.stderr
    said = []
    for line in process.stderr:
        said.append(line)
        if f" {before}: done" in line:
            time.sleep(2)
            return "".join(said)
    raise AssertionError("".join(said))


def test_site_that_follows_its_logs_shows_an_event_while_it_is_up(nights: Nights) -> None:
    clone, live = nights.clone, nights.clone.root / "data/tracking-logs/live/tracking.log"
    clone.set(ENGINE="duckdb", FOLLOW_SECONDS="5", INTERVAL="")
    clone.inv("up", "--detach")
    assert "follow" in nights.containers()

    live.parent.mkdir()
    _enroll(live, user_id=1)
    _wait_for_learners(nights, 1)
    # Beside it, a night goes on as ever, and so does it after that.
    nights.run()
    _enroll(live, user_id=2)
    _wait_for_learners(nights, 2)

    clone.set(FOLLOW_SECONDS="0")
    clone.inv("up", "--detach")
    assert "follow" not in nights.containers()


_FOLLOWED = "course-v1:ExampleX+Followed+now"


def _enroll(log: Path, user_id: int) -> None:
    """A learner enrolls now."""
    line = {
        "time": datetime.now(UTC).isoformat(),
        "event_type": "edx.course.enrollment.activated",
        "event_source": "server",
        "username": f"learner_{user_id}",
        "context": {"course_id": _FOLLOWED, "user_id": user_id},
        "event": {"course_id": _FOLLOWED, "user_id": user_id, "mode": "audit"},
    }
    with log.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")


def _wait_for_learners(nights: Nights, count: int) -> None:
    """Return once the reports have so many learners of today; at most 75 seconds after the event,
    and what the first update of all logs takes."""
    deadline = time.monotonic() + 75 + 60
    while (_FOLLOWED, str(datetime.now(UTC).date()), str(count)) not in {
        row[:3] for row in nights.published()["course_enrollment_daily"]
    }:
        assert time.monotonic() < deadline, nights.clone.inv("logs.follow", "--no-follow")
        time.sleep(1)
