"""A warehouse of an earlier version, which knew fewer metrics and less of the LMS's tables."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import duckdb
import pytest

from embedded import Site
from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval
from insights_pipeline.metrics import SUBJECTS, Viewed
from insights_pipeline.sample import SampleOptions, write_sample
from insights_pipeline.schema import HOME, REPORTS
from insights_pipeline.schema.columns import GONE
from insights_pipeline.update import REPORTS_FILE
from insights_pipeline.warehouse import FILE

if TYPE_CHECKING:
    from pathlib import Path

    from insights_pipeline.sample import Sample

OPTIONS = SampleOptions(days=10, learners=30, courses=2, dirty=0.01)


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    """Ten days of a small site."""
    return write_sample(tmp_path_factory.mktemp("sample"), OPTIONS)


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("with_new_events", [True, False])
def test_a_subject_that_an_upgrade_brings(
    subject: str, with_new_events: bool, sample: Sample, tmp_path: Path
) -> None:
    interval, inputs = Interval(*sample.interval), Inputs(**sample.inputs)
    files = sorted(path for path in sample.logs.rglob("*") if path.is_file())
    late = files[len(files) // 2 :] if with_new_events else []
    grown, made_at_once = Site(tmp_path / "grown"), Site(tmp_path / "at-once")
    shutil.copytree(sample.logs, made_at_once.logs)
    made_at_once.update(interval, inputs)

    shutil.copytree(sample.logs, grown.logs)
    for file in late:
        (grown.logs / file.relative_to(sample.logs)).unlink()
    grown.update(interval, inputs)
    make_as_before(grown, subject)
    for file in late:
        shutil.copy2(file, grown.logs / file.relative_to(sample.logs))
    grown.update(interval, inputs)

    assert grown.warehouse() == made_at_once.warehouse()
    assert grown.reports() == made_at_once.reports()


def make_as_before(site: Site, subject: str) -> None:
    """Have the warehouse as if the subject, and a column of the LMS's, had not existed."""
    kept_at_home = {table.name for table in HOME}
    with (
        closing(duckdb.connect(str(site.data / FILE))) as warehouse,
        closing(sqlite3.connect(site.data / REPORTS_FILE)) as reports,
        reports,
    ):
        for metric in SUBJECTS[subject]:
            if isinstance(metric.upkeep, Viewed):
                warehouse.execute(f"DROP VIEW {metric.name}")
                continue
            warehouse.execute(f"DROP TABLE {metric.name}")
            if metric.name in kept_at_home:
                warehouse.execute(f"DROP TABLE {metric.name}{GONE}")
            if metric.table in REPORTS:
                reports.execute(f"DELETE FROM {metric.name}")
        warehouse.execute("ALTER TABLE auth_userprofile DROP COLUMN gender")
