"""Starts services, each once what it depends on is ready, and waits until all are healthy.

Compose can wait by itself, but says neither how far it is nor why it does not come to an end: it
gives up on a service that ends once, and waits for ever for one that does so again and again. So
Compose makes the containers; when they start, and what becomes of them, is seen to here.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from tasks.lib.containers.compose import COMPLETED, HEALTHY, ComposeError, one_shots
from tasks.lib.engine import EngineError
from tasks.lib.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from tasks.lib.containers.compose import Compose, Service
    from tasks.lib.engine import Container, Engine

SECONDS = 300.0
"""How long a service may take from its start until it is healthy."""

_POLL_SECONDS = 0.5
# A service may die on a cold start, as when its database is not there yet, but not for ever.
_RESTARTS = 3
# What was unhealthy already may have been so for want of what has only now come back: it is looked
# at again, which takes up to three intervals of its health check.
_SECONDS_FOR_ANOTHER_LOOK = 45.0
# Without a health check, a container that has run for so long counts as healthy.
_SECONDS_TO_SETTLE = 2.0
_LOG_LINES = 20


class State(StrEnum):
    """How far a service is."""

    WAITING = "waiting"
    READY = "ready to start"
    STARTING = "starting"
    HEALTHY = "healthy"
    DONE = "done"
    FAILED = "failed"


_ORDER = {State.FAILED: 0, State.STARTING: 1, State.HEALTHY: 2, State.DONE: 2}


@dataclass(frozen=True)
class Standing:
    """How far a service is, and why."""

    service: str
    state: State
    detail: str = ""
    """What it waits for, or what is wrong with it."""

    def __str__(self) -> str:
        return f"{self.service}: {self.state}" + (f" ({self.detail})" if self.detail else "")


class UnhealthyError(OperatorError):
    """A service did not become healthy.

    Attributes:
        service: its name.
        log: the last lines of what it printed.
    """

    def __init__(self, message: str, service: str, log: str) -> None:
        super().__init__(message)
        self.service = service
        self.log = log


def bring_up(
    compose: Compose,
    engine: Engine,
    services: Mapping[str, Service],
    show: Callable[[Sequence[Standing]], None],
    seconds: float = SECONDS,
    alone: bool = False,
    again: str = "inv up",
) -> None:
    """Start these services in the order of their dependencies; returns once all are healthy.

    Args:
        services: by name, with all that they depend on among each other.
        show: is given the standing of each, about twice a second.
        seconds: how long each may take.
        alone: whether to leave other services that they depend on as they are.
        again: the command to give once what is wrong has been mended.

    Raises:
        UnhealthyError: one ended, dies again and again, is unhealthy, or takes too long.
        ComposeError: one cannot be started.
    """
    watch = _Watch(services, seconds, engine.containers(compose.project))
    compose.create([*services], alone)
    while True:
        containers = engine.containers(compose.project)
        standings = watch.look(containers)
        show(standings)
        for standing in standings:
            if standing.state is State.FAILED:
                raise _explain(standing, standings, containers, engine, again)
        if all(standing.state in (State.HEALTHY, State.DONE) for standing in standings):
            return
        ready = {each.service for each in standings if each.state is State.READY}
        for container in containers:
            if container.service in ready:
                _start(container, compose, engine)
                watch.started(container.service)
        if not ready:
            time.sleep(_POLL_SECONDS)


def _start(container: Container, compose: Compose, engine: Engine) -> None:
    try:
        engine.start(container.id)
    except EngineError as error:
        raise ComposeError(f"{container.service}: {compose.reason(str(error))}") from error


class _Watch:
    """What is known of the services over time."""

    def __init__(
        self, services: Mapping[str, Service], seconds: float, containers: Sequence[Container]
    ) -> None:
        self._services = services
        self._one_shots = one_shots(services)
        self._seconds = seconds
        self._since: dict[str, float] = {}
        self._unhealthy_before = {each.id for each in containers if each.health == "unhealthy"}
        # A start by somebody sets the engine's count to 0.
        self._restarts_before = {each.id: each.restarts for each in containers}

    def started(self, service: str) -> None:
        """Notes that it has been started."""
        self._since[service] = time.monotonic()

    def look(self, containers: Sequence[Container]) -> list[Standing]:
        """The standing of each service, given the project's containers as they are now."""
        for each in containers:
            before = self._restarts_before.get(each.id, 0)
            self._restarts_before[each.id] = min(before, each.restarts)
        found: dict[str, list[Container]] = {}
        for each in containers:
            found.setdefault(each.service, []).append(each)
        started = {name: self._slowest(name, found.get(name, [])) for name in self._since}
        return [
            started.get(service.name) or _not_started(service, found, started)
            for service in self._services.values()
        ]

    def _slowest(self, name: str, containers: Sequence[Container]) -> Standing:
        """How far a service is: as far as the last one of its containers."""
        standings = [self._started(name, each) for each in containers]
        return min(standings, key=lambda each: _ORDER[each.state], default=_removed(name))

    def _started(self, name: str, container: Container) -> Standing:
        is_one_shot = name in self._one_shots
        if is_one_shot and container.state == "exited" and container.exit_code == 0:
            return Standing(name, State.DONE)
        if fault := self._fault(container):
            return Standing(name, State.FAILED, fault)
        if not is_one_shot and container.healthy and _has_settled(container):
            return Standing(name, State.HEALTHY)
        if time.monotonic() - self._since[name] > self._seconds:
            late = f"is not healthy after {self._seconds:.0f} s"
            return Standing(name, State.FAILED, late + _probe(container))
        return Standing(name, State.STARTING)

    def _fault(self, container: Container) -> str | None:
        restarts = container.restarts - self._restarts_before[container.id]
        if restarts >= _RESTARTS and not container.healthy:
            # The engine does not tell while it runs once more.
            code = f" with exit code {container.exit_code}" if container.exit_code else ""
            return f"ends again and again{code}"
        if container.state in ("exited", "dead"):
            return f"ended with exit code {container.exit_code}"
        if container.state == "running" and container.health == "unhealthy":
            waited = time.monotonic() - self._since[container.service]
            if container.id in self._unhealthy_before and waited < _SECONDS_FOR_ANOTHER_LOOK:
                return None
            return "is unhealthy" + _probe(container)
        return None


def _removed(name: str) -> Standing:
    return Standing(name, State.FAILED, "has lost its container: somebody removed it")


def _not_started(
    service: Service, found: Collection[str], started: Mapping[str, Standing]
) -> Standing:
    if service.name not in found:
        return _removed(service.name)
    missing = [
        other
        for other, condition in service.depends_on.items()
        if not _meets(started.get(other), condition)
    ]
    if missing:
        return Standing(service.name, State.WAITING, f"for {', '.join(missing)}")
    return Standing(service.name, State.READY)


def _meets(standing: Standing | None, condition: str) -> bool:
    """Whether a service is what another one that depends on it needs."""
    if standing is None:
        return False
    needed = {HEALTHY: State.HEALTHY, COMPLETED: State.DONE}
    return standing.state is needed.get(condition, standing.state)


def _has_settled(container: Container) -> bool:
    """Whether a container without a health check has run for long enough to believe in it."""
    if container.health or container.started is None:
        return True
    return (datetime.now(UTC) - container.started).total_seconds() >= _SECONDS_TO_SETTLE


def _probe(container: Container) -> str:
    """What the last health check printed, to go on with in a sentence."""
    line = " ".join(container.probe.split())
    return f": its health check says {line[:120]!r}" if line else ""


def _explain(
    failed: Standing,
    standings: Sequence[Standing],
    containers: Sequence[Container],
    engine: Engine,
    again: str,
) -> UnhealthyError:
    ids = [container.id for container in containers if container.service == failed.service]
    waiting = [each.service for each in standings if each.state is State.WAITING]
    consequence = f"; waiting for it: {', '.join(waiting)}" if waiting else ""
    return UnhealthyError(
        f"{failed.service} {failed.detail}{consequence}. Its whole log:"
        f" `inv logs.{failed.service}`; once it is mended: `{again}`",
        failed.service,
        engine.logs(ids[0], _LOG_LINES) if ids else "",
    )
