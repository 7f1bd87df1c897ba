"""Updates over sample logs as tests run them, and what they leave in a data folder.

As a program (`python -m updating`, see `main`) it does one update in a process that may be killed.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
import sys
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow.parquet as pq

from embedded import in_order, reports_in
from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval
from insights_pipeline.metrics import METRICS, Viewed
from insights_pipeline.resources import Resources
from insights_pipeline.sample import Sample, SampleOptions, write_sample
from insights_pipeline.schema import REPORTS
from insights_pipeline.schema.columns import RUN
from insights_pipeline.update import REPORTS_FILE, Update, run_update

if TYPE_CHECKING:
    from insights_pipeline.runs import RunRecord

MIB = 2**20
Tables = dict[str, list[tuple[Any, ...]]]


class WithWorkers(Resources):
    """Limits under which two processes read even a few kilobytes of log."""

    worth_a_worker = 0
    piece_bytes = 2**16


RESOURCES = Resources(600 * MIB, processors=2)
WITH_WORKERS = WithWorkers(800 * MIB, processors=2)


@dataclass(frozen=True)
class SampleSite:
    """A sample site on two dates: its logs as they were some days ago, and as they are now."""

    sample: Sample
    earlier_logs: Path

    @classmethod
    def make(cls, folder: Path, days: int = 14, learners: int = 50) -> SampleSite:
        """Write a site whose logs are partly dirty, rotated and packed on two hosts.

        Five days before the end, half of that day's events were in the plain, growing file.
        """
        options = SampleOptions(days=days, learners=learners, seed=3, dirty=0.05)
        sample = write_sample(folder / "site", options)
        earlier = folder / "earlier-logs"
        for host in sorted(sample.logs.iterdir()):
            (earlier / host.name).mkdir(parents=True)
            packed = sorted(host.glob("tracking.log-*.gz"))
            for path in packed[:-5]:
                shutil.copy2(path, earlier / host.name)
            content = gzip.decompress(packed[-5].read_bytes())
            half = content.index(b"\n", len(content) // 2) + 1
            (earlier / host.name / "tracking.log").write_bytes(content[:half])
        return cls(sample, earlier)

    @property
    def interval(self) -> Interval:
        return Interval(*self.sample.interval)

    def update(self, data: Path, **changes: Any) -> Update:
        """The update with all that the site has by now."""
        inputs = Inputs(**self.sample.inputs)
        update = Update(self.sample.logs, data, self.interval, inputs, RESOURCES)
        return replace(update, **changes)

    def earlier_update(self, data: Path) -> Update:
        """The update as it was some days ago, when nothing but the logs was known."""
        return self.update(data, logs=self.earlier_logs, inputs=Inputs())


def run(update: Update) -> RunRecord:
    """Run an update in this process."""
    return run_update(update, reports_in(update.data))


def reports_of(data: Path) -> Tables:
    """All reports tables as one reader sees them at one moment: sorted, without id and created."""
    with closing(sqlite3.connect(f"file:{data / REPORTS_FILE}?mode=ro", uri=True)) as reports:
        reports.execute("BEGIN")
        return {
            table.name: in_order(
                reports.execute(f"SELECT {', '.join(table.names)} FROM {table.name}").fetchall()
            )
            for table in REPORTS
        }


def warehouse_of(data: Path) -> Tables:
    """All tables that the warehouse stores, sorted, without the run that changed a row."""
    with _warehouse(data) as warehouse:
        return {
            metric.name: in_order(
                warehouse.execute(f"SELECT * EXCLUDE ({RUN}) FROM {metric.name}").fetchall()
            )
            for metric in METRICS
            if not isinstance(metric.upkeep, Viewed)
        }


def rejects_of(data: Path) -> list[dict[str, Any]]:
    """All rejected lines, by their place."""
    lines = [
        json.loads(line)
        for path in (data / "rejects").glob("*.jsonl")
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return sorted(lines, key=lambda reject: (reject["file"], reject["line"]))


def events_in_ledger(data: Path) -> int:
    """Events that the warehouse says it has."""
    with _warehouse(data) as warehouse:
        (events,) = warehouse.execute("SELECT COALESCE(SUM(rows), 0) FROM ledger.part").fetchall()
    return int(events[0])


def events_on_disk(data: Path) -> int:
    """Events in all files of the data folder's events."""
    files = (data / "events").rglob("*.parquet")
    return sum(pq.read_metadata(file).num_rows for file in files)


def _warehouse(data: Path) -> closing[duckdb.DuckDBPyConnection]:
    return closing(duckdb.connect(str(data / "warehouse.duckdb"), read_only=True))


def query(data: Path, sql: str) -> list[tuple[Any, ...]]:
    """What the reports database answers."""
    with closing(sqlite3.connect(data / REPORTS_FILE)) as reports:
        return reports.execute(sql).fetchall()


def runs_of(data: Path) -> list[dict[str, Any]]:
    """All run records, oldest first."""
    with closing(sqlite3.connect(data / REPORTS_FILE)) as reports:
        reports.row_factory = sqlite3.Row
        return [dict(row) for row in reports.execute("SELECT * FROM pipeline_run ORDER BY id")]


def read_inputs(as_json: str) -> Inputs:
    """Inputs that are files: paths by the name of their field."""
    return Inputs(**{name: Path(path) for name, path in json.loads(as_json).items()})


def main(logs: str, data: str, inputs_as_json: str, interval: str, workers: str) -> None:
    """Do one update."""
    inputs = read_inputs(inputs_as_json)
    resources = WITH_WORKERS if workers == "workers" else RESOURCES
    update = Update(Path(logs), Path(data), Interval.parse(interval), inputs, resources)
    run(update)


if __name__ == "__main__":
    main(*sys.argv[1:])
