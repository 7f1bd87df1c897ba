"""The stacks as an operator knows them: up, down, destroyed; each the list of its steps."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.lib import console, version
from tasks.lib.containers import following, health, services, unfinished
from tasks.lib.containers.compose import SHELL, Compose
from tasks.lib.containers.confirmation import confirm
from tasks.lib.containers.health import UnhealthyError
from tasks.lib.containers.health_view import view
from tasks.lib.engine import Engine, EngineError, Transfer
from tasks.lib.errors import OperatorError
from tasks.lib.images import registry, staleness
from tasks.lib.images.graph import read_graph
from tasks.lib.images.registry import RegistryError
from tasks.lib.settings import checks, tls
from tasks.lib.settings.compose_env import FOLLOW

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tasks.lib.containers.compose import Service
    from tasks.lib.engine import Container
    from tasks.lib.images.graph import Graph

NGINX = "nginx"


@dataclass(frozen=True)
class Stack:
    """A checkout's Compose project on the engine."""

    compose: Compose
    engine: Engine

    @classmethod
    def of(cls, root: Path) -> Stack:
        """The project of a checkout, which is no other checkout's.

        Raises:
            SettingsError: a setting is missing or malformed.
            EngineError: no engine answers.
            OperatorError: another checkout has containers under this project's name.
        """
        return cls.checked(Compose.of(root))

    @classmethod
    def checked(cls, compose: Compose) -> Stack:
        """The project, which is no other checkout's.

        Raises:
            EngineError, OperatorError: as `of`.
        """
        stack = cls(compose, Engine.connect())
        stack._refuse_foreign()
        return stack

    @property
    def containers(self) -> list[Container]:
        """The project's containers as they are now."""
        return self.engine.containers(self.compose.project)

    def up(self, names: Iterable[str], seconds: float = health.SECONDS) -> None:
        """Start services with all that they depend on; returns once they are healthy.

        Raises:
            OperatorError: an image is neither there nor to be had, or Ctrl-C came.
            UnhealthyError: a service did not become healthy.
            ComposeError: a service cannot be started.
        """
        wanted = self.compose.with_dependencies(names)
        findings = checks.before_start(self.compose.settings, self.containers)
        checks.refuse(findings)
        for finding in findings:
            console.say(str(finding))
        self.provide_images(wanted)
        for line in self._outdated(wanted):
            console.say(line)
        if NGINX in wanted:
            tls.serve(self.compose.settings)
        try:
            with view() as show:
                health.bring_up(self.compose, self.engine, wanted, show, seconds)
        except UnhealthyError as error:
            for line in error.log.splitlines():
                print(f"{error.service}  | {line}", file=sys.stderr)
            raise
        except KeyboardInterrupt:
            raise OperatorError(
                "interrupted: what was started stays up; `inv up` goes on, `inv down` ends it", 130
            ) from None

    def provide_images(self, wanted: Mapping[str, Service]) -> None:
        """Pull the images that the engine does not have.

        Raises:
            OperatorError: some can be had nowhere; names all of them, and what to build.
        """
        present = self.engine.images()
        missing = sorted({service.image for service in wanted.values()} - present.keys())
        if not missing:
            return
        ours = {image.name: image.key for image in self._graph()}
        failures = {
            name: reason for name in missing if (reason := self._pull(name, ours.get(name)))
        }
        if failures:
            raise OperatorError(_unavailable(failures, ours))

    def follow(self, names: Sequence[str], since: datetime) -> None:
        """Print what services log from then on; Ctrl-C ends that, and nothing else."""
        try:
            self.compose.print_logs(names, since=since.isoformat())
        except KeyboardInterrupt:
            console.say("the stack stays up: `inv logs` follows again, `inv down` ends it")

    def running(self, name: str) -> Container:
        """The running container of a service.

        Raises:
            OperatorError: it has none.
        """
        for container in self.containers:
            if container.service == name and container.state == "running":
                return container
        raise OperatorError(
            f"{name} is not running: start it with `inv start.{name}`, or have a fresh container"
            f" with `inv shell.{name}`"
        )

    def _refuse_foreign(self) -> None:
        for container in self.containers:
            folder = container.working_dir
            # A checkout that was moved leaves no compose file behind.
            is_there = (Path(folder) / services.MAIN).exists()
            if is_there and Path(folder).resolve() != self.compose.root.resolve():
                raise OperatorError(
                    f"project {self.compose.project} belongs to the checkout {folder}: give this"
                    " one another COMPOSE_PROJECT_NAME in conf/analytics.env"
                )

    def _outdated(self, wanted: Mapping[str, Service]) -> Iterator[str]:
        """A line for each image that is out of date, and each container of an older one."""
        ids = self.engine.images()
        try:
            graph = self._graph()
            plan = staleness.plan(graph, ids)
        except OperatorError as error:
            # What is built runs all the same.
            yield f"cannot tell which images are out of date: {error}"
            return
        used = {service.image for service in wanted.values()}
        for image in graph:
            if image.name in used and (reason := plan[image.key]):
                task = build_task(image.key)
                yield f"{image.key} is out of date ({reason}): `inv {task}` brings it up to date"
        for container in self.containers:
            service = wanted.get(container.service)
            if service and container.image_id != ids.get(service.image):
                yield f"{service.name} runs an older image than the one that is there: replaced now"

    def _pull(self, name: str, key: str | None) -> str:
        """Pulls an image; returns why that failed, or nothing. One of ours has a key."""
        console.say(f"pulling {name}")
        try:
            if key:
                # It then counts as built.
                for _ in registry.pull(self.engine, self.compose.root, self._graph(), [key]):
                    pass
            else:
                with console.progress(f"pull {name}") as progress:
                    for step in self.engine.pull(name):
                        if isinstance(step, Transfer):
                            progress.update(step.done, step.total)
        except (RegistryError, EngineError) as error:
            return str(error)
        return ""

    def _graph(self) -> Graph:
        settings = self.compose.settings
        return read_graph(self.compose.root, settings.registry, settings.version)


def _unavailable(failures: Mapping[str, str], ours: Mapping[str, str]) -> str:
    """One line about images that are to be had nowhere: what to build, and why not pulled."""
    parts = [
        f"{name} cannot be pulled: {reason}"
        for name, reason in failures.items()
        if name not in ours
    ]
    if names := [name for name in failures if name in ours]:
        tasks = " ".join(build_task(ours[name]) for name in names)
        parts.insert(0, f"not built: {', '.join(names)}; build with `inv {tasks}`")
    return ". ".join(parts)


def build_task(key: str) -> str:
    """The task that builds an image: openedx/insights → build.openedx.insights."""
    return f"build.{key.replace('/', '.')}"


def main_services(compose: Compose) -> list[str]:
    """What `inv up` starts: openedx and web, what an override adds, and follow if it is on."""
    files = (compose.root / services.MAIN, compose.root / services.OVERRIDE)
    names = dict.fromkeys(name for file in files for name in services.names_in(file))
    return [*names, *([FOLLOW] if FOLLOW in compose.services else [])]


def up(root: Path, detach: bool, seconds: float = health.SECONDS) -> None:
    """Bring the stacks up, healthy; then follow their logs, unless detached."""
    began = datetime.now(UTC)
    stack = Stack.of(root)
    unfinished.refuse(root)
    names = main_services(stack.compose)
    following.remove_unwanted(stack)
    stack.up(names, seconds)
    version.note_running(root)
    console.say(f"{len(names)} services are healthy{_address(stack.compose)}")
    if not detach:
        stack.follow(names, began)


def start(root: Path, name: str, seconds: float = health.SECONDS) -> None:
    """Bring one service up, healthy, with all that it depends on."""
    stack = Stack.of(root)
    unfinished.refuse(root)
    services.check([name], stack.compose.services)
    stack.up([name], seconds)
    console.say(f"{name} is healthy")


def down(root: Path) -> None:
    """Stop and remove containers and networks; volumes stay."""
    stop(Stack.of(root))
    console.say("containers and networks are removed; the data stay")


def destroy(root: Path, yes: bool = False) -> None:
    """Remove containers, networks and volumes, with all that is in them, once confirmed.

    Raises:
        OperatorError: it was not confirmed.
    """
    stack = Stack.of(root)
    project, volumes = stack.compose.project, ", ".join(stack.compose.volumes) or "none"
    confirm(f"destroy removes all data of {project} (volumes: {volumes})", project, yes)
    stop(stack, volumes=True)
    unfinished.forget(root)
    console.say(f"containers, networks and volumes are removed (volumes: {volumes})")


def logs(root: Path, names: Sequence[str], follow: bool = True) -> None:
    """Print what services have logged, and go on with what they will, until Ctrl-C."""
    compose = Stack.of(root).compose
    with suppress(KeyboardInterrupt):
        compose.print_logs(names, follow)


def enter(root: Path, name: str, command: str = "") -> int:
    """Run a shell, or a shell command, in a running container; returns its exit code."""
    stack = Stack.of(root)
    stack.running(name)
    return stack.compose.exec_in(name, command or SHELL)


def shell(root: Path, name: str, command: str = "") -> int:
    """Run a shell, or a shell command, in a fresh container; returns its exit code."""
    stack = Stack.of(root)
    services.check([name], stack.compose.services)
    stack.provide_images({name: stack.compose.services[name]})
    return stack.compose.run_in(name, command or SHELL)


def reload_certificate(root: Path) -> None:
    """Have nginx serve the certificate and key that the settings name.

    Raises:
        CertificateError: the two cannot be served; nginx goes on with what it has.
        OperatorError: nginx is not running, or refuses them.
    """
    stack = Stack.of(root)
    stack.running(NGINX)
    tls.check(stack.compose.settings)
    tls.serve(stack.compose.settings)
    stack.compose.ask(NGINX, "reload-certificate")
    console.say("nginx serves the certificate")


def stop(stack: Stack, volumes: bool = False) -> None:
    """Stop and remove containers and networks, and the volumes if asked to."""
    if names := [each.service for each in stack.containers if each.state == "running"]:
        console.say(f"stopping {', '.join(names)}")
    stack.compose.down(volumes)


def _address(compose: Compose) -> str:
    """Where the pages are."""
    if NGINX not in compose.services:
        return ""
    port = compose.settings["HTTPS_PORT"]
    suffix = "" if port == "443" else f":{port}"
    return f": https://{compose.settings['SITE_HOST']}{suffix}/"
