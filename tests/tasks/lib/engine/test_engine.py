"""Questions to a real engine, and what is said where there is none to ask."""

from __future__ import annotations

import io
import os
import socket
import subprocess
import tarfile
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING

import pytest

from tasks.lib.engine import Engine, EngineError, buildx_version, compose_version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOBODY = 65534
IMAGE = "analytics-micro.test/engine"
PROJECT = "analytics-micro-test-engine"


@pytest.fixture
def docker_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of settings of the docker command in which nothing is set."""
    folder = tmp_path / "docker-config"
    folder.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    return folder


def docker(*arguments: str) -> str:
    return subprocess.run(
        ["docker", *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def refusal() -> str:
    with pytest.raises(EngineError) as refused:
        Engine.connect()
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.usefixtures("docker_config")
class TestWithoutAnEngine:
    @pytest.mark.parametrize("kind", ["no such socket", "nobody listens", "no such port"])
    def test_none_is_running(self, kind: str, tmp_path: Path) -> None:
        path = tmp_path / "docker.sock"
        address = "tcp://127.0.0.1:1" if kind == "no such port" else f"unix://{path}"
        if kind == "nobody listens":
            with socket.socket(socket.AF_UNIX) as left_over:
                left_over.bind(str(path))

        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("DOCKER_HOST", address)
            said = refusal()

        assert said.startswith(f"no Docker engine answers at {address}: start it (`sudo systemctl")

    def test_no_permission_on_its_socket(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "docker.sock"
        monkeypatch.setenv("DOCKER_HOST", f"unix://{path}")
        with socket.socket(socket.AF_UNIX) as engine:
            engine.bind(str(path))
            engine.listen()
            path.chmod(0)
            with as_nobody():
                said = refusal()

        assert said.startswith(f"no permission to use the Docker engine at unix://{path}: join its")
        assert "usermod --append --groups docker" in said

    def test_host_that_is_not_known(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_HOST", "tcp://engine.invalid:2376")

        assert refusal().startswith("no Docker engine answers at tcp://engine.invalid:2376: ")

    def test_address_that_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_HOST", "nonsense://engine")

        assert "nonsense://engine" in refusal()

    def test_context_that_is_not_there(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DOCKER_CONTEXT", "elsewhere")

        assert refusal() == (
            "there is no Docker context 'elsewhere' (DOCKER_CONTEXT): see `docker context ls`"
        )

    def test_engine_that_is_too_old(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with engine_of("20.10.24+dfsg1") as address:
            monkeypatch.setenv("DOCKER_HOST", address)
            said = refusal()

        assert said.startswith(
            f"the Docker engine at {address} is 20.10.24+dfsg1, and 25.0 or newer is needed"
        )


@pytest.mark.usefixtures("docker_config")
class TestAddress:
    """As the docker command finds its engine."""

    def test_context_that_was_chosen(self) -> None:
        docker("context", "create", "remote", "--docker", "host=tcp://127.0.0.1:1")
        docker("context", "use", "remote")

        assert "tcp://127.0.0.1:1" in refusal()

    def test_context_of_the_environment_goes_before_the_one_that_was_chosen(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        docker("context", "create", "chosen", "--docker", "host=tcp://127.0.0.1:1")
        docker("context", "create", "named", "--docker", "host=tcp://127.0.0.1:2")
        docker("context", "use", "chosen")
        monkeypatch.setenv("DOCKER_CONTEXT", "named")

        assert "tcp://127.0.0.1:2" in refusal()

    def test_host_of_the_environment_goes_before_any_context(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        docker("context", "create", "named", "--docker", "host=tcp://127.0.0.1:2")
        monkeypatch.setenv("DOCKER_CONTEXT", "named")
        monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:3")

        assert "tcp://127.0.0.1:3" in refusal()


class TestVersions:
    @pytest.mark.usefixtures("engine_running")
    def test_all_three(self) -> None:
        versions = Engine.connect().versions()

        assert versions.engine == docker("version", "--format={{.Server.Version}}")
        assert versions.compose == docker("compose", "version", "--short")
        assert versions.buildx in docker("buildx", "version")

    def test_docker_command_that_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "")

        with pytest.raises(EngineError, match=r"^the docker command is not installed: install"):
            compose_version()

    def test_plugins_that_are_missing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        install_docker(tmp_path, "echo 'docker: unknown command' >&2; exit 1", monkeypatch)

        with pytest.raises(EngineError, match=r"^Docker Compose is not installed: install docker"):
            compose_version()
        with pytest.raises(EngineError, match=r"^Docker buildx is not installed: install docker"):
            buildx_version()

    def test_plugins_that_are_too_old(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        answers = (
            'case "$1" in compose) echo 2.3.3;;'
            " buildx) echo github.com/docker/buildx v0.10.4 c513d34;; esac"
        )
        install_docker(tmp_path, answers, monkeypatch)

        with pytest.raises(EngineError, match=r"^Docker Compose is 2\.3\.3, and 2\.24 or newer"):
            compose_version()
        with pytest.raises(EngineError, match=r"^Docker buildx is 0\.10\.4, and 0\.12 or newer"):
            buildx_version()


@pytest.fixture
def engine(engine_running: None) -> Engine:  # noqa: ARG001
    return Engine.connect()


@pytest.fixture
def image(engine: Engine, tmp_path: Path) -> Iterator[str]:
    """The id of an image that holds nothing but a label."""
    (tmp_path / "Dockerfile").write_text("FROM scratch\nLABEL made-for=test\nCOPY Dockerfile /\n")
    docker("build", "--quiet", "--tag", f"{IMAGE}:1", str(tmp_path))
    yield docker("image", "inspect", "--format={{.Id}}", f"{IMAGE}:1")
    for tag in engine.images():
        if tag.startswith(f"{IMAGE}:"):
            engine.remove_image(tag)


class TestImages:
    def test_every_name(self, engine: Engine, image: str) -> None:
        engine.tag(f"{IMAGE}:1", f"{IMAGE}:2")

        names = engine.images()

        assert names[f"{IMAGE}:1"] == names[f"{IMAGE}:2"] == image

    def test_what_an_image_says_of_itself(self, engine: Engine, image: str) -> None:
        (found,) = (one for one in engine.all_images() if one.id == image)

        assert found.tags == (f"{IMAGE}:1",)
        assert found.digests == ()
        assert found.labels == engine.labels(image) == {"made-for": "test"}
        assert found.size == engine.own_sizes()[image] > 0

    def test_found_by_id_and_by_name(self, engine: Engine, image: str) -> None:
        assert engine.has(image)
        assert engine.find(f"{IMAGE}:1") == engine.find(image) == image
        assert engine.find(f"{IMAGE}:3") is None
        assert not engine.has("sha256:" + "0" * 64)

    def test_removed_with_its_last_name(self, engine: Engine, image: str) -> None:
        engine.tag(image, f"{IMAGE}:2")

        engine.remove_image(f"{IMAGE}:1")
        assert engine.has(image)
        engine.remove_image(f"{IMAGE}:2")
        assert not engine.has(image)
        engine.remove_image(f"{IMAGE}:2")  # gone already

    def test_one_that_a_container_uses_stays(self, engine: Engine, image: str) -> None:
        container = docker("create", image, "none")
        try:
            assert image in engine.images_in_use()
            with pytest.raises(EngineError, match="container") as refused:
                engine.remove_image(image)
        finally:
            docker("rm", container)

        assert "\n" not in str(refused.value)
        assert engine.has(image)

    def test_one_that_is_not_there_cannot_be_tagged(self, engine: Engine) -> None:
        with pytest.raises(EngineError, match=f"{IMAGE}:none"):
            engine.tag(f"{IMAGE}:none", f"{IMAGE}:2")

    def test_archive_that_is_none(self, engine: Engine, tmp_path: Path) -> None:
        archive = tmp_path / "image.tar"
        with tarfile.open(archive, "w") as tar:
            tar.addfile(tarfile.TarInfo("manifest.json"), io.BytesIO())

        with pytest.raises(EngineError):
            engine.load(archive)


COMPOSE = """\
services:
  web:
    image: debian:bookworm-slim
    command: [bash, -c, "echo started >&2; echo second; exec sleep infinity"]
    init: true
    ports: ["127.0.0.1::8080"]
    healthcheck: {test: [CMD, echo, well], interval: 1h, start_interval: 200ms, start_period: 1m}
  once:
    image: debian:bookworm-slim
    command: [bash, -c, "exit 3"]
"""


@pytest.fixture
def project(engine: Engine, tmp_path: Path) -> Iterator[Path]:
    """A Compose project that was started, and its folder."""
    if not engine.find("debian:bookworm-slim"):
        pytest.skip("needs the image debian:bookworm-slim")
    (tmp_path / "compose.yml").write_text(COMPOSE)
    compose = ("compose", "--project-name", PROJECT, "--file", str(tmp_path / "compose.yml"))
    docker(*compose, "up", "--detach")
    docker(*compose, "up", "--detach", "--wait", "web")
    yield tmp_path
    docker(*compose, "down", "--timeout", "0")


class TestContainers:
    def test_states(self, engine: Engine, project: Path) -> None:
        once, web = engine.containers(PROJECT)

        assert (web.service, web.name) == ("web", f"{PROJECT}-web-1")
        assert (web.state, web.health, web.probe, web.restarts) == ("running", "healthy", "well", 0)
        assert web.healthy
        assert web.working_dir == str(project)
        assert web.image_id == engine.find("debian:bookworm-slim")
        assert web.image == "debian:bookworm-slim"
        assert list(web.addresses) == [f"{PROJECT}_default"]
        (published,) = web.ports["8080/tcp"]
        assert published.startswith("127.0.0.1:")
        assert web.started
        assert (once.state, once.exit_code, once.health, once.ports) == ("exited", 3, None, {})
        assert not once.healthy
        assert once.addresses == {}

    @pytest.mark.usefixtures("project")
    def test_another_project_has_none(self, engine: Engine) -> None:
        assert engine.containers(f"{PROJECT}-other") == []

    @pytest.mark.usefixtures("project")
    def test_last_lines_of_a_log(self, engine: Engine) -> None:
        (web,) = (one for one in engine.containers(PROJECT) if one.service == "web")

        assert engine.logs(web.id, 1) in ("second\n", "started\n")  # two streams, in any order
        assert sorted(engine.logs(web.name, 9).splitlines()) == ["second", "started"]

    def test_log_of_a_container_that_is_not_there(self, engine: Engine) -> None:
        with pytest.raises(EngineError, match="none-such"):
            engine.logs("none-such", 1)

    @pytest.mark.usefixtures("project")
    def test_events_since_a_moment(self, engine: Engine) -> None:
        (web,) = (one for one in engine.containers(PROJECT) if one.service == "web")
        docker("kill", web.id)

        actions = {}
        for event in engine.events(PROJECT, since=web.started):
            if event.container_id == web.id:
                actions[event.action] = event
            if "die" in actions:
                break

        assert "kill" in actions
        assert actions["die"].service == "web"
        assert actions["die"].attributes["exitCode"] == "137"
        assert web.started
        assert actions["die"].time > web.started


def test_machine_of_the_engine(engine: Engine) -> None:
    machine = engine.machine()

    assert machine.data_folder == docker("info", "--format={{.DockerRootDir}}")
    assert machine.memory > 10**8
    assert machine.processors >= 1


def test_registry_that_does_not_answer(engine: Engine) -> None:
    with pytest.raises(EngineError, match="refused"):
        list(engine.pull("127.0.0.1:1/none:1"))


@pytest.mark.usefixtures("engine_running")
def test_credentials_store_that_is_not_installed(docker_config: Path) -> None:
    (docker_config / "config.json").write_text('{"credsStore": "none-such"}')

    with pytest.raises(EngineError, match="docker-credential-none-such not installed"):
        list(Engine.connect().pull("127.0.0.1:1/none:1"))


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may use any socket."""
    root = os.geteuid() == 0
    if root:
        # What it needs, it can no longer import.
        pytest.importorskip("docker")
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)


@contextmanager
def engine_of(version: str) -> Iterator[str]:
    """The address of a server that says of itself what an engine of a version does."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/version"
            body = f'{{"Version": "{version}", "ApiVersion": "1.41"}}'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"tcp://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def install_docker(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A docker command that does what the script says."""
    command = folder / "docker"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
