"""The stacks as a whole: openedx and web, brought up and taken down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from invoke import Collection

from tasks.lib.environment import ROOT
from tasks.lib.task import task

if TYPE_CHECKING:
    from invoke import Context


@task(
    help={
        "detach": "return once all is healthy, instead of following the logs",
        "timeout": "seconds that each service may take from its start until it is healthy",
    }
)
def up(context: Context, detach: bool = False, timeout: int = 300) -> None:
    """Start the openedx and web stacks, wait until they are healthy, then follow their logs."""
    from tasks.lib.containers import stack

    stack.up(ROOT, detach, timeout)


@task
def down(context: Context) -> None:
    """Stop and remove containers and networks; the data stay."""
    from tasks.lib.containers import stack

    stack.down(ROOT)


@task(help={"yes": "do not ask"})
def destroy(context: Context, yes: bool = False) -> None:
    """Remove containers, networks and VOLUMES with all data, after a typed confirmation."""
    from tasks.lib.containers import stack

    stack.destroy(ROOT, yes)


@task
def reload(context: Context) -> None:
    """Have nginx serve TLS_CERTIFICATE and TLS_KEY as they are now, without downtime."""
    from tasks.lib.containers import stack

    stack.reload_certificate(ROOT)


tls = Collection("tls", reload)
tls.__doc__ = "The certificate of the pages."
