"""Compose on a checkout: what it reads, what it runs, and its failures in one line."""

from __future__ import annotations

import socket
import subprocess
from typing import TYPE_CHECKING

import pytest

from checkout import ROOT
from tasks.lib.containers import health
from tasks.lib.containers.compose import Compose, ComposeError, Service, last_line, one_shots
from tasks.lib.engine import Engine
from tasks.lib.settings import SettingsError
from toy_stack import IMAGE, service, toy_stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from toy_stack import ToyStack

pytestmark = pytest.mark.usefixtures("engine_running")


@pytest.fixture
def toy(tmp_path: Path) -> Iterator[ToyStack]:
    with toy_stack(tmp_path / "checkout") as toy:
        yield toy


def test_services_of_all_compose_files(toy: ToyStack) -> None:
    toy.compose(mysql=service(), api=service(after="mysql"), web=service(after="api"))
    toy.compose("docker-compose.hadoop.yml", spark=service(after="mysql"))
    compose = Compose.of(toy.root)

    assert sorted(compose.services) == ["api", "mysql", "spark", "web"]
    assert compose.services["api"] == Service("api", IMAGE, {"mysql": "service_healthy"})
    assert [*compose.with_dependencies(["web"])] == ["mysql", "api", "web"]
    assert [*compose.with_dependencies(["spark", "mysql"])] == ["mysql", "spark"]


def test_image_by_the_name_that_the_engine_lists(toy: ToyStack) -> None:
    toy.compose(a=service(image="debian"), b=service(image="docker.io/library/debian:12"))
    services = Compose.of(toy.root).services

    assert [services[name].image for name in "ab"] == ["debian:latest", "debian:12"]


def test_service_that_others_wait_to_end(toy: ToyStack) -> None:
    ended = "depends_on: {schema: {condition: service_completed_successfully}}"
    toy.compose(schema=service(healthy=False), api=service(more=ended))

    assert one_shots(Compose.of(toy.root).services) == {"schema"}


def test_volumes_as_the_engine_knows_them(toy: ToyStack) -> None:
    toy.compose(
        a=service(more="volumes: ['data:/data', 'theirs:/theirs']"),
        top="volumes:\n  data:\n  theirs: {external: true}\n",
    )

    assert Compose.of(toy.root).volumes == [f"{toy.project}_data"]


def test_a_volume_made_beforehand_is_compose_s_own(toy: ToyStack) -> None:
    options = "{type: tmpfs, device: tmpfs, o: size=1m}"
    toy.compose(
        a=service(more="volumes: ['data:/data']"),
        top=f"volumes:\n  data: {{driver_opts: {options}, labels: {{mine: yes}}}}\n",
    )
    compose, engine = Compose.of(toy.root), Engine.connect()
    volume = compose.volume("data")

    assert volume
    assert volume.name == f"{toy.project}_data"
    assert volume.options == {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}
    assert compose.volume("other") is None
    engine.create_volume(volume)
    assert volume.name in engine.volumes()
    created = subprocess.run(
        ["docker", "compose", "create"], cwd=toy.root, capture_output=True, text=True, check=True
    )
    assert "was not created by Docker Compose" not in created.stderr


def test_settings_reach_plain_docker_compose(toy: ToyStack) -> None:
    toy.compose(a=service(more="environment: {HOST: '${SITE_HOST}', ESCAPED: '$${SITE_HOST}'}"))
    toy.set(SITE_HOST="analytics.example.org")

    Compose.of(toy.root)

    printed = toy.plain_compose("config")
    assert "HOST: analytics.example.org\n" in printed
    assert f"name: {toy.project}\n" in printed


def test_process_environment_goes_first(toy: ToyStack, monkeypatch: pytest.MonkeyPatch) -> None:
    toy.compose(a=service(more="environment: {HOST: '${SITE_HOST}'}"))
    monkeypatch.setenv("SITE_HOST", "this-once.example.org")

    compose = Compose.of(toy.root)

    assert compose.config["services"]["a"]["environment"] == {"HOST": "this-once.example.org"}


def test_containers_are_made_with_what_they_depend_on(toy: ToyStack) -> None:
    toy.compose(a=service(), b=service(after="a"), c=service())
    compose = Compose.of(toy.root)

    compose.create(["b"])
    assert {name: each.state for name, each in toy.containers.items()} == {
        "a": "created",
        "b": "created",
    }

    compose.down()
    assert toy.containers == {}


def test_answer_of_a_command(toy: ToyStack) -> None:
    toy.compose(a=service())
    compose = Compose.of(toy.root)
    health.bring_up(compose, Engine.connect(), compose.services, lambda _: None)

    assert compose.ask("a", "printf", "one\\ntwo\\n") == "one\ntwo"
    with pytest.raises(ComposeError, match=r"^it failed$"):
        compose.ask("a", "sh", "-c", "echo it failed >&2; exit 3")


def test_compose_file_that_is_not_valid(toy: ToyStack) -> None:
    toy.compose(a=service(more="restrat: always"))

    with pytest.raises(ComposeError) as caught:
        _ = Compose.of(toy.root).services
    assert "restrat" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_setting_that_is_missing(toy: ToyStack) -> None:
    toy.compose(a=service(more="environment: {SECRET: '${API_TOKEN}'}"))
    file = toy.root / "conf/analytics.env"
    file.write_text(file.read_text().replace("API_TOKEN=", "# API_TOKEN="))

    with pytest.raises(SettingsError, match=r"conf/analytics\.env: API_TOKEN is missing"):
        Compose.of(toy.root)


def test_port_that_is_taken_names_its_setting(toy: ToyStack) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        toy.set(HTTP_PORT=str(port))
        toy.compose(a=service(more="ports: ['127.0.0.1:${HTTP_PORT}:80']"))

        compose = Compose.of(toy.root)
        with pytest.raises(ComposeError) as caught:
            health.bring_up(compose, Engine.connect(), compose.services, lambda _: None)

    assert str(caught.value).startswith(
        f"a: port {port} is in use by another program: end it, or change HTTP_PORT in"
        " conf/analytics.env:"
    )


def test_last_line_says_why() -> None:
    output = " Container a  Starting\nError response from daemon: no such image\n\n"

    assert last_line(output) == "no such image"
    assert last_line("") == "docker compose failed and did not say why"


@pytest.fixture
def own(toy: ToyStack) -> ToyStack:
    """A checkout with this one's own compose file."""
    file = toy.root / "docker-compose.yml"
    file.write_bytes((ROOT / file.name).read_bytes())
    return toy


def test_without_settings_plain_compose_says_what_to_do(own: ToyStack) -> None:
    (own.root / ".env").unlink()

    with pytest.raises(subprocess.CalledProcessError) as caught:
        own.plain_compose("config", "--quiet")

    assert "COMPOSE_PROJECT_NAME is missing a value: run ./inv init" in caught.value.stderr


def test_every_service_of_this_checkout_is_confined(own: ToyStack) -> None:
    compose = Compose.of(own.root)
    own.plain_compose("config", "--quiet")

    assert {*compose.services} == {"api", "elasticsearch", "insights", "mysql", "nginx"}
    for name, declared in compose.config["services"].items():
        assert declared["cap_drop"] == ["ALL"], name
        assert declared["security_opt"] == ["no-new-privileges:true"], name
        assert declared["mem_limit"], name
        assert declared["pids_limit"] > 0, name
        assert declared["restart"] == "unless-stopped", name
        assert declared["logging"]["options"]["max-size"], name
        assert declared.get("read_only") or name == "elasticsearch", name
        assert not declared.get("ports") or name == "nginx", name
