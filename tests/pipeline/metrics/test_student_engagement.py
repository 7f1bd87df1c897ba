"""What learners do in a course: tables and CSV files, against the reference and by example."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from embedded import Site, in_order
from insights_pipeline import schema
from insights_pipeline.errors import BadInput
from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval
from reference.reading import read
from reference.student_engagement import Accounts, engagement_files, engagement_tables
from reference.student_engagement_strategies import History, histories

generated = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
    derandomize=True,
    phases=[Phase.generate],
)


@settings(generated, max_examples=12)
@given(histories(runs=1))
def test_tables_and_files_are_those_of_the_reference(history: History) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = grow(Path(folder), history)
        check(site, history)


@settings(generated, max_examples=10)
@given(histories(runs=3))
def test_what_grew_run_by_run_is_what_one_run_makes(history: History) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = grow(Path(folder), history)
        check(site, history)
        _, interval, accounts = history.runs[-1]
        at_once = grow(Path(folder, "at_once"), History([(history.lines, interval, accounts)]))
        if (site.data / "reports").exists():
            assert site.warehouse() == at_once.warehouse()


@pytest.mark.full
@settings(generated, max_examples=250, derandomize=False)
@given(histories(runs=3))
def test_any_history_is_that_of_the_reference(history: History) -> None:
    with tempfile.TemporaryDirectory() as folder:
        check(grow(Path(folder), history), history)


def grow(folder: Path, history: History) -> Site:
    site = Site(folder)
    for number, (lines, interval, accounts) in enumerate(history.runs):
        site.log(lines)
        tables = folder / f"lms-{number}"
        tables.mkdir()
        accounts.write(tables)
        # The first runs may find no event yet.
        with suppress(BadInput):
            site.update(Interval(*interval), Inputs(lms=tables))
    return site


def check(site: Site, history: History) -> None:
    events, _ = read(history.lines)
    if not events:
        return
    _, (start, end), accounts = history.runs[-1]
    bounds = (start, end)
    events = [event for event in events if start <= event.day < end]
    tables = site.warehouse(schema.STUDENT_ENGAGEMENT_DAILY, schema.STUDENT_ENGAGEMENT_WEEKLY)
    for name, rows in engagement_tables(events, bounds).items():
        assert tables[name] == in_order(rows), name
    expected = engagement_files(events, bounds, accounts)
    found = files(site)
    total = found.pop("total_events_daily.csv")
    assert found == expected
    assert sum(int(line.split(",")[1]) for line in total.splitlines()[1:]) == len(events)


def files(site: Site) -> dict[str, str]:
    folder = site.data / "reports"
    return {
        str(path.relative_to(folder)): path.read_bytes().decode() for path in folder.rglob("*.csv")
    }


# --- by example -----------------------------------------------------------------------------------

COURSE = "course-v1:edX+DemoX+2014"
SATURDAY, SUNDAY = date(2014, 7, 26), date(2014, 7, 27)
WEEK = Interval(date(2014, 7, 21), date(2014, 7, 28))


def line(day: int, event_type: str, username: str = "ada", **payload: object) -> bytes:
    """A line of July 2014."""
    return json.dumps(
        {
            "time": f"2014-07-{day}T10:00:00",
            "event_type": event_type,
            "event_source": "server",
            "username": username,
            "context": {"course_id": COURSE},
            "event": payload,
        }
    ).encode()


def enrolled(day: int, user_id: int = 1, kind: str = "activated") -> bytes:
    return line(
        day,
        f"edx.course.enrollment.{kind}",
        "",
        course_id=COURSE,
        user_id=user_id,
        mode="audit",
    )


ADA = Accounts([(1, "ada", "ada@example.com")])


def run(site: Site, *lines: bytes, interval: Interval = WEEK, accounts: Accounts = ADA) -> None:
    site.log(lines)
    tables = site.folder / "lms"
    tables.mkdir(exist_ok=True)
    accounts.write(tables)
    site.update(interval, Inputs(lms=tables))


def test_a_problem_counts_once_a_period_however_often_it_is_tried(tmp_path: Path) -> None:
    site = Site(tmp_path)
    run(
        site,
        line(26, "problem_check", problem_id="p", success="incorrect"),
        line(27, "problem_check", problem_id="p", success="correct"),
        line(27, "problem_check", problem_id="p", success="incorrect"),
    )
    names = schema.STUDENT_ENGAGEMENT_DAILY.names
    columns = [names.index(name) for name in ("end_date", "days_active", "problems_attempted")]
    columns += [names.index(name) for name in ("problem_attempts", "problems_correct")]
    tables = site.reports()
    daily = [tuple(row[n] for n in columns) for row in tables["student_engagement_daily"]]
    weekly = [tuple(row[n] for n in columns) for row in tables["student_engagement_weekly"]]
    assert daily == [("2014-07-26", 1, 1, 1, 0), ("2014-07-27", 1, 1, 2, 1)]
    assert weekly == [("2014-07-27", 2, 1, 3, 1)]


def test_a_night_writes_only_what_its_day_touches(tmp_path: Path) -> None:
    site = Site(tmp_path)
    run(site, enrolled(24), line(25, "book"), interval=Interval(WEEK.start, SUNDAY))
    before = written(site)
    run(site, line(27, "book"))

    new = {path for path, stamp in written(site).items() if before.get(path) != stamp}

    assert new == {
        "total_events_daily.csv",
        "student_engagement_daily_2014-07-27.csv",
        "student_engagement_weekly_2014-07-27.csv",
        "student_engagement_all_2014-07-21-2014-07-28.csv",
    }
    assert len(written(site)) == 4 + 3  # the days from the 24th on have one


def test_who_leaves_late_is_taken_from_the_days_after(tmp_path: Path) -> None:
    site = Site(tmp_path)
    run(site, enrolled(24), enrolled(24, 2), accounts=Accounts([*ADA.users, (2, "bob", "b@b")]))
    before = written(site)
    run(
        site,
        enrolled(26, 2, "deactivated"),
        accounts=Accounts([*ADA.users, (2, "bob", "b@b")]),
    )

    changed = {path for path, stamp in written(site).items() if before.get(path) != stamp}
    assert {name for name in changed if "daily_2014" in name} == {
        "student_engagement_daily_2014-07-26.csv",
        "student_engagement_daily_2014-07-27.csv",
    }


def written(site: Site) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in (site.data / "reports").rglob("*.csv")}
