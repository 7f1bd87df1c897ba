"""Containers of the real images, one at a time, under the constraints of the compose files."""

from __future__ import annotations

import re
import secrets
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml
from python_on_whales import docker

from checkout import ROOT
from fresh_clone import REGISTRY, VERSION
from tasks.lib.settings import templates

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

    from python_on_whales import Container

TOOLS = "common/tools"
HADOOP_IMAGES = tuple(
    f"hadoop/{name}" for name in ("base", "hdfs", "spark", "hive-server", "pipeline")
)
IMAGES = (
    *("openedx/base", "openedx/api", "openedx/insights", "web/mysql", "web/nginx"),
    *HADOOP_IMAGES,
)
"""Those that containers can run: all but TOOLS, which holds scripts and no system to run them."""
SERVICES = {"api": "openedx/api", "insights": "openedx/insights"} | {
    name: f"web/{name}" for name in ("mysql", "nginx")
}
HADOOP_SERVICES = {
    "namenode": "hadoop/hdfs",
    "datanode": "hadoop/hdfs",
    "hive-metastore": "hadoop/hive-server",
    "hive-server": "hadoop/hive-server",
    "spark": "hadoop/spark",
    "spark-worker": "hadoop/spark",
    "pipeline": "hadoop/pipeline",
}
COMPOSE_FILES = ("docker-compose.yml", "docker-compose.hadoop.yml")
SITE = "insights.test"
DATABASE_USERS = ("api", "insights", "metastore", "migrations", "pipeline")


def image(key: str) -> str:
    """The name of an image of the clone that the tests built."""
    return f"{REGISTRY}/{key}:{VERSION}"


def new_settings() -> dict[str, str]:
    """What all services together need, with secrets of its own."""
    passwords = {f"MYSQL_{user.upper()}_PASSWORD": secrets.token_hex(16) for user in DATABASE_USERS}
    return passwords | {
        "API_SECRET_KEY": secrets.token_hex(32),
        "API_TOKEN": secrets.token_hex(20),
        "INSIGHTS_SECRET_KEY": secrets.token_hex(32),
        "SITE_HOST": SITE,
        "HTTPS_PORT": "8443",
        "MYSQL_BUFFER_POOL": "64m",
    }


@cache
def compose() -> dict[str, Any]:
    """The compose files together, with their anchors resolved and their settings as they stand."""
    files = [yaml.safe_load((ROOT / name).read_text()) for name in COMPOSE_FILES]
    parts = ("services", "networks", "volumes")
    return {part: {k: v for file in files for k, v in file[part].items()} for part in parts}


@cache
def defaults() -> dict[str, str]:
    """The settings' default values, by name."""
    found = [each for template in templates.load(ROOT) for each in template.declarations]
    return {each.name: each.type.default for each in found}


def interpolated(value: str) -> str:
    """What a compose file says, with the default in the place of a setting."""
    return re.sub(r"\$\{(\w+)[^}]*\}", lambda found: defaults()[found[1]], value)


@dataclass
class Lab:
    """A network with containers on it; all of it goes at the end."""

    settings: dict[str, str] = field(default_factory=new_settings)
    name: str = field(default_factory=lambda: f"images-{secrets.token_hex(4)}")
    _around: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Lab:
        network = docker.network.create(self.name)
        self._around.callback(network.remove)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._around.close()

    def volume(self) -> str:
        """A new volume."""
        volume = docker.volume.create(f"{self.name}-{secrets.token_hex(4)}")
        self._around.callback(volume.remove)
        return str(volume.name)

    def start(
        self,
        service: str,
        *,
        volumes: Mapping[str | Path, str] | None = None,
        alias: str = "",
        entrypoint: str | None = None,
        command: Sequence[str] = (),
        cpus: float | None = None,
        **settings: str,
    ) -> Container:
        """Start a service's image as the compose files do.

        Args:
            service: its name there.
            volumes: volume or file of the host → where it is in the container.
            alias: its name in the network; the service's by default.
            entrypoint: in place of the image's.
            command: in place of the service's.
            cpus: how many processors it gets.
            settings: in place of the lab's; an empty one is not set.
        """
        declared = compose()["services"][service]
        names = declared.get("environment", {})
        values = {name: defaults().get(name, "") for name in names}
        values |= {name: self.settings[name] for name in names if name in self.settings} | settings
        container = docker.run(
            image((SERVICES | HADOOP_SERVICES)[service]),
            command or declared.get("command", []),
            entrypoint=entrypoint,
            detach=True,
            name=f"{self.name}-{service}-{secrets.token_hex(4)}",
            networks=[self.name],
            network_aliases=[alias or service],
            envs={name: value for name, value in values.items() if value},
            read_only=declared["read_only"],
            tmpfs=declared["tmpfs"],
            cap_drop=declared["cap_drop"],
            security_options=declared["security_opt"],
            pids_limit=declared["pids_limit"],
            init=declared.get("init", False),
            cpus=cpus,
            memory=interpolated(declared["mem_limit"]),
            volumes=[(str(source), target) for source, target in (volumes or {}).items()],
        )
        assert not isinstance(container, str)
        self._around.callback(remove, container)
        return container

    def idle(self, service: str, **settings: str) -> Container:
        """Start a service that renders its settings, and then does nothing."""
        container = self.start(
            service, command=["sh", "-c", "echo idle; exec sleep 1200"], **settings
        )
        wait_for(lambda: "idle" in logs(container))
        return container

    def run(self, service: str, **settings: str) -> tuple[int, str]:
        """Run a service's image to its end; returns the exit code and what it printed."""
        container = self.start(service, **settings)
        code = docker.wait(container)
        assert isinstance(code, int)
        return code, logs(container)

    def address(self, container: Container) -> str:
        """Where the host reaches it."""
        container.reload()
        return str(container.network_settings.networks[self.name].ip_address)


def remove(container: Container) -> None:
    """Remove a container at once, with the volumes that have no name."""
    if container.exists():
        container.remove(force=True, volumes=True)


def logs(container: Container) -> str:
    """All that it printed, to either stream."""
    text = docker.logs(container)
    assert isinstance(text, str)
    return text


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Return once the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come true"
        time.sleep(0.1)


def wait_until_healthy(*containers: Container, seconds: float = 120) -> None:
    """Return once the engine says so of all of them."""
    deadline = time.monotonic() + seconds
    for container in containers:
        while True:
            container.reload()
            health = container.state.health
            if health is not None and health.status == "healthy":
                break
            assert container.state.running, f"ended: {logs(container)[-2000:]}"
            assert time.monotonic() < deadline, f"not healthy: {logs(container)[-2000:]}"
            time.sleep(0.2)


def inside(container: Container, *command: str, user: str | None = None) -> str:
    """What a command prints in a running container. Raises DockerException if it fails."""
    output = docker.execute(container, command, user=user)
    assert isinstance(output, str)
    return output
