"""The pages on enrollment show what the reports hold."""

from __future__ import annotations

import json
import re
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from answers_shown import answers_shown, csv_rows, page

if TYPE_CHECKING:
    from django.test import Client

    from served import Served

ACTIVITY = "enrollment/activity/"


@pytest.fixture
def course(served: Served) -> str:
    """The course with most learners."""
    (row,) = served.select(
        "SELECT course_id FROM course_enrollment_daily ORDER BY count DESC LIMIT 1"
    )
    return str(row["course_id"])


def in_reports(served: Served, sql: str, *values: Any) -> list[list[str]]:
    """Rows of the reports as a CSV has them."""
    return [
        ["" if value is None else str(value) for value in row.values()]
        for row in served.select(sql, *values)
    ]


def test_enrollment_by_day_is_the_reports(browser: Client, served: Served, course: str) -> None:
    shown = answers_shown(page(browser, course, ACTIVITY))["enrollment"]
    assert shown.question == "How many learners are enrolled?"
    assert shown.pictures == [f"{shown.question} {shown.finding}"] * 2
    rows = csv_rows(browser, course, ACTIVITY + shown.csv)
    assert rows[1:] == in_reports(
        served,
        "SELECT date, count FROM course_enrollment_daily WHERE course_id = ? ORDER BY date",
        course,
    )
    assert len(shown.rows) == len(rows)
    last_day, count = rows[-1]
    assert count in shown.finding
    assert shown.rows[-1] == [as_shown(last_day), count]


def as_shown(day: str) -> str:
    return f"{date.fromisoformat(day):%-d %b %Y}"


def test_enrollment_by_mode_is_the_reports(browser: Client, served: Served, course: str) -> None:
    shown = answers_shown(page(browser, course, ACTIVITY))["enrollment-modes"]
    head, *rows = csv_rows(browser, course, ACTIVITY + shown.csv)
    counts = {
        (day, mode.lower()): int(count)
        for day, *of_day in rows
        for mode, count in zip(head[1:-1], of_day, strict=False)
        if count != "0"
    }
    assert counts == {
        (row["date"], row["mode"]): row["count"]
        for row in served.select(
            "SELECT date, mode, count FROM course_enrollment_mode_daily"
            " WHERE course_id = ? AND count > 0",
            course,
        )
    }
    assert shown.rows[0] == head


def test_a_range_holds_its_last_day(browser: Client, served: Served, course: str) -> None:
    days = served.select(
        "SELECT date, count FROM course_enrollment_daily WHERE course_id = ? ORDER BY date", course
    )
    start, end = days[-4]["date"], days[-2]["date"]
    html = page(browser, course, ACTIVITY, start=start, end=end)
    assert f'value="{start}"' in html
    assert f'value="{end}"' in html
    for shown in answers_shown(html).values():
        assert [row[0] for row in shown.rows[1:]] == [as_shown(row["date"]) for row in days[-4:-1]]
        # The three days before them stand beside them.
        counts = [str(row["count"]) for row in days]
        assert [row[-1] for row in shown.rows[1:]] == counts[-7:-4]
        assert shown.rows[0][-1] == "3 days before"
        difference = days[-2]["count"] - days[-5]["count"]
        kind = "more" if difference > 0 else "fewer"
        expected = f"{abs(difference)} {kind} than" if difference else "as many as"
        assert f"{expected} 3 days before" in shown.finding
        response = browser.get(f"/courses/{course}/{ACTIVITY}{shown.csv}")
        assert len(response.content.decode().splitlines()) == 4
        assert f"-{start}-{end}.csv" in response.headers["Content-Disposition"]


def test_the_last_days_are_those_of_the_data(browser: Client, served: Served, course: str) -> None:
    (last,) = served.select("SELECT max(date) AS date FROM course_enrollment_daily")
    html = page(browser, course, ACTIVITY)
    (link,) = re.findall(r'<a href="\?([^"]*)">Last 7 days</a>', html)
    week = browser.get(f"/courses/{course}/{ACTIVITY}?{link.replace('&amp;', '&')}")
    assert 'aria-current="true">Last 7 days' in week.content.decode()
    shown = answers_shown(week.content.decode())["enrollment"]
    assert len(shown.rows) == 8
    assert shown.rows[-1][0] == as_shown(last["date"])
    # The day to compare with is not in the range, and known all the same.
    assert "7 days before" in shown.finding


@pytest.mark.parametrize(
    ("query", "message", "beside"),
    [
        ({"start": "yesterday"}, "This is no date. Write one as 2026-01-31.", "start"),
        ({"end": "2026-02-30"}, "This is no date. Write one as 2026-01-31.", "end"),
        ({"start": "2026-02-02", "end": "2026-02-01"}, "This is before the first day.", "end"),
        ({"end": "9999-12-31"}, "Choose a date up to 2100.", "end"),
        ({"start": "0001-01-01"}, "Choose a date from 1970 on.", "start"),
    ],
)
def test_dates_that_are_no_range_are_told_beside_the_field(
    browser: Client, served: Served, course: str, query: dict[str, str], message: str, beside: str
) -> None:
    html = page(browser, course, ACTIVITY, **query)
    assert f'id="id_{beside}_error"><li>{message}</li>' in html
    assert "All days are shown" in html
    shown = answers_shown(html)["enrollment"]
    days = served.select("SELECT 1 FROM course_enrollment_daily WHERE course_id = ?", course)
    assert len(shown.rows) == len(days) + 1
    assert shown.csv == "enrollment.csv"


def test_days_without_data_are_an_empty_state(browser: Client, course: str) -> None:
    html = page(browser, course, ACTIVITY, start="2001-01-01", end="2001-01-31")
    for shown in answers_shown(html).values():
        assert shown.finding == "No learner is known to have been enrolled in this time."
        assert shown.pictures == []
        assert shown.csv == ""


@pytest.mark.parametrize(
    ("path", "key", "table", "column"),
    [
        ("age", "ages", "course_enrollment_birth_year_daily", "birth_year"),
        ("education", "education", "course_enrollment_education_level_daily", "education_level"),
        ("gender", "gender", "course_enrollment_gender_daily", "gender"),
    ],
)
def test_demographics_are_the_reports(
    browser: Client, served: Served, course: str, path: str, key: str, table: str, column: str
) -> None:
    folder = f"enrollment/demographics/{path}/"
    shown = answers_shown(page(browser, course, folder))[key]
    rows = csv_rows(browser, course, folder + shown.csv)[1:]
    reported = served.select(
        f"SELECT {column} IS NULL AS is_unknown, count FROM {table} WHERE course_id = ?"
        f" AND date = (SELECT max(date) FROM {table} WHERE course_id = ?) AND count > 0",
        course,
        course,
    )
    counts = [int(count) for _value, count, _share in rows if count != "0"]
    assert sorted(counts) == sorted(row["count"] for row in reported)
    unknown = [int(count) for value, count, _share in rows if value == "Unknown"]
    assert unknown == [row["count"] for row in reported if row["is_unknown"]]
    assert [row[1] for row in shown.rows[1:]] == [count for _value, count, _share in rows]


def test_groups_of_age_are_all_learners(browser: Client, served: Served, course: str) -> None:
    shown = answers_shown(page(browser, course, "enrollment/demographics/age/"))["age-groups"]
    (latest,) = served.select(
        "SELECT count FROM course_enrollment_daily WHERE course_id = ? ORDER BY date DESC LIMIT 1",
        course,
    )
    assert sum(int(row[1]) for row in shown.rows[1:]) == latest["count"]


def test_countries_are_the_reports(browser: Client, served: Served, course: str) -> None:
    folder = "enrollment/geography/"
    shown = answers_shown(page(browser, course, folder))["countries"]
    rows = csv_rows(browser, course, folder + shown.csv)[1:]
    reported = {
        (row["code"], row["count"])
        for row in served.select(
            "SELECT CASE WHEN length(country_code) = 2 THEN country_code END AS code,"
            " sum(count) AS count FROM course_enrollment_location_current WHERE course_id = ?"
            " GROUP BY 1 HAVING sum(count) > 0",
            course,
        )
    }
    assert {(code or None, int(count)) for _name, code, count, _share in rows} == reported
    assert [row[2] for row in shown.rows[1:]] == [count for _name, _code, count, _share in rows]
    assert "" not in [code for _name, code, *_rest in rows[:-1]]  # who is not known comes last


def test_scripts_get_the_same_numbers_as_data(browser: Client, course: str) -> None:
    html = page(browser, course, ACTIVITY)
    (data,) = re.findall(
        r'<script id="enrollment-data" type="application/json">(.*?)</script>', html
    )
    shown = answers_shown(html)["enrollment"]
    texts = [f"{point['name']}, {point['text']}" for point in json.loads(data)["points"]]
    assert texts == [f"{day}, {count} enrolled" for day, count in shown.rows[1:]]


def test_a_csv_that_is_not_there_is_not_found(browser: Client, course: str) -> None:
    assert browser.get(f"/courses/{course}/{ACTIVITY}salaries.csv").status_code == 404


def test_pages_and_csvs_are_for_those_who_may_see_the_course(
    client: Client, make_user: Any, course: str
) -> None:
    client.force_login(make_user("grace", "course-v1:Other+Course+Run"))
    for path in (ACTIVITY, f"{ACTIVITY}enrollment.csv", "enrollment/demographics/age/ages.csv"):
        assert client.get(f"/courses/{course}/{path}").status_code == 403
