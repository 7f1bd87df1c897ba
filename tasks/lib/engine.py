"""The Docker engine: one connection that answers many questions.

Compose and buildx are driven by python-on-whales, one process per command; what is asked often, or
of many images at once, goes over this connection. No other module imports the SDK.
"""

from __future__ import annotations

import errno
import json
import os
import re
import socket
import subprocess
import warnings
import weakref
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.lib.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from docker import APIClient

# What Docker released together in January 2024. The stack's health checks need `start_interval`
# (engine 25, Compose 2.21), and this API is spoken by each engine since then and is the oldest that
# engine 29 still speaks: there is nothing to negotiate.
MINIMUM_ENGINE = "25.0"
MINIMUM_COMPOSE = "2.24"
MINIMUM_BUILDX = "0.12"
_API = "1.44"

_LOCAL = "unix:///var/run/docker.sock"
_SECONDS_TO_ANSWER = 60

_PROJECT_LABEL = "com.docker.compose.project"
_SERVICE_LABEL = "com.docker.compose.service"
_FOLDER_LABEL = "com.docker.compose.project.working_dir"


class EngineError(OperatorError):
    """The engine, Compose or buildx is not there, is too old, or refuses what was asked."""


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


@dataclass(frozen=True)
class Engine:
    """A running engine that is new enough."""

    host: str
    """Where it listens, such as `unix:///var/run/docker.sock`."""
    version: str
    _client: _Client = field(repr=False, compare=False)

    @classmethod
    def connect(cls) -> Engine:
        """Connects as the docker command does: DOCKER_HOST, else DOCKER_CONTEXT, else the context
        that `docker context use` chose, else the local socket.

        Raises:
            EngineError: none runs there, its socket may not be used, or it is too old.
        """
        client = _Client(_where())
        version = str(client.get("/version")["Version"])
        if _numbers(version) < _numbers(MINIMUM_ENGINE):
            raise EngineError(
                f"the Docker engine at {client.host} is {version}, and {MINIMUM_ENGINE} or newer is"
                " needed: upgrade it (https://docs.docker.com/engine/install/)"
            )
        return cls(client.host, version, client)

    def versions(self) -> Versions:
        """The versions of all three parts; takes a moment, as it runs two commands.

        Raises:
            EngineError: Compose or buildx is missing or too old.
        """
        return Versions(self.version, compose_version(), buildx_version())

    def machine(self) -> Machine:
        """What the engine runs on. One request."""
        with self._explained():
            about = self._client.sdk.info()
        return Machine(about["DockerRootDir"], about["MemTotal"], about["NCPU"])

    def images(self) -> dict[str, str]:
        """Every tag in the store, such as `debian:bookworm-slim` → its image id. One request."""
        return {tag: image.id for image in self.all_images() for tag in image.tags}

    def all_images(self) -> list[Image]:
        """Every image in the store, also those without a tag. One request."""
        return [_image(answer) for answer in self._client.get(f"/v{_API}/images/json")]

    def has(self, image_id: str) -> bool:
        """Whether the store has an image of this id, tagged or not."""
        return self.find(image_id) is not None

    def find(self, image: str) -> str | None:
        """The id of the image of this name or id, or None."""
        from docker.errors import NotFound

        with self._explained():
            try:
                return str(self._client.sdk.inspect_image(image)["Id"])
            except NotFound:
                return None

    def labels(self, image: str) -> dict[str, str]:
        """The labels of an image, by name or id.

        Raises:
            EngineError: there is no such image.
        """
        with self._explained():
            return dict(self._client.sdk.inspect_image(image)["Config"]["Labels"] or {})

    def own_sizes(self) -> dict[str, int]:
        """Image id → bytes that no other image shares. The engine adds them up: takes a moment."""
        images = self._client.get(f"/v{_API}/images/json?shared-size=1")
        return {image["Id"]: image["Size"] - image["SharedSize"] for image in images}

    def tag(self, image: str, tag: str) -> None:
        """Gives an image, by name or id, one more name; takes that name from another image.

        Raises:
            EngineError: there is no such image.
        """
        repository, _, version = tag.rpartition(":")
        with self._explained():
            self._client.sdk.tag(image, repository, version, force=True)

    def remove_image(self, image: str) -> None:
        """Removes a name; with the last one, or by id, the image. Nothing where it is gone already.

        Raises:
            EngineError: a container uses it.
        """
        from docker.errors import NotFound

        with self._explained():
            try:
                self._client.sdk.remove_image(image)
            except NotFound:
                return

    def load(self, archive: Path) -> None:
        """Brings in a `docker save` archive.

        Raises:
            EngineError: it is not one.
        """
        with self._explained(), archive.open("rb") as stream:
            for _ in _transfers(self._client.sdk.load_image(stream)):
                pass

    def push(self, tag: str) -> Iterator[Transfer | str]:
        """Pushes a tag: how far it is, again and again, and at last the digest, `sha256:…`.

        Credentials are those of the docker command (`docker login`).

        Raises:
            EngineError: the registry does not answer or refuses.
        """
        repository, _, version = tag.rpartition(":")
        with self._explained():
            lines = self._client.sdk.push(repository, version, stream=True, decode=True)
            for line, transfer in _transfers(lines):
                if digest := line.get("aux", {}).get("Digest"):
                    yield str(digest)
                elif transfer:
                    yield transfer

    def pull(self, tag: str) -> Iterator[Transfer | str]:
        """Pulls a tag: how far it is, again and again, and at last the image's id.

        Credentials are those of the docker command (`docker login`).

        Raises:
            EngineError: the registry does not answer or refuses.
        """
        repository, _, version = tag.rpartition(":")
        with self._explained():
            lines = self._client.sdk.pull(repository, version, stream=True, decode=True)
            for _, transfer in _transfers(lines):
                if transfer:
                    yield transfer
            yield str(self._client.sdk.inspect_image(tag)["Id"])

    def containers(self, project: str) -> list[Container]:
        """The containers of a Compose project, one-off ones left out, by name.

        One request, and one more, of about a millisecond, for each container.
        """
        from docker.errors import NotFound

        labels = [f"{_PROJECT_LABEL}={project}", "com.docker.compose.oneoff=False"]
        containers = []
        with self._explained():
            for listed in self._client.sdk.containers(all=True, filters={"label": labels}):
                try:
                    containers.append(_container(self._client.sdk.inspect_container(listed["Id"])))
                except NotFound:
                    continue  # removed in between
        return sorted(containers, key=lambda container: container.name)

    def images_in_use(self) -> set[str]:
        """Ids of the images that any container on this engine was made of, running or not."""
        with self._explained():
            return {str(listed["ImageID"]) for listed in self._client.sdk.containers(all=True)}

    def events(self, project: str, since: datetime | None = None) -> Iterator[Event]:
        """What becomes of a project's containers, as it happens, without end.

        With `since`, what has happened from then on comes first.
        """
        filters = {"type": "container", "label": f"{_PROJECT_LABEL}={project}"}
        start = since.timestamp() if since else None
        with (
            self._explained(),
            closing(self._client.sdk.events(since=start, filters=filters, decode=True)) as stream,
        ):
            for answer in stream:
                yield _event(answer)

    def start(self, container: str) -> None:
        """Starts a container, by id or name; one that runs stays as it is.

        Raises:
            EngineError: there is none, or it cannot be started.
        """
        with self._explained():
            self._client.sdk.start(container)

    def logs(self, container: str, lines: int) -> str:
        """The last lines of what a container, by id or name, has printed.

        Raises:
            EngineError: there is no such container.
        """
        with self._explained():
            printed = self._client.sdk.logs(container, tail=lines)
        return bytes(printed).decode(errors="replace")

    def _explained(self) -> Any:
        return _explained(self.host)


def compose_version() -> str:
    """The version of Docker Compose.

    Raises:
        EngineError: it is missing or too old.
    """
    printed = _docker("Compose", "docker-compose-plugin", "compose", "version", "--short")
    return _new_enough("Docker Compose", printed, MINIMUM_COMPOSE)


def buildx_version() -> str:
    """The version of Docker buildx.

    Raises:
        EngineError: it is missing or too old.
    """
    printed = _docker("buildx", "docker-buildx-plugin", "buildx", "version")
    return _new_enough("Docker buildx", printed.split()[1].removeprefix("v"), MINIMUM_BUILDX)


def _docker(part: str, package: str, *arguments: str) -> str:
    try:
        ran = subprocess.run(
            ["docker", *arguments], capture_output=True, text=True, check=False, timeout=30
        )
    except FileNotFoundError:
        raise EngineError(
            "the docker command is not installed: install docker-ce-cli, or docker-cli on Debian"
        ) from None
    if ran.returncode:
        raise EngineError(
            f"Docker {part} is not installed: install {package}, or"
            f" {package.removesuffix('-plugin')} on Debian"
        )
    return ran.stdout.strip()


def _new_enough(part: str, version: str, minimum: str) -> str:
    if _numbers(version) < _numbers(minimum):
        raise EngineError(f"{part} is {version}, and {minimum} or newer is needed: upgrade it")
    return version


def _numbers(version: str) -> tuple[int, ...]:
    """2.26.1-4 → (2, 26): what decides."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


class _Client:
    """The SDK's client, and what is asked often over a local socket without it.

    Importing the SDK takes longer than all that a build with nothing to do takes otherwise.
    """

    def __init__(self, where: dict[str, Any]) -> None:
        self.host = str(where["base_url"])
        self._where = where

    @cached_property
    def sdk(self) -> APIClient:
        from docker import APIClient

        # Of a missing credentials helper: the error that follows says the same.
        warnings.filterwarnings("ignore", "docker-credential-", UserWarning)
        with _explained(self.host):
            client = APIClient(**self._where, version=_API, use_ssh_client=True)
        weakref.finalize(self, client.close)
        return client

    def get(self, path: str) -> Any:
        """The answer to a GET request. Raises EngineError."""
        scheme, _, file = self.host.partition("://")
        if scheme == "unix":
            return _get(self.host, file, path)
        with _explained(self.host):
            answer = self.sdk.get(f"{self.sdk.base_url}{path}")
            answer.raise_for_status()
            return answer.json()


def _get(host: str, file: str, path: str) -> Any:
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection("localhost")
    try:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(_SECONDS_TO_ANSWER)
        connection.sock.connect(file)
        connection.request("GET", path)
        answer = connection.getresponse()
        content = json.load(answer)
    except (OSError, HTTPException, ValueError) as error:
        raise EngineError(_unreachable(host, error)) from error
    finally:
        connection.close()
    if answer.status != 200:
        raise EngineError(f"the Docker engine: {content.get('message', answer.reason)}")
    return content


def _where() -> dict[str, Any]:
    """The SDK's arguments for the engine that the docker command would use."""
    host, name = os.environ.get("DOCKER_HOST"), os.environ.get("DOCKER_CONTEXT")
    if host and host.startswith("unix://"):
        return {"base_url": host}
    if not host and (name or _chosen_context()) in (None, "default"):
        return {"base_url": _LOCAL}

    from docker.context import ContextAPI
    from docker.errors import DockerException
    from docker.utils import kwargs_from_env

    try:
        if host:
            return dict(kwargs_from_env())
        context = ContextAPI.get_context(name)
    except DockerException as error:
        raise EngineError(f"the Docker engine's address or certificates: {error}") from error
    if context is None:
        called = f"{name!r} (DOCKER_CONTEXT)" if name else "chosen with `docker context use`"
        raise EngineError(f"there is no Docker context {called}: see `docker context ls`")
    tls = {"tls": context.TLSConfig} if context.TLSConfig else {}
    return {"base_url": context.Host, **tls}


def _chosen_context() -> str | None:
    folder = Path(os.environ.get("DOCKER_CONFIG") or "~/.docker").expanduser()
    try:
        return str(json.loads((folder / "config.json").read_text())["currentContext"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def _explained(host: str) -> Iterator[None]:
    """Turns what the SDK raises into one line."""
    from docker.errors import APIError, DockerException
    from requests.exceptions import RequestException
    from urllib3.exceptions import HTTPError

    try:
        yield
    except APIError as error:
        raise EngineError(f"the Docker engine: {error.explanation or error}") from error
    except DockerException as error:
        raise EngineError(f"Docker: {error}") from error
    except (RequestException, HTTPError) as error:
        raise EngineError(_unreachable(host, error)) from error


def _unreachable(host: str, error: BaseException) -> str:
    cause = next((e for e in _causes(error) if isinstance(e, OSError) and e.errno), None)
    match cause.errno if cause else None:
        case errno.ENOENT | errno.ECONNREFUSED:
            return (
                f"no Docker engine answers at {host}: start it (`sudo systemctl start docker`),"
                " or name another one with DOCKER_HOST or `docker context use`"
            )
        case errno.EACCES | errno.EPERM:
            return (
                f"no permission to use the Docker engine at {host}: join its group"
                ' (`sudo usermod --append --groups docker "$USER"`, then sign in anew)'
            )
    return f"no Docker engine answers at {host}: {cause or error}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was made of: requests and urllib3 put errors into others' args."""
    yield error
    for cause in (*error.args, error.__cause__, getattr(error, "reason", None)):
        if isinstance(cause, BaseException):
            yield from _causes(cause)


def _transfers(
    lines: Iterable[dict[str, Any]],
) -> Iterator[tuple[dict[str, Any], Transfer | None]]:
    """Each line of a stream that tells how far something is, and how far that is.

    Raises EngineError, at its end, for an error that is told in it.
    """
    layers: dict[str, tuple[int, int]] = {}
    error = None
    for line in lines:
        error = line.get("error", error)
        detail = line.get("progressDetail") or {}
        if not detail.get("total"):
            yield line, None
            continue
        layers[str(line.get("id"))] = (detail["current"], detail["total"])
        yield line, Transfer(*map(sum, zip(*layers.values(), strict=True)))
    if error:
        raise EngineError(str(error))


def _image(answer: dict[str, Any]) -> Image:
    return Image(
        id=answer["Id"],
        tags=_named(answer.get("RepoTags")),
        digests=_named(answer.get("RepoDigests")),
        labels=answer.get("Labels") or {},
        size=answer["Size"],
        created=datetime.fromtimestamp(answer["Created"], UTC),
    )


def _named(names: list[str] | None) -> tuple[str, ...]:
    """Without the `<none>:<none>` and `<none>@<none>` of older engines."""
    return tuple(name for name in names or () if not name.startswith("<none>"))


def _container(answer: dict[str, Any]) -> Container:
    state = answer["State"]
    labels = answer["Config"]["Labels"]
    health = state.get("Health") or {}
    probes = health.get("Log") or [{}]
    network = answer["NetworkSettings"]
    return Container(
        id=answer["Id"],
        name=answer["Name"].removeprefix("/"),
        service=labels[_SERVICE_LABEL],
        working_dir=labels.get(_FOLDER_LABEL, ""),
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


def _event(answer: dict[str, Any]) -> Event:
    attributes = answer["Actor"]["Attributes"]
    return Event(
        time=datetime.fromtimestamp(answer["timeNano"] / 1e9, UTC),
        action=answer["Action"],
        container_id=answer["Actor"]["ID"],
        service=attributes.get(_SERVICE_LABEL, ""),
        attributes=attributes,
    )
