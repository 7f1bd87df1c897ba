"""Updates on Spark that are killed, driver and all, at moments that have names."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import insights_pipeline

if TYPE_CHECKING:
    from insights_pipeline.update import Update

_TESTS = Path(__file__).parent
_SOURCE = Path(insights_pipeline.__file__).parents[1]

_DYING = """
import threading, time
import on_spark
from dying import die, dying
from insights_pipeline.publish import reports
from insights_pipeline.spark import home
from insights_pipeline.spark.catalog import Catalog
from insights_pipeline.spark.computing import Computing
from insights_pipeline.spark.intake import Intake
from insights_pipeline.spark.store import Store

def dying_at_work(method):
    "The method, which kills us while tasks that it started are running."
    def watched(self, *arguments):
        tracker = self.session.sparkContext.statusTracker()
        def watch():
            while not tracker.getActiveStageIds():
                time.sleep(0.01)
            die()
        threading.Thread(target=watch).start()
        method(self, *arguments)
    return watched
"""
POINTS = {
    "while logs are copied": "Store.put = dying(Store.put, 2)",
    "while logs are parsed": "Intake._parse = dying_at_work(Intake._parse)",
    "after events were written": "Computing.begin = dying(Computing.begin)",
    "amid the metrics": "Computing.compute = dying(Computing.compute, 9)",
    "before the commit": "home.keep = dying(home.keep, first=False)",
    "after the commit": "home.settle = dying(home.settle, 2)",
    "after an event file came home": "Store.move = dying(Store.move, 3, first=False)",
    "after files of tables came home": "Store.move = dying(Store.move, 30, first=False)",
    "before the catalog shows what came": "Catalog.show = dying(Catalog.show)",
    "before the store knows the run": "Catalog.show_view = dying(Catalog.show_view, first=False)",
    "before publishing": "home.settle = dying(home.settle, 2, first=False)",
    "amid publishing": "reports._insert = dying(reports._insert, 5)",
}
"""What makes an update die, by the moment at which it does."""


def kill(update: Update, point: str) -> None:
    """Run the update in a process group of its own, until it kills that."""
    paths = {name: path for name, path in vars(update.inputs).items() if isinstance(path, Path)}
    inputs = json.dumps(paths, default=str)
    arguments = [update.logs, update.data, inputs, update.interval]
    code = f"{_DYING}{POINTS[point]}\nimport sys\non_spark.main(*sys.argv[1:])"
    process = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_TESTS), str(_SOURCE), *sys.path])},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL, "it ended before it came to that point"
