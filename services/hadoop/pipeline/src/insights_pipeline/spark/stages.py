"""What Spark's stages took, and its executors did, by its own count, kept beside a run's files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyspark.sql import SparkSession


def keep_stages(session: SparkSession, path: Path) -> None:
    """Write the session's stages to a file, a JSON object a line, in the order of their ids.

    Each says what it was for (a table's name), its status, how many tasks it had, the seconds that
    it and that all its tasks took, and the bytes that it shuffled. Lines for the executors follow:
    each one's host, also of those that were lost, its tasks, and the seconds that they took.
    """
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        for stage in sorted(_begun_stages(session), key=lambda stage: int(stage.stageId())):
            file.write(json.dumps(_describe(stage)) + "\n")
        for executor in _executors(session):
            file.write(json.dumps(executor) + "\n")


def _begun_stages(session: SparkSession) -> Iterator[Any]:
    context: Any = session.sparkContext
    nothing = context._jvm.java.util.ArrayList()
    quantiles = context._gateway.new_array(context._jvm.double, 0)
    found = _status(session).stageList(nothing, False, False, quantiles, nothing).iterator()
    while found.hasNext():
        stage = found.next()
        if stage.firstTaskLaunchedTime().isDefined():
            yield stage


def _executors(session: SparkSession) -> Iterator[dict[str, Any]]:
    """Those outside the driver; in a session of one process that is the driver itself."""
    found = _status(session).executorList(False).iterator()
    while found.hasNext():
        executor = found.next()
        if executor.totalTasks() or executor.id() != "driver":
            yield {
                "executor": executor.id(),
                "host": executor.hostPort().rpartition(":")[0],
                "tasks": executor.totalTasks(),
                "task_seconds": executor.totalDuration() / 1000,
            }


def _status(session: SparkSession) -> Any:
    context: Any = session.sparkContext
    return context._jsc.sc().statusStore()


def _describe(stage: Any) -> dict[str, Any]:
    begin, end = stage.firstTaskLaunchedTime().get(), stage.completionTime()
    return {
        "stage": stage.stageId(),
        "of": stage.description().getOrElse(None),
        "status": str(stage.status()).lower(),
        "tasks": stage.numTasks(),
        "seconds": (end.get().getTime() - begin.getTime()) / 1000 if end.isDefined() else None,
        "task_seconds": stage.executorRunTime() / 1000,
        "shuffled_bytes": stage.shuffleWriteBytes(),
    }
