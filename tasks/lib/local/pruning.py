"""Old events and runs of a data folder, out of the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from insights_pipeline import pruning
from insights_pipeline.resources import Resources
from tasks.lib import console, settings
from tasks.lib.containers.confirmation import confirm
from tasks.lib.errors import OperatorError
from tasks.lib.local import pipeline

if TYPE_CHECKING:
    from pathlib import Path


def prune(root: Path, data: Path, keep_days: int, yes: bool, dry_run: bool) -> None:
    """Say what is old and what its removal costs, and remove it once that is confirmed.

    Args:
        root: the checkout, for the setting.
        data: a data folder of the embedded engine.
        keep_days: how many days to keep; 0: as many as KEEP_EVENTS_DAYS says.
        yes: whether it is confirmed.
        dry_run: whether to say it only.

    Raises:
        OperatorError: it is not confirmed, or no number of days is given.
        PipelineError: it cannot be done.
    """
    days = keep_days or int(settings.load(root)["KEEP_EVENTS_DAYS"])
    if days < 1:
        raise OperatorError(
            "nothing says how many days to keep: give --keep-days, or set KEEP_EVENTS_DAYS in"
            " conf/pipeline.env",
            2,
        )
    resources = Resources.default()
    old = pruning.find(data, days, resources)
    print(old)
    if old.events:
        print(pruning.COST)
    if dry_run:
        return
    if old:
        confirm(f"This removes {old} of {data}", "prune", yes)
    pruning.prune(data, days, pipeline.reports("data", data, root), resources)
    console.say(f"removed {old}, and the records of runs as old")
