"""The demo: sample logs, an update, and its numbers in the terminal."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval
from insights_pipeline.sample import SampleOptions, read_sample, write_sample
from insights_pipeline.update import REPORTS_FILE, Update
from tasks.lib import console, pipeline

if TYPE_CHECKING:
    from pathlib import Path

    from insights_pipeline.sample import Sample

_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Course:
    """A course run on the interval's last day, and learners active in each whole week."""

    course_id: str
    title: str
    enrolled: int
    ever_enrolled: int
    active_by_week: list[int]


@dataclass(frozen=True)
class Summary:
    """What the reports database of a data folder says."""

    data: Path
    rows_by_table: dict[str, int]
    courses: list[Course]
    as_of: str


def prepare(folder: Path) -> Summary:
    """Make what is missing of the demo in `folder`, and sum it up."""
    sample = read_sample(folder / "sample")
    if sample is None:
        with console.progress("sample logs") as progress:
            sample = write_sample(folder / "sample", SampleOptions(), progress.update)
    record = pipeline.run(_update_of(sample, folder))
    for line in pipeline.describe(record):
        console.say(line)
    return sum_up(folder, list(record.rows_by_table))


def sum_up(data: Path, tables: list[str]) -> Summary:
    """Read the summary from the reports database."""
    with closing(sqlite3.connect(f"file:{data / REPORTS_FILE}?mode=ro", uri=True)) as reports:
        reports.execute("BEGIN")  # one state for all that follows
        rows = {
            table: int(reports.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])
            for table in tables
        }
        (as_of,) = reports.execute("SELECT MAX(date) FROM course_enrollment_daily").fetchone()
        courses = [
            Course(course_id, title or course_id, enrolled, ever, _activity(reports, course_id))
            for course_id, title, enrolled, ever in reports.execute(
                "SELECT course_id, MAX(catalog_course_title), SUM(count), SUM(cumulative_count)"
                " FROM course_meta_summary_enrollment GROUP BY course_id ORDER BY 3 DESC, 1"
            ).fetchall()
        ]
    return Summary(data, rows, courses, as_of)


def show(summary: Summary) -> None:
    """Print the summary."""
    from rich.console import Console
    from rich.table import Table

    tables = Table("table", title="Reports", title_justify="left")
    tables.add_column("rows", justify="right")
    for name, rows in summary.rows_by_table.items():
        tables.add_row(name, f"{rows:,}")
    courses = Table("course run", title=f"Courses as of {summary.as_of}", title_justify="left")
    for heading in ("enrolled", "ever enrolled", "active last week"):
        courses.add_column(heading, justify="right")
    courses.add_column("active learners by week", no_wrap=True)
    for course in summary.courses:
        courses.add_row(
            f"{course.title}\n{course.course_id}",
            f"{course.enrolled:,}",
            f"{course.ever_enrolled:,}",
            f"{course.active_by_week[-1]:,}" if course.active_by_week else "",
            sparkline(course.active_by_week),
        )
    screen = Console()
    screen.print(tables)
    screen.print(courses)
    screen.print(f"Data: {summary.data}", markup=False, highlight=False, soft_wrap=True)


def sparkline(numbers: list[int]) -> str:
    """A bar for each number, the highest one full."""
    highest = max(numbers, default=0) or 1
    return "".join(_BARS[number * (len(_BARS) - 1) // highest] for number in numbers)


def _activity(reports: sqlite3.Connection, course_id: str) -> list[int]:
    rows = reports.execute(
        "SELECT count FROM course_activity WHERE course_id = ? AND label = 'ACTIVE'"
        " ORDER BY interval_start",
        [course_id],
    )
    return [count for (count,) in rows.fetchall()]


def _update_of(sample: Sample, folder: Path) -> Update:
    return Update(
        logs=sample.logs,
        data=folder,
        interval=Interval(*sample.interval),
        inputs=Inputs(sample.lms, sample.catalog),
    )
