"""What the engine tells about images, containers and itself, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT_LABEL = "com.docker.compose.project"
VOLUME_LABEL = "com.docker.compose.volume"
SERVICE_LABEL = "com.docker.compose.service"
FOLDER_LABEL = "com.docker.compose.project.working_dir"


@dataclass(frozen=True)
class Image:
    """An image in the engine's store."""

    id: str
    tags: tuple[str, ...]
    digests: tuple[str, ...]
    """`name@sha256:…` for each registry that it was pushed to or pulled from."""
    labels: Mapping[str, str]
    size: int
    """Bytes, layers shared with other images included."""
    created: datetime


@dataclass(frozen=True)
class Container:
    """A container of a Compose project, as it is at one moment."""

    id: str
    name: str
    service: str
    working_dir: str
    """The folder that Compose was run in; two checkouts under one project name differ in it."""
    state: str
    """created, running, paused, restarting, removing, exited or dead."""
    health: str | None
    """starting, healthy or unhealthy; None where it has no health check."""
    probe: str
    """What the last health check printed."""
    exit_code: int
    """Of its last end; 0 while it runs."""
    image_id: str
    image: str
    """The image's name as it was when the container was made."""
    started: datetime | None
    """None where it never was."""
    restarts: int
    """How often the engine has restarted it by its restart policy."""
    addresses: Mapping[str, str]
    """Network → IP address in it; only networks in which it has one now."""
    ports: Mapping[str, tuple[str, ...]]
    """Port inside, such as `8443/tcp` → addresses on the host, such as `0.0.0.0:443`."""

    @property
    def healthy(self) -> bool:
        """Runs, and its health check, if it has one, says that all is well."""
        return self.state == "running" and self.health in (None, "healthy")


@dataclass(frozen=True)
class Event:
    """Something that became of a container."""

    time: datetime
    action: str
    """create, start, die, oom, kill, stop, destroy, `health_status: healthy`, …"""
    container_id: str
    service: str
    attributes: Mapping[str, str]
    """What the engine tells about it, such as `exitCode`, and the container's labels."""


@dataclass(frozen=True)
class Transfer:
    """How far a push or pull is."""

    done: int
    total: int
    """Bytes of the layers known so far."""


@dataclass(frozen=True)
class Volume:
    """A volume as it is, or is to be."""

    name: str
    driver: str
    options: Mapping[str, str]
    """The driver's."""
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Machine:
    """What the engine runs on; another machine than this one, where its host says so."""

    data_folder: str
    """Where images, containers and volumes lie."""
    memory: int
    """Bytes."""
    processors: int


@dataclass(frozen=True)
class Versions:
    """What is installed."""

    engine: str
    compose: str
    buildx: str


def image(answer: dict[str, Any]) -> Image:
    """From the engine's list of images."""
    return Image(
        id=answer["Id"],
        tags=named(answer.get("RepoTags")),
        digests=named(answer.get("RepoDigests")),
        labels=answer.get("Labels") or {},
        size=answer["Size"],
        created=datetime.fromtimestamp(answer["Created"], UTC),
    )


def named(names: list[str] | None) -> tuple[str, ...]:
    """Without the `<none>:<none>` and `<none>@<none>` of older engines."""
    return tuple(name for name in names or () if not name.startswith("<none>"))


def container(answer: dict[str, Any]) -> Container:
    """From the engine's description of one container."""
    state = answer["State"]
    labels = answer["Config"]["Labels"]
    health = state.get("Health") or {}
    probes = health.get("Log") or [{}]
    network = answer["NetworkSettings"]
    return Container(
        id=answer["Id"],
        name=answer["Name"].removeprefix("/"),
        service=labels[SERVICE_LABEL],
        working_dir=labels.get(FOLDER_LABEL, ""),
        state=state["Status"],
        health=health.get("Status"),
        probe=probes[-1].get("Output", "").strip(),
        exit_code=state["ExitCode"],
        image_id=answer["Image"],
        image=answer["Config"]["Image"],
        started=_time(state["StartedAt"]),
        restarts=answer["RestartCount"],
        addresses={
            name: joined["IPAddress"]
            for name, joined in network["Networks"].items()
            if joined["IPAddress"]
        },
        ports={
            port: tuple(_address(binding) for binding in bindings)
            for port, bindings in (network.get("Ports") or {}).items()
            if bindings
        },
    )


def _address(binding: dict[str, str]) -> str:
    host = binding["HostIp"]
    return f"[{host}]:{binding['HostPort']}" if ":" in host else f"{host}:{binding['HostPort']}"


def _time(text: str) -> datetime | None:
    """The engine gives nanoseconds, and year 1 for never."""
    return None if text.startswith("0001-") else datetime.fromisoformat(text)


def event(answer: dict[str, Any]) -> Event:
    """From a line of the engine's stream of events."""
    attributes = answer["Actor"]["Attributes"]
    return Event(
        time=datetime.fromtimestamp(answer["timeNano"] / 1e9, UTC),
        action=answer["Action"],
        container_id=answer["Actor"]["ID"],
        service=attributes.get(SERVICE_LABEL, ""),
        attributes=attributes,
    )
