"""What state things are in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from invoke import Exit

from tasks.lib.environment import ROOT
from tasks.lib.task import task

if TYPE_CHECKING:
    from invoke import Context


@task(
    help={
        "data": "instead, the runs of a folder that was given to local.update",
        "runs": "how many runs of that folder to show",
        "json": "for programs",
    }
)
def status(context: Context, data: str = "", runs: int = 10, json: bool = False) -> None:
    """Show images, containers and the last run; exit code 1 if one is unhealthy or it failed."""
    is_well = _of_folder(Path(data), runs, json) if data else _of_stack(json)
    if not is_well:
        raise Exit(code=1)


def _of_folder(data: Path, limit: int, as_json: bool) -> bool:
    from tasks.lib.local import runs

    found = runs.last_runs(data, limit)
    if as_json:
        print(runs.as_json(found))
    else:
        runs.show(found)
    return not found or found[0].status != "failed"


def _of_stack(as_json: bool) -> bool:
    from tasks.lib.containers import status as stack_status

    found = stack_status.read(ROOT)
    if as_json:
        print(stack_status.as_json(found))
    else:
        stack_status.show(found)
    return found.well
