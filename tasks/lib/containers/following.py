"""The service that follows the logs, where a site has it, and how others work beside it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tasks.lib import console
from tasks.lib.settings.compose_env import FOLLOW

if TYPE_CHECKING:
    from collections.abc import Generator

    from tasks.lib.containers.stack import Stack
    from tasks.lib.engine import Container


@contextmanager
def paused(stack: Stack) -> Generator[None]:
    """Keep it from the pipeline's tables; at the end it runs if the site has it.

    Raises:
        EngineError: it cannot be stopped, or started again.
    """
    for container in _containers(stack):
        # One that ends again and again would come back beside what is done meanwhile.
        if container.state in ("running", "restarting"):
            console.say(f"{FOLLOW} is stopped meanwhile")
            stack.engine.stop(container.id)
    try:
        yield
    finally:
        if FOLLOW in stack.compose.services:
            for container in _containers(stack):
                stack.engine.start(container.id)


def remove_unwanted(stack: Stack) -> None:
    """Stop and remove it where a site has it no more.

    Raises:
        EngineError: it cannot be removed.
    """
    if FOLLOW in stack.compose.services:
        return
    for container in _containers(stack):
        console.say(f"{FOLLOW} is off: stopped and removed")
        stack.engine.stop(container.id)
        stack.engine.remove_container(container.id)


def _containers(stack: Stack) -> list[Container]:
    return [each for each in stack.containers if each.service == FOLLOW]
