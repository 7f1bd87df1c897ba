"""The pipeline and the slow, independent reference give the same tables, whatever the history."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from embedded import Site, in_order
from insights_pipeline import schema
from insights_pipeline.errors import BadInput
from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval
from reference import COLUMNS, reference_tables, reference_totals
from reference.strategies import History, histories

OF_PROFILES = {
    "course_enrollment_gender_daily",
    "course_enrollment_birth_year_daily",
    "course_enrollment_education_level_daily",
}

no_health_checks = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None)


# Without shrinking, which takes minutes: `full` does that.
@settings(no_health_checks, max_examples=200, derandomize=True, phases=[Phase.generate])
@given(histories())
def test_same_tables(history: History) -> None:
    check(history)


@pytest.mark.full
@settings(no_health_checks, max_examples=500)
@given(histories())
def test_same_tables_of_ever_new_histories(history: History) -> None:
    check(history)


def check(history: History) -> None:
    lines, events, rejects = reference_totals(history.lines)
    interval = Interval(*history.interval)
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder))
        history.write(site.folder)
        inputs = Inputs(site.folder / "lms", site.folder / "course_runs.json")
        site.log(history.lines)
        if not events:
            with pytest.raises(BadInput):
                site.update(interval, inputs)
            return
        record = site.update(interval, inputs)
        tables = site.reports() | site.warehouse(schema.COURSE_ENROLLMENT_SUMMARY)
    assert (record.lines, record.events, record.rejects_by_reason) == (lines, events, rejects)
    expected = reference_tables(history.lines, history.interval, history.lms, history.catalog)
    if not history.lms.profiles:
        # The reference counts everybody as unknown; without profiles we say nothing.
        expected |= {table: [] for table in OF_PROFILES}
    for table in COLUMNS:
        rows = [tuple(map(as_text, row)) for row in tables[table]]
        assert in_order(rows) == in_order(expected[table]), table


def as_text(value: Any) -> Any:
    """Times as the reference writes them."""
    return f"{value:%Y-%m-%d %H:%M:%S.%f}" if hasattr(value, "strftime") else value
