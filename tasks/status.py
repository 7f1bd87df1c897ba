"""What state things are in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tasks.lib.errors import task

if TYPE_CHECKING:
    from invoke import Context


@task(help={"data": "folder that was given to local.update", "runs": "how many runs to show"})
def status(context: Context, data: str = "data/demo", runs: int = 10) -> None:
    """Show the last pipeline runs of a data folder."""
    from tasks.lib.runs import last_runs, show

    show(last_runs(Path(data), runs))
