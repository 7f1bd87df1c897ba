"""A site as a folder of files, brought back from it, and brought to a newer version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tasks.lib.environment import ROOT
from tasks.lib.task import task

if TYPE_CHECKING:
    from invoke import Context


@task(help={"to": "a new or an empty folder; it will hold secrets"})
def backup(context: Context, to: str) -> None:
    """Back up settings, certificate, databases and warehouse of the running site."""
    from tasks.lib.backup import take

    take.backup(ROOT, Path(to).absolute())


@task(help={"from": "the folder of a backup", "yes": "do not ask"})
def restore(context: Context, from_: str, yes: bool = False) -> None:
    """REPLACE settings and data by those of a backup, after a typed confirmation."""
    from tasks.lib.backup import bring_back

    bring_back.restore(ROOT, Path(from_).absolute(), yes)


@task(help={"backup": "a new or an empty folder for a backup, the way back"})
def upgrade(context: Context, backup: str) -> None:
    """Bring the running site to the version that is checked out: backup, init, build, up."""
    from tasks.lib.backup.upgrade import upgrade as bring_up_to_date
    from tasks.lib.containers import status

    bring_up_to_date(ROOT, Path(backup).absolute())
    status.show(status.read(ROOT))
