"""The demo: sample logs, an update, and its numbers in the terminal."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval
from insights_pipeline.sample import SampleOptions, read_sample, write_sample
from insights_pipeline.schema import REPORTS
from insights_pipeline.update import REPORTS_FILE, Update
from tasks.lib import console
from tasks.lib.errors import OperatorError
from tasks.lib.local import pipeline, users

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from insights_pipeline.sample import Sample
    from tasks.lib.local.serve import Site
    from tasks.lib.local.users import User

_OPTIONS = SampleOptions()
_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Course:
    """A course run on the interval's last day.

    Attributes:
        active_by_week: active learners in each whole week of the interval, the same for all.
    """

    course_id: str
    title: str
    enrolled: int
    ever_enrolled: int
    active_by_week: list[int]


@dataclass(frozen=True)
class Summary:
    """What the reports database of a data folder says."""

    data: Path
    interval: Interval
    rows_by_table: dict[str, int]
    courses: list[Course]


def prepare(folder: Path, options: SampleOptions = _OPTIONS) -> Summary:
    """Make what is missing of the demo in `folder`, and sum it up."""
    sample = read_sample(folder / "sample")
    if sample is None:
        with console.progress("sample logs") as progress:
            sample = write_sample(folder / "sample", options, progress.update)
    update = _update_of(sample, folder)
    for line in pipeline.describe(pipeline.run(update), folder):
        console.say(line)
    return sum_up(folder, Interval(*sample.interval))


def login(served: Site) -> User:
    """The demo's user, who sees all courses, with a password that is new at each start."""
    user = users.generate("demo")
    try:
        users.create(served.data, user, superuser=True, courses=[], update=True)
    except OperatorError:  # no such user yet; any other cause comes up again
        users.create(served.data, user, superuser=True, courses=[])
    return user


def sum_up(data: Path, interval: Interval) -> Summary:
    """Read the summary from the reports database, which covers `interval`."""
    with closing(sqlite3.connect(f"file:{data / REPORTS_FILE}?mode=ro", uri=True)) as reports:
        reports.execute("BEGIN")  # one state for all that follows
        rows = {table.name: _count_rows(reports, table.name) for table in REPORTS}
        courses = [
            Course(
                course_id,
                title or course_id,
                enrolled,
                ever,
                _activity(reports, course_id, interval),
            )
            for course_id, title, enrolled, ever in reports.execute(
                "SELECT course_id, MAX(catalog_course_title), SUM(count), SUM(cumulative_count)"
                " FROM course_meta_summary_enrollment GROUP BY course_id ORDER BY 3 DESC, 1"
            ).fetchall()
        ]
    return Summary(data, interval, rows, courses)


def show(summary: Summary) -> None:
    """Print the summary."""
    from rich.console import Console

    screen = Console(highlight=False, markup=False, soft_wrap=True)
    for line in describe(summary):
        screen.print(line)


def describe(summary: Summary) -> Iterator[str]:
    """The summary in lines of at most 80 columns, where titles and ids are of ordinary length."""
    yield "Reports, in rows"
    for name, rows in summary.rows_by_table.items():
        yield f"  {name:<40}{rows:>10,}"
    yield ""
    yield (
        f"Courses on {summary.interval.last_day}, and learners active in each week since"
        f" {summary.interval.start}"
    )
    for course in summary.courses:
        last_week = f", {course.active_by_week[-1]:,} last week" if course.active_by_week else ""
        yield f"  {course.title} ({course.course_id})"
        yield (
            f"    {sparkline(course.active_by_week)}"
            f" {course.enrolled:,} enrolled of {course.ever_enrolled:,} ever{last_week}"
        )
    yield ""
    yield f"Data: {summary.data}"


def sparkline(numbers: list[int]) -> str:
    """A bar for each number: the highest one full, the lowest for none at all."""
    highest = max(numbers, default=0) or 1
    return "".join(_BARS[-(-number * (len(_BARS) - 1) // highest)] for number in numbers)


def whole_weeks(interval: Interval) -> list[date]:
    """The Mondays of the weeks that lie inside the interval."""
    first = interval.start + timedelta(-interval.start.weekday() % 7)
    return [first + timedelta(days) for days in range(0, (interval.end - first).days - 6, 7)]


def _count_rows(reports: sqlite3.Connection, table: str) -> int:
    return int(reports.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])


def _activity(reports: sqlite3.Connection, course_id: str, interval: Interval) -> list[int]:
    counts = dict(
        reports.execute(
            "SELECT DATE(interval_start), count FROM course_activity"
            " WHERE course_id = ? AND label = 'ACTIVE'",
            [course_id],
        ).fetchall()
    )
    return [counts.get(monday.isoformat(), 0) for monday in whole_weeks(interval)]


def _update_of(sample: Sample, folder: Path) -> Update:
    return Update(
        logs=sample.logs,
        data=folder,
        interval=Interval(*sample.interval),
        inputs=Inputs(**sample.inputs),
    )
