"""Services on their way up, on the real engine: healthy, late, dying, never."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import pytest

from tasks.lib.containers import health
from tasks.lib.containers.compose import Compose, ComposeError
from tasks.lib.containers.health import State, UnhealthyError
from tasks.lib.containers.health_view import view
from tasks.lib.engine import Engine
from toy_stack import GOOD, SLEEP, service, toy_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tasks.lib.containers.health import Standing
    from toy_stack import ToyStack

pytestmark = pytest.mark.usefixtures("engine_running")

ONCE_MORE = "test -e /data/second || { touch /data/second; exit 1; }"
VOLUME = "volumes: ['data:/data']"
VOLUMES = "volumes: {data: {}}\n"


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[ToyStack]:
    with toy_stack(tmp_path / "checkout") as toy:
        yield toy


class Seen:
    """The standings that were shown, each change once."""

    def __init__(self) -> None:
        self.changes: list[str] = []

    def __call__(self, standings: Sequence[Standing]) -> None:
        for standing in map(str, standings):
            if standing not in self.changes:
                self.changes.append(standing)


def bring_up(toy: ToyStack, *names: str, seconds: float = 60) -> Seen:
    """Start these services with what they depend on."""
    compose = Compose.of(toy.root)
    seen = Seen()
    services = compose.with_dependencies(names)
    health.bring_up(compose, Engine.connect(), services, seen, seconds)
    return seen


def test_each_starts_once_what_it_depends_on_is_healthy(toy: ToyStack) -> None:
    toy.compose(
        mysql=service(f"sleep 1; {GOOD}"),
        api=service(after="mysql"),
        search=service(),
        nginx=service(after="api search"),
    )

    seen = bring_up(toy, "nginx")

    assert [change for change in seen.changes if change.startswith("nginx")] == [
        "nginx: waiting (for api, search)",
        "nginx: waiting (for api)",
        "nginx: ready to start",
        "nginx: starting",
        "nginx: healthy",
    ]
    assert all(container.healthy for container in toy.containers.values())
    assert seen.changes.index("mysql: healthy") < seen.changes.index("api: starting")


def test_what_is_up_stays_as_it_is(toy: ToyStack) -> None:
    toy.compose(a=service(), b=service(after="a"))
    bring_up(toy, "b")
    before = toy.containers

    bring_up(toy, "b")

    assert {name: each.id for name, each in toy.containers.items()} == {
        name: each.id for name, each in before.items()
    }


def test_plain_compose_agrees_with_what_is_up(toy: ToyStack) -> None:
    toy.compose(a=service(), b=service(after="a"), c=service(after="b"))
    toy.compose("docker-compose.hadoop.yml", spark=service(after="a"))
    bring_up(toy, "c")
    before = {name: each.id for name, each in toy.containers.items()}

    toy.plain_compose("up", "--detach", "--wait")

    assert {name: each.id for name, each in toy.containers.items()} == before


def test_what_has_changed_is_replaced_and_what_it_depends_on_stays(toy: ToyStack) -> None:
    toy.compose(a=service(), b=service(after="a"))
    bring_up(toy, "b")
    before = toy.containers
    toy.compose(a=service(), b=service(after="a", more="environment: {PASSWORD: new}"))

    seen = bring_up(toy, "b")

    assert toy.containers["a"].id == before["a"].id
    assert toy.containers["b"].id != before["b"].id
    assert seen.changes[-1] == "b: healthy"


def test_without_a_health_check_running_is_enough(toy: ToyStack) -> None:
    toy.compose(a=service(SLEEP, healthy=False), b=service(more="depends_on: [a]"))

    seen = bring_up(toy, "b")

    assert seen.changes[-1] == "a: healthy"


def test_service_that_is_to_end(toy: ToyStack) -> None:
    ended = "depends_on: {schema: {condition: service_completed_successfully}}"
    once = service("sleep 1", healthy=False).replace("unless-stopped", '"no"')
    toy.compose(schema=once, api=service(more=ended))

    seen = bring_up(toy, "api")

    assert seen.changes.index("schema: done") < seen.changes.index("api: starting")


def test_service_that_is_to_end_and_fails(toy: ToyStack) -> None:
    ended = "depends_on: {schema: {condition: service_completed_successfully}}"
    failing = service("echo no such table; exit 4", healthy=False).replace("unless-stopped", '"no"')
    toy.compose(schema=failing, api=service(more=ended))

    with pytest.raises(UnhealthyError, match="schema ended with exit code 4; waiting for it: api"):
        bring_up(toy, "api")


def test_cold_start_heals_itself(toy: ToyStack) -> None:
    """A service may end once, as when its database is not there yet."""
    toy.compose(a=service(f"{ONCE_MORE}; {GOOD}", more=VOLUME), top=VOLUMES)

    seen = bring_up(toy, "a")

    assert seen.changes[-1] == "a: healthy"
    assert toy.containers["a"].restarts == 1


def test_service_that_never_becomes_healthy(toy: ToyStack) -> None:
    check = "test: ['CMD-SHELL', 'echo no database; exit 1']"
    unhealthy = service(f"echo one; echo two; {SLEEP}").replace(
        'test: ["CMD", "test", "-e", "/tmp/ready"]', check
    )
    toy.compose(mysql=unhealthy, api=service(after="mysql"), web=service(after="api"))

    with pytest.raises(UnhealthyError) as caught:
        bring_up(toy, "web")

    assert str(caught.value) == (
        "mysql is unhealthy: its health check says 'no database'; waiting for it: api, web."
        " Its whole log: `inv logs.mysql`; once it is mended: `inv up`"
    )
    assert caught.value.service == "mysql"
    assert caught.value.log == "one\ntwo\n"
    assert {each.service for each in toy.containers.values() if each.started} == {"mysql"}


def test_service_that_was_unhealthy_before_is_looked_at_again(toy: ToyStack) -> None:
    """As when a database is back that it had lost."""
    toy.compose(api=service(), web=service(after="api"))
    bring_up(toy, "web")
    api = toy.containers["api"].id
    subprocess.run(["docker", "exec", api, "rm", "/tmp/ready"], check=True)
    while toy.containers["api"].healthy:
        time.sleep(0.2)

    mend = ["docker", "exec", api, "touch", "/tmp/ready"]
    mending = threading.Timer(2, subprocess.run, [mend])
    mending.start()
    seen = bring_up(toy, "web")
    mending.join()

    assert seen.changes[-1] == "web: healthy"


def test_service_that_dies_again_and_again(toy: ToyStack) -> None:
    toy.compose(a=service("echo SITE_HOST is missing; exit 7"), b=service(after="a"))
    began = time.monotonic()

    with pytest.raises(UnhealthyError, match=r"^a ends again and again") as caught:
        bring_up(toy, "b")

    assert time.monotonic() - began < 20
    assert "SITE_HOST is missing" in caught.value.log


def test_restarts_of_the_past_do_not_count(toy: ToyStack) -> None:
    toy.compose(a=service())
    bring_up(toy, "a")
    for restarts in range(1, 5):
        sigkill(toy, "a")
        wait_until(lambda expected=restarts: toy.containers["a"].restarts == expected)
        toy.wait_for("a", "healthy")

    assert bring_up(toy, "a").changes[-1] == "a: healthy"


def test_service_that_takes_too_long(toy: ToyStack) -> None:
    slow = service(SLEEP).replace("start_period: 1s", "start_period: 60s")
    toy.compose(a=slow)

    with pytest.raises(UnhealthyError, match=r"^a is not healthy after 2 s\."):
        bring_up(toy, "a", seconds=2)


def test_container_that_somebody_removes_meanwhile(toy: ToyStack) -> None:
    toy.compose(a=service(f"sleep 60; {GOOD}").replace("start_period: 1s", "start_period: 60s"))

    def remove() -> None:
        toy.wait_for("a", "running")
        name = toy.containers["a"].name
        subprocess.run(["docker", "rm", "--force", name], check=True, capture_output=True)

    remover = threading.Thread(target=remove)
    remover.start()
    with pytest.raises(UnhealthyError, match="a has lost its container"):
        bring_up(toy, "a")
    remover.join()


def test_program_that_is_not_in_the_image(toy: ToyStack) -> None:
    toy.compose(a=service().replace('["sh", ', '["no-such-program", '))

    with pytest.raises(ComposeError, match="no-such-program"):
        bring_up(toy, "a")


def test_killed_container_comes_back(toy: ToyStack) -> None:
    toy.compose(a=service())
    bring_up(toy, "a")

    sigkill(toy, "a")

    wait_until(lambda: toy.containers["a"].restarts == 1)
    toy.wait_for("a", "healthy")


def test_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with view() as show:
        show([health.Standing("a", State.READY), health.Standing("b", State.WAITING, "for a")])
        show([health.Standing("a", State.STARTING), health.Standing("b", State.WAITING, "for a")])
        show([health.Standing("a", State.HEALTHY), health.Standing("b", State.READY)])

    lines = [line.split(" ", 1)[1] for line in capsys.readouterr().err.splitlines()]
    assert lines == ["b: waiting (for a)", "a: starting", "a: healthy"]


def sigkill(toy: ToyStack, name: str) -> None:
    """Kills a container's process from outside, as the kernel does when memory is short."""
    inspected = subprocess.run(
        ["docker", "inspect", "--format", "{{.State.Pid}}", toy.containers[name].id],
        capture_output=True,
        text=True,
        check=True,
    )
    pid = int(inspected.stdout)
    assert pid > 1, "it does not run"
    os.kill(pid, signal.SIGKILL)


def wait_until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)
