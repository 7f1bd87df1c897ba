"""Docker Compose on this checkout's compose files and settings."""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tasks.lib.containers.services import compose_files
from tasks.lib.engine import Volume
from tasks.lib.engine.records import PROJECT_LABEL, VOLUME_LABEL
from tasks.lib.errors import OperatorError
from tasks.lib.images.graph import familiar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from python_on_whales.components.compose.cli_wrapper import ComposeCLI

    from tasks.lib.settings import Settings

HEALTHY = "service_healthy"
COMPLETED = "service_completed_successfully"

_PORT_TAKEN = re.compile(r":(?P<port>\d+)\D*(?:address already in use|port is already allocated)")
SHELL = "if command -v bash >/dev/null; then exec bash; else exec sh; fi"
"""Becomes the best shell that an image has."""


class ComposeError(OperatorError):
    """Compose did not do what was asked; the message is its own last line, or clearer."""


@dataclass(frozen=True)
class Service:
    """A service as the merged compose files declare it."""

    name: str
    image: str
    """Its name as the engine lists it, with a tag."""
    depends_on: Mapping[str, str]
    """Other service → what it has to be: `service_started`, `service_healthy`, …"""


@dataclass(frozen=True)
class Compose:
    """The Compose project of a checkout."""

    settings: Settings
    project: str

    @classmethod
    def of(cls, root: Path) -> Compose:
        """The project, with an up-to-date .env, so that plain `docker compose` means the same.

        Raises:
            SettingsError: a setting is missing or malformed.
        """
        from tasks.lib import settings as setting_files
        from tasks.lib.settings import compose_env

        settings = setting_files.load(root)
        compose_env.write(settings, root)
        return cls(settings, settings.project)

    @property
    def root(self) -> Path:
        """The checkout."""
        return self.settings.root

    @cached_property
    def config(self) -> dict[str, Any]:
        """The compose files merged and interpolated, as `docker compose config` gives them.

        Raises:
            ComposeError: they are not valid.
        """
        with self._explained():
            config: dict[str, Any] = self._cli.config(return_json=True)
        return config

    @cached_property
    def services(self) -> dict[str, Service]:
        """All services by name."""
        return {
            name: Service(
                name,
                familiar(declared.get("image") or f"{self.project}-{name}"),
                {
                    other: dependency["condition"]
                    for other, dependency in declared.get("depends_on", {}).items()
                },
            )
            for name, declared in self.config["services"].items()
        }

    @property
    def volumes(self) -> list[str]:
        """The names of the project's volumes, as the engine knows them; others' left out."""
        return sorted(
            volume["name"]
            for volume in self.config.get("volumes", {}).values()
            if not volume.get("external")
        )

    def volume(self, key: str) -> Volume | None:
        """A volume by its name in the compose files; None where they have none of that name."""
        declared = self.config.get("volumes", {}).get(key)
        if declared is None:
            return None
        labels = {PROJECT_LABEL: self.project, VOLUME_LABEL: key}
        return Volume(
            declared["name"],
            declared.get("driver") or "local",
            declared.get("driver_opts") or {},
            {**(declared.get("labels") or {}), **labels},
        )

    def with_dependencies(self, wanted: Iterable[str]) -> dict[str, Service]:
        """These services and all that they depend on, by name; what is depended on comes first."""
        found: dict[str, Service] = {}
        for name in wanted:
            if name not in found:
                service = self.services[name]
                found |= self.with_dependencies(service.depends_on)
                found[name] = service
        return found

    def create(self, services: Collection[str], alone: bool = False) -> None:
        """Create the containers of services, without starting them, and of all that they depend on.

        `alone` leaves those that they depend on as they are.

        Those whose service or image has changed are replaced, which ends them, and so are those
        that depend on them; the others stay as they are. Does not build or pull.

        Raises:
            ComposeError: one of them cannot be made.
        """
        with self._explained():
            self._cli.up(
                [*services],
                # Without what they depend on, Compose would hold the containers of a later, plain
                # `docker compose up` for changed ones.
                dependencies=not alone,
                start=False,
                no_build=True,
                pull="never",
                quiet=True,
            )

    def down(self, volumes: bool = False) -> None:
        """Stop and remove all containers and networks of the project, and the volumes if asked to.

        Raises:
            ComposeError: something cannot be removed.
        """
        with self._explained():
            self._cli.down(volumes=volumes, remove_orphans=True, quiet=True)

    def remove(self, services: Sequence[str]) -> None:
        """Stop and remove the containers of services; those that depend on others go first.

        Raises:
            ComposeError: one cannot be removed.
        """
        with self._explained():
            self._cli.rm([*services], stop=True)

    def print_logs(
        self, services: Sequence[str], follow: bool = True, since: str | None = None
    ) -> None:
        """Print what services log on this process's stdout, until all of them have stopped.

        Args:
            services: their names; none for all.
            follow: whether to wait for more at the end.
            since: RFC 3339 time, or age such as `10m`; None for all that is kept.

        Raises:
            ComposeError: the logs cannot be read.
        """
        options = [*(["--follow"] if follow else []), *(["--since", since] if since else [])]
        if code := self._connected("logs", *options, *services):
            raise ComposeError(f"docker compose logs ended with exit code {code}")

    def exec_in(self, service: str, command: str) -> int:
        """Run a shell command in the running container of a service; returns its exit code.

        It has this process's terminal, or its pipes.
        """
        return self._connected("exec", *_terminal(), service, "sh", "-c", command)

    def run_in(self, service: str, command: str) -> int:
        """Run a shell command in a fresh container of a service, as `exec_in` does.

        Neither the service's own process is started, nor any other service.
        """
        fresh = ("--rm", "--no-deps", "--entrypoint", "sh")
        return self._connected("run", *fresh, *_terminal(), service, "-c", command)

    def begin(
        self, service: str, *command: str, publish: Sequence[str] = (), given: str = ""
    ) -> subprocess.Popen[str]:
        """Begin a command in a fresh container of a service, which goes with the command's end.

        It finds what is `given` on its stdin, where no list of processes shows it.
        What it prints, on stdout or stderr, is for the caller to read. Neither Ctrl-C nor this
        process's end reaches it: its container is to be stopped.
        """
        ports = [f"--publish={port}" for port in publish]
        process = subprocess.Popen(
            [
                *(*map(str, self._cli.docker_compose_cmd), "--progress=quiet"),
                *("run", "--rm", "--no-deps", "--no-TTY", *ports, service, *command),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        assert process.stdin
        process.stdin.write(given)
        process.stdin.close()
        return process

    def ask(self, service: str, *command: str) -> str:
        """Run a command in the running container of a service; returns what it printed.

        Raises:
            ComposeError: it failed, or the service does not run.
        """
        with self._explained():
            return self._cli.execute(service, [*command], tty=False) or ""

    def _connected(self, *arguments: str) -> int:
        """Runs Compose on this process's own stdin, stdout and stderr."""
        command = [*map(str, self._cli.docker_compose_cmd), *arguments]
        return subprocess.run(command, check=False).returncode

    @cached_property
    def _cli(self) -> ComposeCLI:
        from python_on_whales import DockerClient

        return DockerClient(
            compose_files=[*compose_files(self.root)], compose_project_directory=self.root
        ).compose

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turns a failed command into one line."""
        from python_on_whales.exceptions import DockerException

        try:
            yield
        except DockerException as error:
            raise ComposeError(self.reason(error.stderr or "")) from error

    def reason(self, output: str) -> str:
        """Why Compose or the engine failed, in one line, given what it said."""
        if taken := _PORT_TAKEN.search(output):
            port = taken["port"]
            named = [
                name
                for name, value in self.settings.items()
                if name.endswith("_PORT") and value == port
            ]
            setting = f"{named[0]} in {self.settings.place(named[0])}" if named else "the setting"
            return f"port {port} is in use by another program: end it, or change {setting}"
        return last_line(output)


def _terminal() -> list[str]:
    """The option for a command that has no terminal to work on."""
    return [] if sys.stdin.isatty() and sys.stdout.isatty() else ["--no-TTY"]


def one_shots(services: Mapping[str, Service]) -> set[str]:
    """The services that are to end: others wait for that."""
    return {
        other
        for service in services.values()
        for other, condition in service.depends_on.items()
        if condition == COMPLETED
    }


def last_line(output: str) -> str:
    """The line in which a Docker command says why it failed."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    if not lines:
        return "docker compose failed and did not say why"
    return lines[-1].removeprefix("Error response from daemon: ")
