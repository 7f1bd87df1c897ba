"""Tasks for each service of the compose files: a new service has them without a change here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke import Collection, Exit

from tasks.lib.containers.services import names
from tasks.lib.environment import ROOT
from tasks.lib.task import task

if TYPE_CHECKING:
    from collections.abc import Callable

    from invoke import Context, Task

_COMMAND = {"command": "run this by sh in place of a shell, without a terminal if there is none"}
_FOLLOW = {"follow": "wait for more at the end"}


def starting(service: str) -> Task[Callable[..., None]]:
    """The task `start.SERVICE`."""

    @task(name=service, help={"timeout": "seconds that each service may take until it is healthy"})
    def start(context: Context, timeout: int = 300) -> None:
        from tasks.lib.containers import stack

        stack.start(ROOT, service, timeout)

    return _described(start, f"Start {service} and what it depends on, and wait until healthy.")


def entering(service: str) -> Task[Callable[..., None]]:
    """The task `exec.SERVICE`."""

    @task(name=service, help=_COMMAND)
    def enter(context: Context, command: str = "") -> None:
        from tasks.lib.containers import stack

        _end(stack.enter(ROOT, service, command))

    return _described(enter, f"Open a shell in the running container of {service}.")


def trying(service: str) -> Task[Callable[..., None]]:
    """The task `shell.SERVICE`."""

    @task(name=service, help=_COMMAND)
    def shell(context: Context, command: str = "") -> None:
        from tasks.lib.containers import stack

        _end(stack.shell(ROOT, service, command))

    return _described(shell, f"Open a shell in a fresh container of {service}.")


def following(service: str) -> Task[Callable[..., None]]:
    """The task `logs.SERVICE`."""

    @task(name=service, help=_FOLLOW)
    def log(context: Context, follow: bool = True) -> None:
        from tasks.lib.containers import stack

        stack.logs(ROOT, [service], follow)

    return _described(log, f"Follow what {service} logs.")


@task(name="all", default=True, help=_FOLLOW)
def all_logs(context: Context, follow: bool = True) -> None:
    """Follow what all services log."""
    from tasks.lib.containers import stack

    stack.logs(ROOT, [], follow)


def _end(code: int) -> None:
    """Hands on what the command in the container ended with."""
    if code:
        raise Exit(code=code)


def _described(one: Task[Callable[..., None]], summary: str) -> Task[Callable[..., None]]:
    one.__doc__ = summary
    return one


def _namespace(
    name: str, summary: str, make: Callable[[str], Task[Callable[..., None]]]
) -> Collection:
    namespace = Collection(name, *map(make, names(ROOT)))
    namespace.__doc__ = summary
    return namespace


start = _namespace("start", "One service, with what it depends on.", starting)
enter = _namespace("exec", "A shell in a running container.", entering)
shell = _namespace("shell", "A shell in a fresh container; no stack is needed.", trying)
logs = _namespace("logs", "What the services log.", following)
logs.add_task(all_logs)
