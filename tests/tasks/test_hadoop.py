"""`inv hadoop-tasks` and its neighbours as cron and an operator call them, on small stacks.

The real stack's run is in tests/stack/test_hadoop.py.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from tasks.lib.engine import Engine
from tasks.lib.hadoop import attempts
from toy_stack import GOOD, SLEEP, ToyStack, ctrl_c, finish, service, toy_stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tasks.lib.hadoop.attempts import Attempt

pytestmark = pytest.mark.usefixtures("engine_running")

HADOOP = "docker-compose.hadoop.yml"
NETWORKS = "networks: {hadoop: {}, database: {}}\nvolumes: {namenode: {}, datanode: {}}\n"
IN_HADOOP = "networks: [hadoop]"
RECORD = {
    "status": "succeeded",
    "started": "2026-01-06 03:15:00",
    "interval_start": "2026-01-01",
    "interval_end": "2026-01-06",
    "files": 1,
    "lines": 12,
    "events": 10,
    "rejected": 2,
    "late_events": 0,
    "error": None,
    "seconds_by_step": '{"read": 0.5}',
    "rejects_by_reason": '{"blank": 2}',
    "notes": "[]",
    "rows_by_table": '{"course_activity": 7}',
    "rows_written": 3,
}


def telling(**told: Any) -> str:
    """The pipeline says something, in the shell of a compose file's double quotes."""
    text = json.dumps(told).replace("\\", "\\\\\\\\").replace('"', '\\\\\\"')
    return f'echo \\"{text}\\"'


def succeeding(newest: date | None = None) -> str:
    """A pipeline whose run ends well, with its newest event of yesterday or another date."""
    newest = newest or datetime.now(UTC).date() - timedelta(days=1)
    return f"{telling(step='parse')}; {telling(record=RECORD | {'newest_event': str(newest)})}"


WAITING = f"trap 'exit 130' TERM; {telling(step='parse')}; while :; do sleep 0.1; done"
ALL_OURS = {
    "SPARK_MASTER": "spark://spark:7077",
    "METASTORE": "thrift://hive-metastore:9083",
}


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[ToyStack]:
    """A site whose core stack is up, and whose hadoop stack and pipeline are shell scripts.

    It has a Spark and tables elsewhere, so that little has to be started.
    """
    with toy_stack(tmp_path / "checkout") as toy:
        toy.set(ENGINE="spark", ALERT_COMMAND="cat >>data/alerts.jsonl")
        toy.set(SPARK_MASTER="yarn", METASTORE="none")
        toy.compose(mysql=service(), api=service())
        toy.do("up", "--detach")
        with_pipeline(toy, succeeding())
        yield toy


def with_pipeline(toy: ToyStack, script: str, namenode: str = "") -> None:
    """Write the hadoop stack, with a script in the place of the pipeline."""
    once = "networks: [hadoop, database]\ndepends_on: [datanode, mysql]"
    toy.compose(
        HADOOP,
        namenode=service(namenode or GOOD, more=f"{IN_HADOOP}\nvolumes: ['namenode:/data']"),
        datanode=service(more=f"{IN_HADOOP}\nvolumes: ['datanode:/data']", after="namenode"),
        **{
            "hive-metastore": service(more=IN_HADOOP, after="datanode mysql"),
            "spark": service(more=IN_HADOOP),
            "spark-worker": service(more=f"{IN_HADOOP}\nscale: 2", after="spark"),
            "hive-server": service(more=IN_HADOOP, after="hive-metastore"),
            "pipeline": service(script, more=once, healthy=False),
        },
        top=NETWORKS,
    )


def left(toy: ToyStack) -> tuple[set[str], list[str]]:
    """Services that have a container, beside those of the core stack, and networks."""
    engine = Engine.connect()
    found = {each.service for each in engine.containers(toy.project, one_off=True)}
    networks = subprocess.run(
        ["docker", "network", "ls", "--format={{.Name}}", f"--filter=name={toy.project}_hadoop"],
        capture_output=True,
        text=True,
        check=True,
    )
    return found - {"mysql", "api"}, networks.stdout.split()


NOTHING: tuple[set[str], list[str]] = (set(), [])


def last_attempt(toy: ToyStack) -> Attempt:
    found = attempts.last(toy.root)
    assert found
    return found


def alerts(toy: ToyStack) -> list[dict[str, Any]]:
    file = toy.root / "data/alerts.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def begin(toy: ToyStack) -> subprocess.Popen[str]:
    """A run whose pipeline has begun to read, and goes on until it is ended."""
    with_pipeline(toy, WAITING)
    process = toy.start("hadoop-tasks")
    deadline = time.monotonic() + 60
    engine = Engine.connect()
    while not any(
        each.service == "pipeline" and each.state == "running"
        for each in engine.containers(toy.project, one_off=True)
    ):
        assert process.poll() is None, finish(process).stderr
        assert time.monotonic() < deadline
        time.sleep(0.1)
    time.sleep(1)  # until it has told of its step
    return process


# --- Runs that end well ---


def test_run_takes_its_stack_down(toy: ToyStack) -> None:
    toy.set(**ALL_OURS)
    core = {name: each.id for name, each in toy.containers.items()}

    # As cron has it: no terminal, and hardly an environment.
    command = ["env", "-i", f"PATH={os.environ['PATH']}", *toy.program, "hadoop-tasks"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)

    assert done.returncode == 0, done.stderr
    lines = done.stderr.splitlines()
    assert all(line[:4].isdigit() and line[19] == "Z" for line in lines)
    told = [line.partition(" ")[2] for line in lines]
    assert told.index("datanode: healthy") < told.index("hive-metastore: healthy")
    assert told[-1] == "published: 7 rows, 3 of them changed"
    assert "hive-server: healthy" not in told  # nobody asks it anything
    assert left(toy) == NOTHING
    assert {name: each.id for name, each in toy.containers.items()} == core
    attempt = last_attempt(toy)
    assert (attempt.status, attempt.step, attempt.exit_code) == ("succeeded", "", 0)
    assert attempt.run is not None
    assert attempt.run["events"] == 10
    assert alerts(toy) == []


def test_options_reach_the_pipeline(toy: ToyStack) -> None:
    with_pipeline(toy, f"echo asked for $0 $@; {succeeding()}")
    done = toy.do("hadoop-tasks", "--date", "2026-01-06", "--full")
    assert "pipeline | asked for insights-pipeline --json --date=2026-01-06 --full" in done.stderr


def test_stack_that_is_kept(toy: ToyStack) -> None:
    toy.set(METASTORE=ALL_OURS["METASTORE"])
    toy.do("hadoop-tasks", "--keep")
    services, networks = left(toy)
    assert services == {"namenode", "datanode", "hive-metastore", "hive-server"}
    assert networks == [f"{toy.project}_hadoop"]

    toy.do("hadoop-tasks")
    assert left(toy) == NOTHING


@pytest.mark.parametrize(
    ("settings", "started"),
    [
        ({"ENGINE": "duckdb"}, set()),
        ({"WAREHOUSE": "s3a://site/analytics"}, set()),
        ({"SPARK_MASTER": "spark://10.0.0.7:7077"}, {"namenode", "datanode"}),
    ],
)
def test_what_a_site_has_elsewhere_is_not_started(
    settings: dict[str, str], started: set[str], toy: ToyStack
) -> None:
    toy.set(**settings)
    done = toy.do("hadoop-tasks")
    told = {line.split()[1].rstrip(":") for line in done.stderr.splitlines() if "healthy" in line}
    assert told == started


def test_data_that_stopped_coming(toy: ToyStack) -> None:
    newest = datetime.now(UTC).date() - timedelta(days=4)
    with_pipeline(toy, succeeding(newest))

    toy.do("hadoop-tasks")

    (alert,) = alerts(toy)
    assert (alert["status"], alert["stale_since"]) == ("succeeded", str(newest))


# --- Beside a service that follows the logs ---


@pytest.fixture
def followed(toy: ToyStack) -> ToyStack:
    """The site with the engine duckdb and the service follow, which leaves when it is stopped."""
    toy.set(ENGINE="duckdb", FOLLOW_SECONDS="60")
    with_pipeline(toy, succeeding())
    file = toy.root / HADOOP
    follow = service(f"echo follows; {SLEEP}", healthy=False, more="profiles: [follow]")
    head, rest = file.read_text().split("services:\n", 1)
    file.write_text(f"{head}services:\n  follow:\n{follow}{rest}")
    toy.do("up", "--detach")
    return toy


def follows(toy: ToyStack) -> int:
    """How often the service has begun to follow."""
    return toy.plain_compose("logs", "--no-log-prefix", "follow").count("follows\n")


def test_up_brings_it_up_and_without_it_takes_it_down(followed: ToyStack) -> None:
    assert followed.containers["follow"].state == "running"
    status = json.loads(followed.do("status", "--json").stdout)
    assert [each["name"] for each in status["services"]] == ["mysql", "api", "follow"]

    followed.set(FOLLOW_SECONDS="0")
    done = followed.do("up", "--detach")

    assert "follow is off: stopped and removed" in done.stderr
    assert followed.containers.keys() == {"mysql", "api"}
    for command in ("start.follow", "shell.follow"):
        message = followed.inv(command).stderr.splitlines()[-1]
        assert message.startswith("inv: follow is off: set ENGINE='duckdb' and FOLLOW_SECONDS")


def test_it_waits_for_the_end_of_a_run_and_goes_on(followed: ToyStack) -> None:
    """A run that covers today as well, so that what it shows of today does not go and come back."""
    file = followed.root / HADOOP
    file.write_text(file.read_text().replace(succeeding(), f"echo asked for $@; {succeeding()}"))
    done = followed.do("hadoop-tasks")
    assert "asked for --json --so-far" in done.stderr
    assert "follow is stopped meanwhile" in done.stderr
    assert followed.containers["follow"].state == "running"
    assert follows(followed) == 2


def test_it_goes_on_after_a_run_that_failed(followed: ToyStack) -> None:
    pipeline = f"{telling(error='no room', exit_code=1)}; exit 1"
    file = followed.root / HADOOP
    file.write_text(file.read_text().replace(succeeding(), pipeline))
    assert followed.inv("hadoop-tasks").returncode == 1
    assert followed.containers["follow"].state == "running"


def test_backup_is_of_a_moment_at_which_it_stands_still(followed: ToyStack, tmp_path: Path) -> None:
    # Shell scripts have no databases to dump: that fails, and it goes on all the same.
    done = followed.inv("backup", "--to", str(tmp_path / "backup"))
    assert done.returncode
    assert "follow is stopped meanwhile" in done.stderr
    assert followed.containers["follow"].state == "running"


# --- Runs that do not ---


def test_core_stack_that_is_down(toy: ToyStack) -> None:
    toy.do("down")
    done = toy.inv("hadoop-tasks")
    assert done.returncode == 69
    assert done.stderr.splitlines()[-1] == (
        "inv: mysql and api not up and healthy: `inv up --detach` brings the core stack up,"
        " `inv status` says how it is"
    )
    assert left(toy) == NOTHING
    assert [alert["exit_code"] for alert in alerts(toy)] == [69]


def test_failure_names_the_step_and_tells_who_is_to_know(toy: ToyStack) -> None:
    reason = "the disk is full: free some"
    failing = f"{telling(step='metrics')}; {telling(error=reason, exit_code=1)}; exit 1"
    with_pipeline(toy, failing)
    with posted_to() as (url, posts):
        toy.set(ALERT_WEBHOOK=url)
        done = toy.inv("hadoop-tasks")

    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == f"inv: step metrics: {reason}"
    assert left(toy) == NOTHING
    (alert,) = alerts(toy)
    assert (alert["status"], alert["step"], alert["exit_code"]) == ("failed", "metrics", 1)
    assert alert["error"] == f"step metrics: {reason}"
    assert posts == [alert]


def test_alert_that_fails_changes_nothing(toy: ToyStack) -> None:
    toy.set(ALERT_COMMAND="exit 3", ALERT_WEBHOOK="http://127.0.0.1:9/")
    with_pipeline(toy, f"{telling(error='no', exit_code=1)}; exit 1")
    done = toy.inv("hadoop-tasks")
    assert done.returncode == 1
    assert "ALERT_COMMAND ended with exit code 3" in done.stderr
    assert "ALERT_WEBHOOK: " in done.stderr
    assert done.stderr.splitlines()[-1] == "inv: step pipeline: no"


def test_service_that_does_not_come_up(toy: ToyStack) -> None:
    with_pipeline(toy, succeeding(), namenode="echo no fsimage >&2; exit 1")
    done = toy.inv("hadoop-tasks")
    assert done.returncode == 1
    assert "namenode | no fsimage" in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("inv: step stack: namenode ends again and again")
    assert last.endswith("once it is mended: `inv hadoop-tasks`")
    assert left(toy) == NOTHING


def test_pipeline_that_is_killed(toy: ToyStack) -> None:
    process = begin(toy)
    (container,) = [
        each
        for each in Engine.connect().containers(toy.project, one_off=True)
        if each.service == "pipeline"
    ]
    subprocess.run(["docker", "kill", container.id], capture_output=True, check=True)

    done = finish(process)

    assert done.returncode == 1
    assert "step parse: the pipeline's container was killed (exit code 137)" in done.stderr
    assert left(toy) == NOTHING


def test_service_that_ends_in_the_middle_is_started_again(toy: ToyStack) -> None:
    process = begin(toy)
    subprocess.run(["docker", "kill", f"{toy.project}-datanode-1"], capture_output=True, check=True)
    toy.wait_for("datanode", "healthy")
    process.send_signal(signal.SIGTERM)
    done = finish(process)
    assert "datanode ended with exit code 137: started again" in done.stderr


def life_of(container: str) -> str:
    """Since when it runs, or that it does not; one that is started again at once is not missed."""
    told = "{{.State.StartedAt}} {{.State.Running}}"
    command = ["docker", "container", "inspect", "--format", told, container]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def test_service_that_ends_again_and_again_ends_the_run(toy: ToyStack) -> None:
    process = begin(toy)
    for _ in range(4):
        toy.wait_for("datanode", "running")
        container = f"{toy.project}-datanode-1"
        before = life_of(container)
        subprocess.run(["docker", "kill", container], capture_output=True, check=True)
        while life_of(container) == before:
            time.sleep(0.1)
    done = finish(process)
    assert done.returncode == 1
    assert "inv: step parse: datanode ended with exit code 137 again and again" in done.stderr
    assert left(toy) == NOTHING


# --- Two at once, and ends from outside ---


def test_second_run_is_told_who_is_at_work(toy: ToyStack) -> None:
    process = begin(toy)
    second = toy.inv("hadoop-tasks")
    formatting = toy.inv("format-namenode", "--yes")
    ctrl_c(process)
    finish(process)

    for refused in (second, formatting):
        assert refused.returncode == 75
        assert f"`inv hadoop-tasks` (process {process.pid}) has been at work" in refused.stderr


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal(number: signal.Signals, exit_code: int, toy: ToyStack) -> None:
    process = begin(toy)
    process.send_signal(number)
    done = finish(process)
    assert done.returncode == exit_code
    assert done.stderr.splitlines()[-1] == (
        f"inv: interrupted ({number.name}): what was published before still stands"
    )
    assert left(toy) == NOTHING
    assert last_attempt(toy).exit_code == exit_code


def test_next_run_cleans_up_after_kill_9(toy: ToyStack) -> None:
    process = begin(toy)
    process.kill()
    process.wait()
    for pipe in filter(None, (process.stdout, process.stderr)):
        pipe.close()
    services, _ = left(toy)
    assert "pipeline" in services

    with_pipeline(toy, succeeding())
    toy.do("hadoop-tasks")

    assert left(toy) == NOTHING


def test_next_run_takes_down_what_is_broken_first(toy: ToyStack) -> None:
    toy.do("hadoop-tasks", "--keep")
    subprocess.run(["docker", "kill", f"{toy.project}-datanode-1"], capture_output=True, check=True)
    done = toy.do("hadoop-tasks")
    assert "an earlier run left containers behind: they are removed first" in done.stderr
    assert left(toy) == NOTHING


# --- HDFS, and questions ---


def test_format_namenode_removes_both_volumes(toy: ToyStack) -> None:
    for volume in ("namenode", "datanode"):
        name = f"{toy.project}_{volume}"
        subprocess.run(["docker", "volume", "create", name], capture_output=True, check=True)

    refused = toy.inv("format-namenode")
    assert refused.returncode == 2
    assert f"(volumes: {toy.project}_namenode, {toy.project}_datanode)" in refused.stderr
    assert len(volumes(toy)) == 2

    toy.do("format-namenode", "--yes")
    assert volumes(toy) == []


def volumes(toy: ToyStack) -> list[str]:
    listed = subprocess.run(
        ["docker", "volume", "ls", "--quiet", f"--filter=name={toy.project}_"],
        capture_output=True,
        text=True,
        check=True,
    )
    return listed.stdout.split()


def test_question_while_the_stack_is_down(toy: ToyStack) -> None:
    done = toy.inv("hadoop.sql", "SHOW TABLES")
    assert done.returncode == 1
    assert "hive-server is not up: `inv hadoop-tasks --keep` leaves it up" in done.stderr


@contextmanager
def posted_to() -> Iterator[tuple[str, list[Any]]]:
    """A URL, and what is posted to it."""
    posts = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", posts
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
