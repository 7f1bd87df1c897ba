"""The list of courses shows what the reports tables say."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest

from page_text import rows_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

    from served import Served

BIO = "SampleU/Bio110/2026_T1"
CS101 = "course-v1:ExampleX+CS101+2026_T1"
HTML, FORMULA = "course-v1:Odd+Html+2026", "course-v1:Odd+Formula+2026"
COLUMNS = ("count", "cumulative_count", "count_change_7_days")

pytestmark = pytest.mark.django_db


def ids_of(response: Any) -> list[str]:
    """The courses on a page, in order."""
    assert response.status_code == 200
    links = re.findall(r'<th scope="row"><a href="/courses/(.*?)/"', response.content.decode())
    return [unescape(link) for link in links]


def number(value: int) -> str:
    return f"{value:,}"


def signed(value: int) -> str:
    return f"{'+' if value > 0 else '−'}{abs(value):,}" if value else "0"


def active_in_last_weeks(served: Served, course_id: str) -> list[int]:
    """Learners who were active in the last whole week, and in the one before."""
    [last] = served.select("SELECT max(interval_end) AS day FROM course_activity")
    return [
        sum(
            week["count"]
            for week in served.select(
                "SELECT count FROM course_activity WHERE course_id = ? AND label = 'ACTIVE'"
                " AND interval_end = datetime(?, ?)",
                *(course_id, last["day"], f"-{days} days"),
            )
        )
        for days in (0, 7)
    ]


def test_numbers_are_those_of_the_tables(browser: Client, served: Served) -> None:
    text = text_of(browser.get("/courses/"))

    for course in served.select(
        "SELECT course_id, catalog_course_title AS title, sum(count) AS count,"
        " sum(cumulative_count) AS ever, sum(count_change_7_days) AS change,"
        " sum(CASE enrollment_mode WHEN 'verified' THEN count ELSE 0 END) AS verified,"
        " sum(passing_users) AS passing"
        " FROM course_meta_summary_enrollment GROUP BY course_id"
    ):
        now, before = active_in_last_weeks(served, course["course_id"])
        row = text.partition(f" {course['title'] or course['course_id']} ")[2]
        counts = [
            number(course["count"]),
            number(course["ever"]),
            signed(course["change"]),
            number(now),
            signed(now - before),
            number(course["verified"]),
            number(course["passing"]),
        ]
        assert re.sub(r"^.*? 20\d\d ", "", row).split()[:7] == counts


def test_totals_are_those_of_the_tables(browser: Client, served: Served) -> None:
    [total] = served.select(
        "SELECT sum(count) AS count, sum(cumulative_count) AS ever,"
        " sum(count_change_7_days) AS change FROM course_meta_summary_enrollment"
    )

    text = text_of(browser.get("/courses/"))

    assert f"Enrolled {number(total['count'])} " in text
    assert f"Ever enrolled {number(total['ever'])} " in text
    assert f"Change in 7 days {signed(total['change'])} " in text


def test_a_user_sees_own_courses_alone(
    client: Client, make_user: Callable[..., User], served: Served
) -> None:
    new = "course-v1:ExampleX+New+2026_T1"
    client.force_login(make_user("grace", BIO, new))

    page = client.get("/courses/")

    [bio] = served.select(
        "SELECT sum(count) AS count FROM course_meta_summary_enrollment WHERE course_id = ?", BIO
    )
    assert ids_of(page) == [BIO]
    assert f"Enrolled {number(bio['count'])} " in text_of(page)
    assert f"Without numbers yet {new}" in text_of(page)
    assert [row["Course id"] for row in rows_of(client.get("/courses/courses.csv"))] == [BIO]


@pytest.mark.usefixtures("served")
def test_a_user_without_courses_is_told_whom_to_ask(
    client: Client, make_user: Callable[..., User]
) -> None:
    client.force_login(make_user("grace"))

    assert "No course is yours yet. Ask the people" in text_of(client.get("/courses/"))
    assert rows_of(client.get("/courses/courses.csv")) == []


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize(
    ("sort", "sql"),
    [("enrolled", "sum(count)"), ("ever", "sum(cumulative_count)"), ("start", "min(start_time)")],
)
def test_it_can_be_sorted(browser: Client, served: Served, sort: str, sql: str, order: str) -> None:
    query = f"?sort={sort}&order={order}"

    page = browser.get(f"/courses/{query}")

    sorted_ids = [
        row["course_id"]
        for row in served.select(
            "SELECT course_id FROM course_meta_summary_enrollment GROUP BY course_id"
            f" ORDER BY {sql} {order}, course_id"
        )
    ]
    assert ids_of(page) == sorted_ids
    assert [row["Course id"] for row in rows_of(browser.get(f"/courses/courses.csv{query}"))] == (
        sorted_ids
    )
    [head] = re.findall(r'aria-sort="(\w+)"', page.content.decode())
    assert head == {"asc": "ascending", "desc": "descending"}[order]


def test_where_activity_fell_most_comes_first(browser: Client, served: Served) -> None:
    page = browser.get("/courses/")
    [link] = re.findall(r'href="([^"]*sort=active_change[^"]*)"', page.content.decode())

    found = ids_of(browser.get(f"/courses/{unescape(link)}"))

    changes = {
        course_id: now - before
        for course_id in ids_of(page)
        for now, before in [active_in_last_weeks(served, course_id)]
    }
    assert [changes[course_id] for course_id in found] == sorted(changes.values())


@pytest.mark.usefixtures("served")
def test_it_can_be_searched(browser: Client) -> None:
    assert ids_of(browser.get("/courses/?search=living+CELL")) == [BIO]
    assert ids_of(browser.get("/courses/?search=cs101")) == [CS101]

    nothing = text_of(browser.get("/courses/?search=<b>"))
    assert "No course has “<b>” in its title or id. Show all courses" in nothing
    assert rows_of(browser.get("/courses/courses.csv?search=zzz")) == []


@pytest.mark.parametrize("query", ["sort=password&order=up", "page=0", "page=x", "page=-1"])
@pytest.mark.usefixtures("served")
def test_parameters_that_make_no_sense_stand_for_nothing(browser: Client, query: str) -> None:
    assert ids_of(browser.get(f"/courses/?{query}")) == ids_of(browser.get("/courses/"))


@pytest.mark.usefixtures("served")
def test_a_page_that_is_not_there(browser: Client) -> None:
    assert browser.get("/courses/?page=7").status_code == 404


def publish(served: Served, course_id: str, title: str | None, count: int = 1) -> None:
    """Add a course to the module's reports, if it is not there yet."""
    if served.select("SELECT 1 FROM course_meta_summary_enrollment WHERE course_id = ?", course_id):
        return
    served.insert(
        "course_meta_summary_enrollment",
        {
            "course_id": course_id,
            "enrollment_mode": "audit",
            "catalog_course_title": title,
            "count": count,
            "cumulative_count": count,
            "count_change_7_days": -count,
            "passing_users": 0,
        },
    )


def test_a_title_may_be_html(browser: Client, served_by_hand: Served) -> None:
    publish(served_by_hand, HTML, "<script>alert(1)</script>")

    for path in ("/courses/", f"/courses/{HTML}/"):
        page = browser.get(path)
        assert "<script>alert(1)</script>" in text_of(page)
        assert "<script>alert" not in page.content.decode()


def test_no_cell_of_the_csv_is_a_formula(browser: Client, served_by_hand: Served) -> None:
    publish(served_by_hand, FORMULA, "=HYPERLINK(A1)", count=3)

    [row] = rows_of(browser.get("/courses/courses.csv?search=formula"))

    assert row["Course"] == "'=HYPERLINK(A1)"
    assert row["Change in 7 days"] == "-3"


def test_a_course_without_a_title_goes_by_its_id(browser: Client, served_by_hand: Served) -> None:
    publish(served_by_hand, "course-v1:No+Title+2026", None)

    assert ids_of(browser.get("/courses/?search=no%2Btitle")) == ["course-v1:No+Title+2026"]
    assert "<h1>course-v1:No+Title+2026</h1>" in (
        browser.get("/courses/course-v1:No+Title+2026/").content.decode()
    )


def test_many_courses_come_in_pages(
    client: Client, make_user: Callable[..., User], served_by_hand: Served
) -> None:
    ids = [f"course-v1:Many+C{number:03}+2026" for number in range(120)]
    for course_id in ids:
        publish(served_by_hand, course_id, f"Course {course_id}")
    client.force_login(make_user("grace", *ids))

    pages = [client.get(f"/courses/?page={page}&search=course") for page in (1, 2, 3)]

    assert [course_id for page in pages for course_id in ids_of(page)] == ids
    assert "120 courses" in text_of(pages[0])
    assert "Previous Page 2 of 3 Next" in text_of(pages[1])
    assert len(rows_of(client.get("/courses/courses.csv?page=2&search=course"))) == 120
