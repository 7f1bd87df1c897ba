"""The hadoop stack on its engine: what of it a run needs, brought up, and taken down again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tasks.lib import console
from tasks.lib.containers import health, services
from tasks.lib.containers.health_view import view
from tasks.lib.errors import OperatorError
from tasks.lib.settings.compose_env import FOLLOW

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from tasks.lib.containers.compose import Service
    from tasks.lib.containers.stack import Stack
    from tasks.lib.engine import Container, Engine
    from tasks.lib.settings import Settings

FILE = "docker-compose.hadoop.yml"
PIPELINE = "pipeline"
HIVE_SERVER = "hive-server"
# Setting that names a service → the services that stand for it.
_NAMED = {
    "WAREHOUSE": ("namenode", "datanode"),
    "METASTORE": ("hive-metastore",),
    "SPARK_MASTER": ("spark", "spark-worker"),
}
_CORE = ("mysql", "api")

# EX_UNAVAILABLE: what it depends on is not there.
CORE_STACK_NOT_UP = 69


class CoreStackError(OperatorError):
    """The core stack, into whose database a run publishes, is not up."""

    def __init__(self, message: str) -> None:
        super().__init__(message, CORE_STACK_NOT_UP)


@dataclass(frozen=True)
class Cluster:
    """The hadoop stack of a checkout."""

    stack: Stack

    @property
    def names(self) -> list[str]:
        """All its services; follow, which is declared beside them, is always up."""
        names = services.names_in(self.stack.compose.root / FILE)
        return [name for name in names if name != FOLLOW]

    @property
    def containers(self) -> list[Container]:
        """All its containers, also those of single commands, as they are now."""
        names = set(self.names)
        project = self.stack.compose.project
        found = self.stack.engine.containers(project, one_off=True)
        return [container for container in found if container.service in names]

    def check_core(self) -> None:
        """Make sure that the core stack is up: the database, and the service that made its tables.

        Raises:
            CoreStackError: it is not.
        """
        healthy = {each.service for each in self.stack.containers if each.healthy}
        if missing := [name for name in _CORE if name not in healthy]:
            raise CoreStackError(
                f"{' and '.join(missing)} not up and healthy: `inv up --detach` brings the core"
                " stack up, `inv status` says how it is"
            )

    def needed(self, with_sql: bool) -> list[str]:
        """The services that a run with these settings needs beside the pipeline itself.

        A site that names a cluster, a store or a metastore of its own needs none of ours for it.
        """
        settings = self.stack.compose.settings
        if settings["ENGINE"] != "spark":
            return []
        found = [
            name
            for setting, ours in _NAMED.items()
            if _is_ours(settings, setting, ours)
            for name in ours
        ]
        if with_sql and "hive-metastore" in found:
            found.append(HIVE_SERVER)
        return found

    def up(self, names: Iterable[str], seconds: float = health.SECONDS) -> None:
        """Start services of the stack, healthy; the core stack stays as it is.

        Raises:
            OperatorError: an image is not there, or a service does not become healthy.
        """
        wanted = self._without_others(names)
        self.stack.provide_images(wanted | {PIPELINE: self.stack.compose.services[PIPELINE]})
        if wanted:
            with view() as show:
                health.bring_up(
                    self.stack.compose,
                    self.stack.engine,
                    wanted,
                    show,
                    seconds,
                    alone=True,
                    again="inv hadoop-tasks",
                )

    def down(self) -> None:
        """Stop and remove all its containers and networks; the volumes stay.

        Raises:
            ComposeError, EngineError: something cannot be removed.
        """
        containers = self.containers
        if running := sorted({each.service for each in containers if each.state == "running"}):
            console.say(f"stopping {', '.join(running)}")
        self.end_pipeline()
        self.stack.compose.remove(self.names)
        for network in self.networks:
            self.stack.engine.remove_network(network)

    def end_pipeline(self, engine: Engine | None = None) -> None:
        """Stop and remove what runs the pipeline, such as what a killed command left behind.

        Another thread than the stack's brings a connection of its own.
        """
        engine = engine or self.stack.engine
        for container in engine.containers(self.stack.compose.project, one_off=True):
            if container.service == PIPELINE:
                engine.stop(container.id)
                engine.remove_container(container.id)

    @property
    def networks(self) -> list[str]:
        """The names of the networks that it has for itself."""
        config = self.stack.compose.config
        users: dict[str, set[str]] = {}
        for name, service in config["services"].items():
            for network in service.get("networks") or {}:
                users.setdefault(network, set()).add(name)
        names = set(self.names)
        return sorted(
            config["networks"][network]["name"]
            for network, used_by in users.items()
            if used_by <= names
        )

    def _without_others(self, names: Iterable[str]) -> dict[str, Service]:
        """The services by name, in the order of their dependencies among each other."""
        chosen = set(names)
        ordered = self.stack.compose.with_dependencies(sorted(chosen))
        return {
            name: replace(
                service,
                depends_on={o: c for o, c in service.depends_on.items() if o in chosen},
            )
            for name, service in ordered.items()
            if name in chosen
        }


def of(root: Path) -> Cluster:
    """The hadoop stack of a checkout.

    Raises:
        SettingsError, EngineError, OperatorError: as Stack.of.
    """
    from tasks.lib.containers.stack import Stack

    return Cluster(Stack.of(root))


def _is_ours(settings: Settings, setting: str, ours: tuple[str, ...]) -> bool:
    return urlsplit(settings[setting]).hostname in ours
