"""What only shows at size: many logs, large ones, a cluster of several executors."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import on_spark
import updating
from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval
from insights_pipeline.resources import Resources
from insights_pipeline.sample import options_for_size, write_sample
from insights_pipeline.spark.intake import Intake
from insights_pipeline.update import Update

if TYPE_CHECKING:
    from pyspark import SparkContext, StatusTracker

    from insights_pipeline.runs import RunRecord

pytestmark = pytest.mark.full

AS_IN_PRODUCTION = {
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.codegen.factoryMode": "FALLBACK",
    "spark.sql.codegen.wholeStage": "true",
}
EVENT = (
    b'{"event_type": "page_close", "event_source": "browser", "username": "u%d", "event": "{}",'
    b' "time": "2026-01-05T10:00:%02d+00:00", "ip": "1.2.3.4",'
    b' "context": {"user_id": %d, "course_id": "course-v1:a+b+%d"}}\n'
)


def sample(folder: Path, megabytes: int) -> Update:
    options = replace(options_for_size(megabytes, days=60), dirty=0.02)
    written = write_sample(folder, options)
    inputs = Inputs(**written.inputs)
    interval = Interval(*written.interval)
    return Update(written.logs, folder.parent / "embedded", interval, inputs, Resources.default())


def assert_same(update: Update, **settings: str) -> RunRecord:
    """Run both engines on the same; what they leave is equal, row for row."""
    expected = updating.run(update)
    other = on_spark.on_spark(replace(update, data=update.data.with_name("spark")), **settings)
    record = on_spark.run(other)
    names = ("files", "bytes", "lines", "events", "rejects_by_reason", "rows_by_table")
    assert [getattr(record, name) for name in names] == [getattr(expected, name) for name in names]
    assert updating.reports_of(other.data) == updating.reports_of(update.data)
    return record


def test_two_hundred_megabytes_with_dirty_lines(tmp_path: Path) -> None:
    record = assert_same(sample(tmp_path / "sample", megabytes=260), **AS_IN_PRODUCTION)

    assert record.bytes > 200 * 10**6
    assert record.rejected > 1_000


def test_a_thousand_small_logs(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    for host in range(100):
        (logs / f"host-{host}").mkdir(parents=True)
        for day in range(10):
            events = (EVENT % (host, second, host, day) for second in range(10 + day))
            (logs / f"host-{host}" / f"tracking.log-{day}").write_bytes(b"".join(events))
    interval = Interval(date(2026, 1, 5), date(2026, 1, 12))
    update = Update(logs, tmp_path / "embedded", interval, Inputs(), updating.RESOURCES)

    record = assert_same(update)

    assert record.files == 1_000


def test_executor_that_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two, outside the driver, which gives them this package; Spark does its tasks again."""
    update = sample(tmp_path / "sample", megabytes=10)
    killed: list[int] = []
    parse = Intake._parse

    def parse_with_a_loss(intake: Intake, *arguments: Any) -> Any:
        context = intake.session.sparkContext

        def kill_one() -> None:
            while not running_tasks(context.statusTracker()):
                time.sleep(0.01)
            killed.append(executors(context)[0])
            os.kill(killed[0], signal.SIGKILL)

        threading.Thread(target=kill_one).start()
        return parse(intake, *arguments)

    monkeypatch.setattr(Intake, "_parse", parse_with_a_loss)
    expected = updating.run(update)
    other = on_spark.on_spark(
        replace(update, data=tmp_path / "spark"), **{"spark.executor.memory": "512m"}
    )

    try:
        record = on_spark.run(
            replace(other, cluster=replace(other.cluster, master="local-cluster[2,1,600]"))
        )
    finally:
        remove_folders_of_executors()

    assert killed
    assert (record.status, record.events) == ("succeeded", expected.events)
    assert updating.reports_of(other.data) == updating.reports_of(update.data)


def remove_folders_of_executors() -> None:
    """A cluster on this machine has them beside Spark's jars."""
    import pyspark

    shutil.rmtree(Path(pyspark.__file__).with_name("work"), ignore_errors=True)


def running_tasks(tracker: StatusTracker) -> int:
    """How many tasks are running now."""
    stages = [tracker.getStageInfo(stage) for stage in tracker.getActiveStageIds()]
    return sum(stage.numActiveTasks for stage in stages if stage)


def executors(context: SparkContext) -> list[int]:
    """Process ids of this driver's executors."""
    url = f":{context.getConf().get('spark.driver.port')}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            command = path.read_bytes()
            if b"CoarseGrainedExecutorBackend" in command and url in command:
                found.append(int(path.parent.name))
    return found
