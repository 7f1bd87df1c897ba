"""A driver killed at any moment leaves the reports of before or after; the next run mends it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import insights_pipeline
import on_spark
import updating
from updating import SampleSite

if TYPE_CHECKING:
    from updating import Tables

TESTS = Path(on_spark.__file__).parent
SOURCE = Path(insights_pipeline.__file__).parents[1]

# Each is a program that runs until it kills itself, and Spark with it, at the moment that its name
# tells.
DYING = """
import os, signal, threading, time
import on_spark
from insights_pipeline.publish import reports
from insights_pipeline.spark import home
from insights_pipeline.spark.catalog import Catalog
from insights_pipeline.spark.computing import Computing
from insights_pipeline.spark.intake import Intake
from insights_pipeline.spark.store import Store

def die():
    os.killpg(os.getpid(), signal.SIGKILL)

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

def dying(function, call=1, first=True):
    "The function, which kills us before (`first`) or after that call of it."
    calls = []
    def counted(*arguments, **options):
        calls.append(arguments)
        if first and len(calls) == call:
            die()
        result = function(*arguments, **options)
        if len(calls) == call:
            die()
        return result
    return counted
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
IN_CI = ("while logs are parsed", "after files of tables came home")
ALONE = [pytest.param(point, marks=pytest.mark.full) for point in POINTS]


@dataclass(frozen=True)
class Case:
    """A site whose data folder is some days old, and what the next update makes of it."""

    site: SampleSite
    data: Path
    before: Tables
    after: Tables
    events_after: int


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("kill")
    site = SampleSite.make(folder, days=9, learners=20)
    data, embedded = folder / "before", folder / "embedded"
    on_spark.run(on_spark.on_spark(site.earlier_update(data)))
    updating.run(site.update(embedded))
    return Case(
        site,
        data,
        updating.reports_of(data),
        updating.reports_of(embedded),
        updating.events_on_disk(embedded),
    )


@pytest.fixture
def data(case: Case, tmp_path: Path) -> Path:
    shutil.copytree(on_spark.store_of(case.data), on_spark.store_of(tmp_path / "data"))
    return shutil.copytree(case.data, tmp_path / "data")


def kill(case: Case, data: Path, point: str) -> None:
    """Run the update in a process group of its own until it kills that."""
    sample = case.site.sample
    arguments = [sample.logs, data, sample.lms, sample.catalog, case.site.interval]
    code = f"{DYING}{POINTS[point]}\nimport sys\non_spark.main(*sys.argv[1:])"
    process = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(SOURCE), *sys.path])},
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        check=False,
    )
    assert process.returncode == -signal.SIGKILL
    assert updating.reports_of(data) == case.before


def check_mended(case: Case, data: Path) -> None:
    """Run the update to its end; then all is as if it had never been killed."""
    record = on_spark.run(on_spark.on_spark(case.site.update(data)))
    assert record.status == "succeeded"
    assert not [note for note in record.notes if "read anew" in note]
    assert updating.reports_of(data) == case.after
    store = on_spark.store_of(data)
    assert updating.events_on_disk(store) == updating.events_in_ledger(data) == case.events_after
    assert list((store / "incoming").iterdir()) == list((data / "incoming").iterdir()) == []


def test_killed_again_and_again(case: Case, data: Path) -> None:
    """Each run mends what the one before left, and is killed later than that."""
    for point in IN_CI:
        kill(case, data, point)
    check_mended(case, data)


@pytest.mark.parametrize("point", ALONE)
def test_killed_at_a_certain_point(case: Case, data: Path, point: str) -> None:
    kill(case, data, point)
    check_mended(case, data)
