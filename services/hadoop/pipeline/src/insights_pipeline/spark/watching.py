"""Ends the wait for executors that do not come.

Spark waits for one without an end: where there never was a worker, where all were lost, or where
the master was, and the one in its place does not know of the session.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator

    from pyspark.sql import SparkSession

PATIENCE = 180.0
"""Seconds for which there may be work and no executor."""
GIVEN_UP = "cancelled as part of cancellation of all jobs"
"""What Spark says of the work then."""


@contextmanager
def executors_watched(session: SparkSession, patience: float = PATIENCE) -> Generator[None]:
    """Cancel the session's work where it has waited for an executor for so many seconds."""
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(session.sparkContext, patience, over))
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _watch(context: Any, patience: float, over: threading.Event) -> None:
    since = time.monotonic()
    with suppress(Exception):  # of a driver that is gone, which the work itself notices
        while not over.wait(min(patience / 4, 10)):
            if not _waits(context):
                since = time.monotonic()
            elif time.monotonic() - since > patience:
                context.cancelAllJobs()


def _waits(context: Any) -> bool:
    storage = context._jsc.sc().getExecutorMemoryStatus()  # the driver's own among it
    return bool(context.statusTracker().getActiveStageIds()) and storage.size() < 2
