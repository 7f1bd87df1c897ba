"""The command gives the published answers to the published logs."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from checkout import ROOT
from embedded import Rows, Site, in_order
from insights_pipeline import schema
from insights_pipeline.interval import Interval


@dataclass(frozen=True)
class Published:
    """A fixture: logs, inputs beside them, and the tables that they give."""

    folder: Path

    @property
    def answer(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "expected.json").read_bytes())
        return found

    @property
    def interval(self) -> Interval:
        return Interval(*map(date.fromisoformat, self.answer["interval"]))

    def rows(self, table: schema.Table) -> Rows:
        """The published rows, sorted, with their columns in our order."""
        published = self.answer["tables"][table.name]
        assert set(published["columns"]) == set(table.names)
        order = [published["columns"].index(name) for name in table.names]
        return in_order(tuple(row[index] for index in order) for row in published["rows"])

    def update(self, site: Site, interval: Interval) -> None:
        """Run `inv local.update` on a copy of the logs."""
        site.logs.mkdir()
        for log in self.folder.glob("tracking.log*"):
            shutil.copy2(log, site.logs)
        options = [f"--logs={site.logs}", f"--data={site.data}", f"--interval={interval}"]
        if (self.folder / "lms").is_dir():
            options += [f"--lms={self.folder / 'lms'}"]
            options += [f"--catalog={self.folder / 'course_runs.json'}"]
        command = [str(Path(sys.executable).with_name("inv")), "local.update", *options]
        subprocess.run(command, cwd=ROOT, check=True)


@pytest.fixture(params=["activity", "video"])
def published(request: pytest.FixtureRequest, fixtures: Path) -> Published:
    return Published(fixtures / request.param)


@pytest.fixture
def enrollment(fixtures: Path) -> Published:
    return Published(fixtures / "enrollment")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def assert_equal(site: Site, published: Published) -> None:
    expected = {
        table.name: published.rows(table)
        for table in schema.REPORTS
        if table.name in published.answer["tables"]
    }
    assert expected
    reports = site.reports()
    assert {name: reports[name] for name in expected} == expected


def test_activity_and_video(published: Published, site: Site) -> None:
    published.update(site, published.interval)
    assert_equal(site, published)


def test_enrollment(enrollment: Published, site: Site) -> None:
    """Six tables and the warehouse's summary, from the first day that the answer has."""
    first_day = min(row[1] for row in enrollment.rows(schema.COURSE_ENROLLMENT_DAILY))
    interval = Interval(date.fromisoformat(first_day), enrollment.interval.end)

    enrollment.update(site, interval)

    assert_equal(site, enrollment)
    with (enrollment.folder / "expected_enrollment_summary.csv").open(newline="") as file:
        columns, *rows = csv.reader(file)
    summary = schema.COURSE_ENROLLMENT_SUMMARY
    assert tuple(columns) == summary.names
    assert sorted(map(as_csv, site.warehouse(summary)[summary.name])) == sorted(rows)


def test_the_interval_stated_for_enrollment_begins_a_day_before_its_answer(
    enrollment: Published, site: Site
) -> None:
    """Two learners enroll on the first day stated; the published tables do not know them."""
    enrollment.update(site, enrollment.interval)

    daily = site.reports()["course_enrollment_daily"]
    course = "edX/Open_DemoX/edx_demo_course"
    assert [row for row in daily if row[1] == "2014-07-30"] == [(course, "2014-07-30", 2, 2)]


def as_csv(row: tuple[Any, ...]) -> list[str]:
    """The row as the published summary has it: NULL is empty, times have microseconds."""
    return [
        f"{value:%Y-%m-%d %H:%M:%S.%f}"
        if hasattr(value, "strftime")
        else ""
        if value is None
        else str(value)
        for value in row
    ]
