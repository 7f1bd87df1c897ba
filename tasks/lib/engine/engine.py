"""The Docker engine, asked many things over one connection.

Compose and buildx are programs, one process per command; what is asked often, or of many images at
once, is asked here. No module outside this package imports the SDK.
"""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tasks.lib.engine import records, versions
from tasks.lib.engine.connection import Connection, explained, where
from tasks.lib.engine.errors import EngineError
from tasks.lib.engine.records import Machine, Transfer, Versions

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from pathlib import Path

    from tasks.lib.engine.records import Container, Event, Image, Volume


@dataclass(frozen=True)
class Engine:
    """A running engine that is new enough."""

    host: str
    """Where it listens, such as `unix:///var/run/docker.sock`."""
    version: str
    _connection: Connection = field(repr=False, compare=False)

    @classmethod
    def connect(cls) -> Engine:
        """Connects as the docker command does: DOCKER_HOST, else DOCKER_CONTEXT, else the context
        that `docker context use` chose, else the local socket.

        Raises:
            EngineError: none runs there, its socket may not be used, or it is too old.
        """
        connection = Connection(where())
        version = str(connection.get("/version")["Version"])
        if versions.numbers(version) < versions.numbers(versions.MINIMUM_ENGINE):
            raise EngineError(
                f"the Docker engine at {connection.host} is {version}, and"
                f" {versions.MINIMUM_ENGINE} or newer is needed: upgrade it"
                " (https://docs.docker.com/engine/install/)"
            )
        return cls(connection.host, version, connection)

    def versions(self) -> Versions:
        """The versions of all three parts; takes a moment, as it runs two commands.

        Raises:
            EngineError: Compose or buildx is missing or too old.
        """
        return Versions(self.version, versions.compose_version(), versions.buildx_version())

    def machine(self) -> Machine:
        """What the engine runs on. One request."""
        with self._explained():
            about = self._connection.sdk.info()
        return Machine(about["DockerRootDir"], about["MemTotal"], about["NCPU"])

    def images(self) -> dict[str, str]:
        """Every tag in the store, such as `debian:bookworm-slim` → its image id. One request."""
        listed = self._connection.get(f"/v{versions.API}/images/json")
        return {tag: each["Id"] for each in listed for tag in records.named(each["RepoTags"])}

    def all_images(self) -> list[Image]:
        """Every image in the store, also those without a tag. One request."""
        return [
            records.image(answer)
            for answer in self._connection.get(f"/v{versions.API}/images/json")
        ]

    def has(self, image_id: str) -> bool:
        """Whether the store has an image of this id, tagged or not."""
        return self.find(image_id) is not None

    def find(self, image: str) -> str | None:
        """The id of the image of this name or id, or None."""
        from docker.errors import NotFound

        with self._explained():
            try:
                return str(self._connection.sdk.inspect_image(image)["Id"])
            except NotFound:
                return None

    def labels(self, image: str) -> dict[str, str]:
        """The labels of an image, by name or id.

        Raises:
            EngineError: there is no such image.
        """
        with self._explained():
            return dict(self._connection.sdk.inspect_image(image)["Config"]["Labels"] or {})

    def own_sizes(self) -> dict[str, int]:
        """Image id → bytes that no other image shares. The engine adds them up: takes a moment."""
        images = self._connection.get(f"/v{versions.API}/images/json?shared-size=1")
        return {image["Id"]: image["Size"] - image["SharedSize"] for image in images}

    def tag(self, image: str, tag: str) -> None:
        """Gives an image, by name or id, one more name; takes that name from another image.

        Raises:
            EngineError: there is no such image.
        """
        repository, _, version = tag.rpartition(":")
        with self._explained():
            self._connection.sdk.tag(image, repository, version, force=True)

    def remove_image(self, image: str) -> None:
        """Removes a name; with the last one, or by id, the image. Nothing where it is gone already.

        Raises:
            EngineError: a container uses it.
        """
        from docker.errors import NotFound

        with self._explained():
            try:
                self._connection.sdk.remove_image(image)
            except NotFound:
                return

    def load(self, archive: Path) -> None:
        """Brings in a `docker save` archive.

        Raises:
            EngineError: it is not one.
        """
        with self._explained(), archive.open("rb") as stream:
            for _ in _transfers(self._connection.sdk.load_image(stream)):
                pass

    def push(self, tag: str) -> Iterator[Transfer | str]:
        """Pushes a tag: how far it is, again and again, and at last the digest, `sha256:…`.

        Credentials are those of the docker command (`docker login`).

        Raises:
            EngineError: the registry does not answer or refuses.
        """
        repository, _, version = tag.rpartition(":")
        with self._explained():
            lines = self._connection.sdk.push(repository, version, stream=True, decode=True)
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
            lines = self._connection.sdk.pull(repository, version, stream=True, decode=True)
            for _, transfer in _transfers(lines):
                if transfer:
                    yield transfer
            yield str(self._connection.sdk.inspect_image(tag)["Id"])

    def containers(self, project: str, *, one_off: bool = False) -> list[Container]:
        """The containers of a Compose project, by name; those of single commands only if asked for.

        One request, and one more, of about a millisecond, for each container.
        """
        from docker.errors import NotFound

        labels = [f"{records.PROJECT_LABEL}={project}"]
        if not one_off:
            labels.append("com.docker.compose.oneoff=False")
        containers = []
        with self._explained():
            for listed in self._connection.sdk.containers(all=True, filters={"label": labels}):
                try:
                    containers.append(
                        records.container(self._connection.sdk.inspect_container(listed["Id"]))
                    )
                except NotFound:
                    continue  # removed in between
        return sorted(containers, key=lambda container: container.name)

    def volumes(self) -> set[str]:
        """The names of all volumes. One request."""
        with self._explained():
            listed = self._connection.sdk.volumes()["Volumes"] or []
        return {str(each["Name"]) for each in listed}

    def create_volume(self, volume: Volume) -> None:
        """Makes a volume; one that is there stays as it is.

        Raises:
            EngineError: its driver or options are not known.
        """
        with self._explained():
            self._connection.sdk.create_volume(
                volume.name, volume.driver, dict(volume.options), dict(volume.labels)
            )

    def images_in_use(self) -> set[str]:
        """Ids of the images that any container on this engine was made of, running or not."""
        with self._explained():
            return {str(listed["ImageID"]) for listed in self._connection.sdk.containers(all=True)}

    def events(self, project: str, since: datetime | None = None) -> Iterator[Event]:
        """What becomes of a project's containers, as it happens, without end.

        With `since`, what has happened from then on comes first.
        """
        filters = {"type": "container", "label": f"{records.PROJECT_LABEL}={project}"}
        start = since.timestamp() if since else None
        with self._explained():
            answers = self._connection.sdk.events(since=start, filters=filters, decode=True)
            with closing(answers) as stream:
                yield from map(records.event, stream)

    def start(self, container: str) -> None:
        """Starts a container, by id or name; one that runs stays as it is.

        Raises:
            EngineError: there is none, or it cannot be started.
        """
        with self._explained():
            self._connection.sdk.start(container)

    def stop(self, container: str) -> None:
        """Stops a container, by id or name, within its own grace period; returns once it has ended.

        Raises:
            EngineError: it cannot be stopped. One that is gone is no error.
        """
        from docker.errors import NotFound

        with self._explained():
            try:
                # The SDK's own default would be 10 seconds, whatever the container asks for.
                seconds = self._connection.sdk.inspect_container(container)["Config"].get(
                    "StopTimeout"
                )
                self._connection.sdk.stop(container, timeout=seconds or 10)
            except NotFound:
                return

    def remove_container(self, container: str) -> None:
        """Removes a container, running or not; nothing where it is gone already."""
        from docker.errors import APIError, NotFound

        with self._explained():
            while True:
                try:
                    self._connection.sdk.remove_container(container, force=True)
                except NotFound:
                    return
                except APIError as error:
                    # Somebody else is about to remove it.
                    if error.status_code != HTTPStatus.CONFLICT:
                        raise
                    time.sleep(0.1)

    def remove_network(self, network: str) -> None:
        """Removes a network, by name; nothing where it is gone already.

        Raises:
            EngineError: a container uses it.
        """
        from docker.errors import NotFound

        with self._explained():
            try:
                self._connection.sdk.remove_network(network)
            except NotFound:
                return

    def remove_volume(self, volume: str) -> None:
        """Removes a volume, by name, with all that is in it; nothing where it is gone already.

        Raises:
            EngineError: a container uses it.
        """
        from docker.errors import NotFound

        with self._explained():
            try:
                self._connection.sdk.remove_volume(volume)
            except NotFound:
                return

    def logs(self, container: str, lines: int) -> str:
        """The last lines of what a container, by id or name, has printed.

        Raises:
            EngineError: there is no such container.
        """
        with self._explained():
            printed = self._connection.sdk.logs(container, tail=lines)
        return bytes(printed).decode(errors="replace")

    def _explained(self) -> Any:
        return explained(self.host)


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
