"""The worked examples and wild answers, all as one site's logs: both engines leave the same."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import on_spark
import updating
import wild_answers
from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval
from insights_pipeline.metrics import METRICS
from insights_pipeline.update import Update

if TYPE_CHECKING:
    from pathlib import Path

    from insights_pipeline.runs import RunRecord


def test_twice(fixtures: Path, tmp_path: Path) -> None:
    """What they are and, where nothing has come since, still are."""
    logs = shutil.copytree(fixtures, tmp_path / "logs")
    (logs / "tracking.log-wild").write_bytes(b"\n".join(wild_answers.lines(40)) + b"\n")
    blocks = tmp_path / "blocks.jsonl"
    blocks.write_text("\n".join(map(json.dumps, wild_answers.blocks())))
    enrollment = fixtures / "enrollment"
    inputs = Inputs(enrollment / "lms", enrollment / "course_runs.json", course_blocks=blocks)
    interval = Interval(date(2014, 4, 1), date(2014, 8, 7))
    embedded = Update(logs, tmp_path / "embedded", interval, inputs, updating.RESOURCES)
    expected = updating.run(embedded)
    update = on_spark.on_spark(replace(embedded, data=tmp_path / "spark"))

    first = on_spark.run(update)
    assert updating.reports_of(update.data) == updating.reports_of(embedded.data)
    assert totals(first) == totals(expected)
    assert list(first.seconds_by_step) == [
        *("open", "cluster", "inputs", "copy", "parse", "ledger"),
        *("metrics", "metrics.enrollment", "metrics.programs", "metrics.structure"),
        "metrics.geography",
        *("metrics.activity", "metrics.video", "metrics.grades", "metrics.problems"),
        *("metrics.student_engagement", "metrics.engagement"),
        *("events", "files", "publish"),
    ]
    assert updating.rejects_of(update.data) == updating.rejects_of(embedded.data)
    assert answers_in(update.data) == answers_in(embedded.data)
    assert len(answers_in(update.data)) > 2
    assert said_of_answers(first) == said_of_answers(expected) != []

    second = on_spark.run(update)
    assert (second.files, second.lines, second.rows_written) == (0, 0, 0)
    assert computed(update.data, 1) > {"enrollment_event", "course_activity", "video"}
    assert computed(update.data, 2) == set()
    assert updating.reports_of(update.data) == updating.reports_of(embedded.data)
    store = on_spark.store_of(update.data)
    assert updating.events_on_disk(store) == updating.events_in_ledger(update.data) == first.events
    assert on_spark.tables_in(store) == updating.warehouse_of(embedded.data)


def computed(data: Path, run: int) -> set[str]:
    """Tables for which a run had Spark do anything."""
    stages = (data / "stages" / f"run-{run:06}.jsonl").read_text(encoding="utf-8").splitlines()
    return {metric.name for metric in METRICS} & {json.loads(each).get("of") for each in stages}


def answers_in(data: Path) -> dict[str, bytes]:
    """The answers of each course, as the file that its staff download."""
    files = (data / "reports").glob("*_problem_response.csv")
    return {path.name: path.read_bytes() for path in files}


def said_of_answers(record: RunRecord) -> list[str]:
    return [note for note in record.notes if "problem_check" in note]


def totals(record: RunRecord) -> tuple[Any, ...]:
    return (record.files, record.bytes, record.lines, record.events, record.rejects_by_reason)
