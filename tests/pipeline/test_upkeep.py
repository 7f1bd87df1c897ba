"""Tables that grew run by run are the tables of a single run over everything."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from embedded import Rows, Site
from insights_pipeline.errors import BadInput
from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval
from insights_pipeline.sample import SampleOptions, write_sample
from reference import reference_totals
from reference.strategies import History, histories, intervals

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

generated = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None)


@dataclass(frozen=True)
class Run:
    """What one run gets.

    Attributes:
        lines: log lines that are new.
        interval: the dates to cover.
        with_inputs: whether it is given the LMS's tables and the catalog.
    """

    lines: list[bytes]
    interval: Interval
    with_inputs: bool


@dataclass(frozen=True)
class Growth:
    """A history that arrives in several runs; the last one is given its interval and inputs."""

    history: History
    runs: list[Run]


@st.composite
def growths(draw: DrawFn) -> Growth:
    """Every line arrives in any of the runs, so that many are late."""
    history = draw(histories().filter(lambda history: reference_totals(history.lines)[1] > 0))
    count = draw(st.integers(2, 5))
    arrivals = [draw(st.integers(0, count - 1)) for _ in history.lines]
    last = Interval(*history.interval)
    earlier = draw(nightly(last, count - 1) | st.lists(jumps, min_size=count - 1, max_size=count))
    return Growth(
        history,
        [
            Run(
                [line for line, run in zip(history.lines, arrivals, strict=True) if run == number],
                interval,
                with_inputs=interval is last or draw(st.booleans()),
            )
            for number, interval in enumerate([*earlier[: count - 1], last])
        ],
    )


jumps = intervals().map(lambda interval: Interval(*interval))


@st.composite
def nightly(draw: DrawFn, last: Interval, count: int) -> list[Interval]:
    """The last interval as it was on earlier nights."""
    days = range(1, (last.end - last.start).days + 1)
    ages = draw(st.lists(st.sampled_from(days), min_size=count, max_size=count))
    return [Interval(last.start, last.start + timedelta(days=age)) for age in sorted(ages)]


# Without shrinking, which takes minutes: `full` does that.
@settings(generated, max_examples=12, derandomize=True, phases=[Phase.generate])
@given(growths())
def test_runs_add_up_to_a_single_one(growth: Growth) -> None:
    check(growth)


@pytest.mark.full
@settings(generated, max_examples=150)
@given(growths())
def test_any_runs_add_up_to_a_single_one(growth: Growth) -> None:
    check(growth)


def check(growth: Growth) -> None:
    with tempfile.TemporaryDirectory() as folder:
        growth.history.write(Path(folder))
        inputs = Inputs(Path(folder, "lms"), Path(folder, "course_runs.json"))
        grown = Site(Path(folder, "grown"))
        *earlier, last = growth.runs
        for run in earlier:
            grown.log(run.lines)
            # The first runs may find no event yet.
            with suppress(BadInput):
                grown.update(run.interval, inputs if run.with_inputs else None)
        grown.log(last.lines)
        grown.update(last.interval, inputs)

        at_once = Site(Path(folder, "at_once"))
        at_once.log(growth.history.lines)
        at_once.update(last.interval, inputs)

        assert_equal(grown, at_once)


def assert_equal(one: Site, other: Site) -> None:
    tables, expected = all_tables(one), all_tables(other)
    for name, rows in expected.items():
        assert tables[name] == rows, name


def all_tables(site: Site) -> dict[str, Rows]:
    tables = {f"{name} as published": rows for name, rows in site.reports().items()}
    return {**tables, **site.warehouse()}


def test_a_sample_day_by_day(tmp_path: Path) -> None:
    """Two hosts' logs as they are rotated every night, a share of them late or dirty."""
    options = SampleOptions(days=14, learners=50, courses=3, dirty=0.01)
    sample = write_sample(tmp_path / "sample", options)
    inputs = Inputs(**sample.inputs)
    grown, at_once = Site(tmp_path / "grown"), Site(tmp_path / "at_once")

    begin, end = sample.interval
    for night in range(1, options.days):
        rotated = begin + timedelta(days=night)
        copy_logs(sample.logs, grown, f"tracking.log-{rotated:%Y%m%d}.gz")
        grown.update(Interval(begin, rotated), inputs)
    copy_logs(sample.logs, grown, "tracking.log")
    record = grown.update(Interval(begin, end), inputs)
    copy_logs(sample.logs, at_once, "*")
    at_once.update(Interval(begin, end), inputs)

    assert_equal(grown, at_once)
    assert 0 < record.rows_written < sum(record.rows_by_table.values())


def copy_logs(logs: Path, site: Site, pattern: str) -> None:
    for log in logs.rglob(pattern):
        if log.is_file():
            copy = site.logs / log.relative_to(logs)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(log, copy)


def test_a_week_that_is_whole_now_counts_though_its_last_day_was_empty(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.log(
        [
            b'{"time": "2014-07-21T10:00:00", "event_type": "page_close", "context":'
            b' {"user_id": 1, "course_id": "edX/DemoX/Demo_Course"}}'
        ]
    )
    monday, sunday, next_monday = date(2014, 7, 21), date(2014, 7, 27), date(2014, 7, 28)

    site.update(Interval(monday, sunday))
    assert site.reports()["course_activity"] == []
    site.update(Interval(monday, next_monday))

    assert [row[-1] for row in site.reports()["course_activity"]] == [1]
