"""Empties HDFS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.lib import console
from tasks.lib.containers.confirmation import confirm
from tasks.lib.hadoop import cluster, lock

if TYPE_CHECKING:
    from pathlib import Path

_VOLUMES = ("namenode", "datanode")


def format_namenode(root: Path, yes: bool = False) -> None:
    """Take the hadoop stack down and remove the volumes of HDFS, once confirmed.

    The namenode formats its new volume when it starts. The datanode's goes with it, as its blocks
    are of the file system that is no more. The pipeline's ledger notices: the next run reads all
    logs anew, and says so; until then the reports stay as they are.

    Raises:
        LockedError: a run is under way.
        OperatorError: it was not confirmed.
    """
    with lock.hold(root, "inv format-namenode"):
        ours = cluster.of(root)
        compose = ours.stack.compose
        declared = compose.config["volumes"]
        volumes = [declared[name]["name"] for name in _VOLUMES]
        confirm(
            f"format-namenode removes all files in HDFS (volumes: {', '.join(volumes)})",
            compose.project,
            yes,
        )
        ours.down()
        for volume in volumes:
            ours.stack.engine.remove_volume(volume)
    console.say("HDFS is empty: the next `inv hadoop-tasks` formats it, and reads all logs anew")
