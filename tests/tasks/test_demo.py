"""The demo's numbers are those of the reports, and fit a terminal of 80 columns."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

import updating
from insights_pipeline.interval import Interval
from insights_pipeline.sample import SampleOptions
from tasks.lib.local import demo
from tasks.lib.local.demo import Course, Summary

if TYPE_CHECKING:
    from pathlib import Path

OPTIONS = SampleOptions(days=30, learners=60, courses=3)


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> Summary:
    return demo.prepare(tmp_path_factory.mktemp("demo"), OPTIONS)


def test_numbers_are_those_of_the_reports(summary: Summary) -> None:
    tables = updating.reports_of(summary.data)
    assert summary.rows_by_table == {name: len(rows) for name, rows in tables.items()}
    assert summary.interval == Interval(date(2026, 1, 5), date(2026, 2, 4))
    enrolled = updating.query(
        summary.data,
        "SELECT course_id, count, cumulative_count FROM course_enrollment_daily"
        " WHERE date = '2026-02-03'",
    )
    courses = summary.courses
    assert sorted((c.course_id, c.enrolled, c.ever_enrolled) for c in courses) == sorted(enrolled)
    assert len(courses) == OPTIONS.courses
    for course in courses:
        assert course.active_by_week == [
            sum(
                count
                for (count,) in updating.query(
                    summary.data,
                    "SELECT count FROM course_activity WHERE label = 'ACTIVE' AND"
                    f" course_id = '{course.course_id}' AND interval_start = '{monday} 00:00:00'",
                )
            )
            for monday in ("2026-01-05", "2026-01-12", "2026-01-19", "2026-01-26")
        ]


def test_second_start_reuses_what_is_there(summary: Summary) -> None:
    logs = {path: path.stat().st_mtime_ns for path in (summary.data / "sample").rglob("*")}

    assert demo.prepare(summary.data, SampleOptions(days=5)) == summary

    assert {path: path.stat().st_mtime_ns for path in logs} == logs
    assert updating.runs_of(summary.data)[-1]["lines"] == 0


def test_demo_that_was_cut_off_is_completed(summary: Summary, tmp_path: Path) -> None:
    """With a sample there, but no reports yet."""
    (tmp_path / "sample").symlink_to(summary.data / "sample")

    completed = demo.prepare(tmp_path, OPTIONS)

    assert completed.courses == summary.courses
    assert completed.rows_by_table == summary.rows_by_table


def test_it_is_printed_within_80_columns(
    summary: Summary, capsys: pytest.CaptureFixture[str]
) -> None:
    demo.show(summary)

    printed = capsys.readouterr().out
    *lines, place = printed.splitlines()
    assert max(map(len, lines)) <= 80
    assert place == f"Data: {summary.data}"
    for name, rows in summary.rows_by_table.items():
        assert f"  {name} " in printed
        assert f" {rows:,}\n" in printed
    for course in summary.courses:
        assert f"  {course.title} ({course.course_id})\n" in printed
        assert f" {course.enrolled:,} enrolled of {course.ever_enrolled:,} ever" in printed


def test_weeks_without_activity_show_the_lowest_bar() -> None:
    assert demo.sparkline([0, 1, 50, 100, 0]) == "▁▂▅█▁"
    assert demo.sparkline([0, 0]) == "▁▁"
    assert demo.sparkline([]) == ""


def test_weeks_are_those_that_lie_inside_the_interval() -> None:
    def weeks(start: str, end: str) -> list[str]:
        interval = Interval(date.fromisoformat(start), date.fromisoformat(end))
        return [monday.isoformat() for monday in demo.whole_weeks(interval)]

    assert weeks("2026-01-05", "2026-01-19") == ["2026-01-05", "2026-01-12"]
    assert weeks("2026-01-05", "2026-01-18") == ["2026-01-05"]
    assert weeks("2026-01-06", "2026-01-19") == ["2026-01-12"]
    assert weeks("2026-01-06", "2026-01-18") == []


def test_site_without_a_whole_week(tmp_path: Path) -> None:
    interval = Interval(date(2026, 1, 6), date(2026, 1, 8))
    course = Course("course-v1:Org+Course+Run", "Physics", 3, 4, [])

    lines = [*demo.describe(Summary(tmp_path, interval, {}, [course]))]

    assert "     3 enrolled of 4 ever" in lines
