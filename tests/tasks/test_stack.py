"""The stack's commands as an operator types them, on small stacks and the real engine."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tasks.lib.containers.confirmation import confirm
from tasks.lib.errors import OperatorError
from tasks.lib.settings import certificate
from toy_stack import GOOD, IMAGE, SLEEP, ToyStack, ctrl_c, finish, service, toy_stack

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("engine_running")

DATA = "volumes: ['data:/data']"
VOLUMES = "volumes: {data: {}}\n"
OURS = "${REGISTRY}/openedx/web:${VERSION}"


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[ToyStack]:
    with toy_stack(tmp_path / "checkout") as toy:
        yield toy


@contextmanager
def image(toy: ToyStack) -> Generator[None]:
    """An image of the checkout that is there, but was not built by `inv build`."""
    registry = f"toys.test/{toy.project}"
    toy.set(REGISTRY=registry)
    folder = toy.root / "services/openedx/web"
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text(f"FROM {IMAGE}\n")
    rebuild(toy, "first")
    try:
        yield
    finally:
        name = f"{registry}/openedx/web:latest"
        subprocess.run(["docker", "rmi", "--force", name], capture_output=True, check=True)


def rebuild(toy: ToyStack, label: str) -> None:
    """Give the name of the checkout's image to a new one."""
    name = f"toys.test/{toy.project}/openedx/web:latest"
    command = ["docker", "build", "--quiet", "--tag", name, "--label", f"n={label}"]
    folder = toy.root / "services/openedx/web"
    subprocess.run([*command, folder], capture_output=True, check=True)


def volumes(toy: ToyStack) -> list[str]:
    listed = subprocess.run(
        ["docker", "volume", "ls", "--quiet", "--filter", f"name={toy.project}_"],
        capture_output=True,
        text=True,
        check=True,
    )
    return listed.stdout.split()


# --- up, down, destroy ---


def test_up_and_down_keep_the_data_and_destroy_does_not(toy: ToyStack) -> None:
    once = "test -e /data/kept && echo found it; touch /data/kept"
    toy.compose(a=service(f"{once}; {GOOD}", more=DATA), b=service(after="a"), top=VOLUMES)

    up = toy.do("up", "--detach")
    assert up.stderr.endswith("2 services are healthy\n")
    down = toy.do("down")
    assert "stopping a, b" in down.stderr
    assert toy.containers == {}
    assert volumes(toy) == [f"{toy.project}_data"]

    toy.do("up", "--detach")
    assert "found it" in toy.do("logs.a", "--no-follow").stdout

    refused = toy.inv("destroy")
    assert refused.returncode == 2
    assert f"removes all data of {toy.project} (volumes: {toy.project}_data)" in refused.stderr
    assert {*toy.containers} == {"a", "b"}

    toy.do("destroy", "--yes")
    assert (toy.containers, volumes(toy)) == ({}, [])


def test_up_follows_logs_until_ctrl_c(toy: ToyStack) -> None:
    toy.compose(a=service("echo first words; touch /tmp/ready; while sleep 0.2; do date; done"))
    process = toy.start("up")
    toy.wait_for("a", "healthy")
    assert process.stdout is not None
    assert "first words" in process.stdout.readline()

    ctrl_c(process)
    ended = finish(process)

    assert ended.returncode == 0
    assert ended.stderr.endswith("`inv logs` follows again, `inv down` ends it\n")
    assert toy.containers["a"].healthy


def test_ctrl_c_while_waiting(toy: ToyStack) -> None:
    slow = service(SLEEP).replace("start_period: 1s", "start_period: 60s")
    toy.compose(a=slow, b=service(after="a"))
    process = toy.start("up")
    toy.wait_for("a", "running")
    time.sleep(0.5)

    ctrl_c(process)
    ended = finish(process)

    assert ended.returncode == 130
    assert ended.stderr.endswith(
        "inv: interrupted: what was started stays up; `inv up` goes on, `inv down` ends it\n"
    )
    states = {name: each.state for name, each in toy.containers.items()}
    assert states == {"a": "running", "b": "created"}


def test_failure_shows_the_last_lines(toy: ToyStack) -> None:
    toy.compose(a=service("echo API_TOKEN is not set >&2; exit 1"), b=service(after="a"))

    ended = toy.inv("up", "--detach")

    assert ended.returncode == 1
    *_, before, last = ended.stderr.splitlines()
    assert before == "a  | API_TOKEN is not set"
    assert last.startswith("inv: a ends again and again")
    assert last.endswith(
        "waiting for it: b. Its whole log: `inv logs.a`; once it is mended: `inv up`"
    )


def test_live_table_on_a_terminal(toy: ToyStack) -> None:
    toy.compose(mysql=service(), api=service(after="mysql"))
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*toy.program, "up", "--detach"],
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=slave,
    )
    os.close(slave)
    shown = b""
    while chunk := read(master):
        shown += chunk
    os.close(master)

    assert process.wait(60) == 0
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert re.search(r"api +waiting +\d+ s +for mysql", text)
    assert re.search(r"mysql +healthy +\d+ s.*\r\napi +healthy +\d+ s", text)
    assert "2 services are healthy" in text


def read(terminal: int) -> bytes:
    """What a terminal shows next; nothing once the program has left it."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


# --- What else may be wrong ---


def test_images_that_are_nowhere(toy: ToyStack) -> None:
    (toy.root / "services/openedx/web").mkdir(parents=True)
    (toy.root / "services/openedx/web/Dockerfile").write_text(f"FROM {IMAGE}\n")
    toy.compose(a=service(image=OURS), b=service(image="registry.invalid/theirs:1"), c=service())

    ended = toy.inv("up", "--detach")

    assert ended.returncode == 1
    assert (
        "inv: not built: toys.test/openedx/web:latest; build with `inv build.openedx.web`."
        " registry.invalid/theirs:1 cannot be pulled: "
    ) in ended.stderr.splitlines()[-1]
    assert toy.containers == {}


def test_images_that_are_out_of_date_and_containers_of_older_ones(toy: ToyStack) -> None:
    toy.compose(a=service(image=OURS))
    with image(toy):
        first = toy.do("up", "--detach").stderr
        assert "openedx/web is out of date (never built): `inv build.openedx.web`" in first
        before = toy.containers["a"].image_id

        rebuild(toy, "second")
        assert json.loads(toy.inv("status", "--json").stdout)["services"][0]["image"] == "older"
        second = toy.do("up", "--detach").stderr

        assert "a runs an older image than the one that is there: replaced now" in second
        assert toy.containers["a"].image_id != before
        assert "replaced now" not in toy.do("up", "--detach").stderr
        toy.do("down")


def test_broken_dockerfile_does_not_keep_what_is_built_from_running(toy: ToyStack) -> None:
    toy.compose(a=service(image=OURS))
    with image(toy):
        (toy.root / "services/openedx/web/Dockerfile").write_text("FORM nothing\n")

        up = toy.do("up", "--detach").stderr

        assert "cannot tell which images are out of date: services/openedx/web/Dockerfile" in up
        assert toy.containers["a"].healthy
        toy.do("down")


def test_port_that_is_taken(toy: ToyStack) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        toy.set(BIND_ADDRESS="127.0.0.1", HTTPS_PORT=str(port))
        toy.compose(a=service(more="ports: ['${BIND_ADDRESS}:${HTTPS_PORT}:443']"))

        ended = toy.inv("up", "--detach")

    assert ended.returncode == 1
    [line] = ended.stderr.splitlines()
    assert f"HTTPS_PORT is {port}, which another program of this machine uses" in line
    assert "conf/analytics.env:" in line
    assert toy.containers == {}


def test_malformed_setting_stops_it_before_anything_starts(toy: ToyStack) -> None:
    toy.compose(a=service())
    toy.set(HTTPS_PORT="443a")

    ended = toy.inv("up", "--detach")

    assert ended.returncode == 1
    assert re.fullmatch(r"inv: conf/analytics\.env:\d+: HTTPS_PORT .*\n", ended.stderr)
    assert toy.containers == {}


@pytest.mark.parametrize(
    "command", [["up"], ["down"], ["start.a"], ["exec.a"], ["shell.a"], ["logs"], ["status"]]
)
def test_no_engine(command: list[str], toy: ToyStack) -> None:
    toy.compose(a=service())

    ended = toy.inv(*command, DOCKER_HOST=f"unix://{toy.root}/no.sock")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith(f"inv: no Docker engine answers at unix://{toy.root}/no.sock:")
    assert ended.stderr.count("\n") == 1


def test_two_checkouts_side_by_side(toy: ToyStack, tmp_path: Path) -> None:
    toy.compose(a=service(more=DATA), top=VOLUMES)
    with toy_stack(tmp_path / "other") as other:
        other.compose(a=service(more=DATA), top=VOLUMES)

        toy.do("up", "--detach")
        other.do("up", "--detach")
        other.do("destroy", "--yes")

        assert other.containers == {}
        assert toy.containers["a"].healthy
        assert volumes(toy) == [f"{toy.project}_data"]


def test_project_of_another_checkout_is_left_alone(toy: ToyStack, tmp_path: Path) -> None:
    toy.compose(a=service())
    toy.do("up", "--detach")
    with toy_stack(tmp_path / "other", toy.project) as other:
        other.compose(a=service(), b=service())

        for command in (["up", "--detach"], ["down"], ["destroy", "--yes"], ["start.b"]):
            ended = other.inv(*command)
            assert ended.returncode == 1
            assert ended.stderr == (
                f"inv: project {toy.project} belongs to the checkout {toy.root}: give this one"
                " another COMPOSE_PROJECT_NAME in conf/analytics.env\n"
            )
        assert {*toy.containers} == {"a"}


def test_checkout_that_was_moved_keeps_its_stack(toy: ToyStack, tmp_path: Path) -> None:
    toy.compose(a=service(more=DATA), top=VOLUMES)
    toy.do("up", "--detach")
    before = toy.containers["a"].id
    moved = ToyStack(toy.root.rename(tmp_path / "moved"), toy.project)

    moved.do("up", "--detach")

    assert moved.containers["a"].healthy
    assert volumes(moved) == [f"{toy.project}_data"]
    assert moved.containers["a"].working_dir == str(moved.root) or (
        moved.containers["a"].id == before
    )


# --- One service ---


def test_start_brings_up_what_a_service_depends_on(toy: ToyStack) -> None:
    toy.compose(mysql=service(), api=service(after="mysql"), web=service(after="api"))
    toy.compose("docker-compose.hadoop.yml", spark=service(after="mysql"))

    toy.do("start.api")
    assert {*toy.containers} == {"mysql", "api"}
    toy.do("start.spark")
    assert {*toy.containers} == {"mysql", "api", "spark"}

    toy.do("up", "--detach")
    assert {*toy.containers} == {"mysql", "api", "spark", "web"}
    toy.do("down")
    assert toy.containers == {}


def test_up_leaves_other_stacks_out_but_takes_a_site_s_own_services(toy: ToyStack) -> None:
    toy.compose(mysql=service())
    toy.compose("docker-compose.hadoop.yml", spark=service(after="mysql"))
    toy.compose("docker-compose.override.yml", mysql="    hostname: db\n", backup=service())

    up = toy.do("up", "--detach")

    assert {*toy.containers} == {"mysql", "backup"}
    assert up.stderr.endswith(" 2 services are healthy\n")
    assert toy.do("exec.mysql", "--command", "hostname").stdout == "db\n"


def test_exec_hands_on_input_output_and_exit_code(toy: ToyStack) -> None:
    toy.compose(a=service())
    toy.do("start.a")

    said = toy.inv("exec.a", "--command", "echo to stdout; echo to stderr >&2; exit 3")
    shell = subprocess.run(
        [*toy.program, "exec.a"],
        input="cat /tmp/ready && echo it is there\n",
        capture_output=True,
        text=True,
        check=True,
    )

    assert (said.returncode, said.stdout, said.stderr) == (3, "to stdout\n", "to stderr\n")
    assert shell.stdout == "it is there\n"


def test_exec_where_nothing_runs(toy: ToyStack) -> None:
    toy.compose(a=service())

    ended = toy.inv("exec.a")

    assert ended.returncode == 1
    assert ended.stderr == (
        "inv: a is not running: start it with `inv start.a`, or have a fresh container with"
        " `inv shell.a`\n"
    )


def test_shell_of_a_service_that_dies_at_once(toy: ToyStack) -> None:
    """Neither its own process is started, nor what it depends on; nothing stays behind."""
    toy.compose(mysql=service(), a=service("exit 1", after="mysql"))

    ended = toy.inv("shell.a", "--command", "echo alive; exit 5")

    assert (ended.returncode, ended.stdout) == (5, "alive\n")
    listed = subprocess.run(
        ["docker", "ps", "--all", "--quiet", "--filter", f"name={toy.project}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert listed.stdout == ""


def test_logs_of_all_and_of_one(toy: ToyStack) -> None:
    toy.compose(a=service(f"echo from a; {GOOD}"), b=service(f"echo from b; {GOOD}"))
    toy.do("up", "--detach")

    everything = toy.do("logs", "--no-follow").stdout
    one = toy.do("logs.b", "--no-follow").stdout

    assert "from a" in everything
    assert "from b" in everything
    assert one.count("\n") == 1
    assert "from b" in one


def test_logs_end_with_ctrl_c(toy: ToyStack) -> None:
    toy.compose(a=service(f"echo from a; {GOOD}"))
    toy.do("up", "--detach")
    process = toy.start("logs")
    assert process.stdout is not None
    assert "from a" in process.stdout.readline()

    ctrl_c(process)

    assert finish(process).returncode == 0


# --- Certificate ---


def test_new_certificate_without_a_restart(toy: ToyStack) -> None:
    """The copies are readable in the container, and closed to other users of the host."""
    mount = "volumes: ['./data/tls/served:/etc/analytics/tls:ro']\nuser: '10003'"
    reload = "sha256sum < /etc/analytics/tls/key.pem > /tmp/served"
    program = "/tmp/reload-certificate"
    install = f"(echo '#!/bin/sh'; echo '{reload}') > {program}; chmod +x {program}"
    path = "environment: {PATH: '/tmp:/usr/bin:/bin'}"
    toy.compose(nginx=service(f"{install}; {GOOD}", more=f"{mount}\n{path}"))
    toy.do("up", "--detach")
    before = toy.containers["nginx"].id
    served = toy.root / "data/tls/served"
    assert (served.parent.stat().st_mode & 0o777, served.stat().st_mode & 0o777) == (0o700, 0o755)

    for name in ("certificate.pem", "key.pem"):
        (toy.root / "data/tls" / name).unlink()
    make_certificate(toy)
    toy.do("tls.reload")

    key = (toy.root / "data/tls/key.pem").read_bytes()
    seen = toy.do("exec.nginx", "--command", "cat /tmp/served").stdout
    assert seen.split()[0] == hashlib.sha256(key).hexdigest()
    assert toy.containers["nginx"].id == before


def test_certificate_that_does_not_fit_its_key_is_not_served(toy: ToyStack) -> None:
    mount = "volumes: ['./data/tls/served:/etc/analytics/tls:ro']"
    toy.compose(nginx=service(more=mount))
    toy.do("up", "--detach")
    served = toy.root / "data/tls/served/key.pem"
    before = served.read_bytes()
    key = toy.root / "data/tls/key.pem"
    key.unlink()
    subprocess.run(
        [
            "openssl",
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-out",
            key,
        ],
        capture_output=True,
        check=True,
    )

    ended = toy.inv("tls.reload")

    assert ended.returncode == 1
    assert f"{key} is not the key of the first certificate" in ended.stderr
    assert served.read_bytes() == before


def test_certificate_for_another_host_is_not_served(toy: ToyStack) -> None:
    mount = "volumes: ['./data/tls/served:/etc/analytics/tls:ro']"
    toy.compose(nginx=service(more=mount))
    toy.do("up", "--detach")
    toy.set(SITE_HOST="analytics.example.org")

    ended = toy.inv("tls.reload")

    assert ended.returncode == 1
    assert ended.stderr == (
        f"inv: {toy.root}/data/tls/certificate.pem is for localhost, 127.0.0.1, ::1, and SITE_HOST"
        " is analytics.example.org: nginx goes on with what it has\n"
    )


def make_certificate(toy: ToyStack) -> None:
    """Makes a self-signed pair where the site has none."""
    folder = toy.root / "data/tls"
    certificate.ensure(folder / "certificate.pem", folder / "key.pem", "localhost")


# --- Status ---


def test_status_for_monitoring(toy: ToyStack) -> None:
    toy.compose(a=service(), b=service(f"{GOOD}"))
    down = toy.do("status", "--json")
    assert json.loads(down.stdout)["services"] == []

    toy.do("up", "--detach")
    up = json.loads(toy.do("status", "--json").stdout)
    assert up["well"] is True
    assert up["project"] == toy.project
    assert up["images"] == [{"name": IMAGE, "out_of_date": None}]
    assert [
        (each["name"], each["state"], each["health"], each["image"]) for each in up["services"]
    ] == [
        ("a", "running", "healthy", "current"),
        ("b", "running", "healthy", "current"),
    ]
    assert (up["last_run"], up["note"]) == (None, "not known: mysql is not running")

    toy.do("exec.b", "--command", "rm /tmp/ready")
    toy.wait_for("b", "unhealthy")
    unhealthy = toy.inv("status", "--json")
    assert unhealthy.returncode == 1
    assert [each["well"] for each in json.loads(unhealthy.stdout)["services"]] == [True, False]


def test_service_that_should_be_there(toy: ToyStack) -> None:
    toy.compose(a=service(), b=service())
    toy.do("start.a")

    ended = toy.inv("status", COLUMNS="80")

    assert ended.returncode == 1
    assert re.search(
        r"^a +running \(healthy\) +\d{4}-\d\d-\d\d \d\d:\d\d +0 +current", ended.stdout, re.M
    )
    assert re.search(r"^b +missing", ended.stdout, re.M)
    assert max(map(len, ended.stdout.splitlines())) <= 80


def test_status_of_a_stack_that_is_down(toy: ToyStack) -> None:
    toy.compose(a=service(image="registry.invalid/theirs:1"))

    ended = toy.do("status")

    assert re.search(
        r"^registry\.invalid/theirs:1 +not in the engine: `inv up` pulls it", ended.stdout, re.M
    )
    assert f"The stack is down: no containers of {toy.project}." in ended.stdout


# --- Confirmation ---


@pytest.mark.parametrize(
    ("typed", "goes_on"), [("toys-1\n", True), ("yes\n", False), ("\n", False)]
)
def test_typed_confirmation(
    typed: str, goes_on: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    master, slave = pty.openpty()
    os.write(master, typed.encode())
    with os.fdopen(slave) as terminal:
        monkeypatch.setattr(sys, "stdin", terminal)
        if goes_on:
            confirm("removes all data", "toys-1", yes=False)
        else:
            with pytest.raises(OperatorError, match=r"^not confirmed: nothing was changed$"):
                confirm("removes all data", "toys-1", yes=False)

    os.close(master)
    assert capsys.readouterr().err == "removes all data.\nType toys-1 to go on: "
