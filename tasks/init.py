"""The first command in a fresh checkout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.lib.task import task

if TYPE_CHECKING:
    from invoke import Context


@task
def init(context: Context) -> None:
    """Make settings with fresh secrets, data folders and a certificate; change nothing there."""
    from tasks.lib.environment import ROOT
    from tasks.lib.settings.initialise import initialise

    made = False
    for line in initialise(ROOT):
        made = True
        print(line, flush=True)
    if not made:
        print("nothing to do: all is there")


@task
def dev(context: Context) -> None:
    """Do what init does, then build every image that is out of date."""
    from tasks import build

    init(context)
    build.build(context)
