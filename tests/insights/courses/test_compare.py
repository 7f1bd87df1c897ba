"""The page with courses side by side: whose they are, and what it says of a choice."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from answers_shown import answers_shown
from page_text import rows_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User

    from served import Served

CS101, BIO = "course-v1:ExampleX+CS101+2026_T1", "SampleU/Bio110/2026_T1"
UNKNOWN = "course-v1:Nobody+Knows+This"

pytestmark = pytest.mark.django_db


def url(*course_ids: str, answer: str = "") -> str:
    """The address of the page, or of an answer's CSV."""
    path = f"{answer}.csv" if answer else ""
    return f"/courses/compare/{path}?{urlencode({'course': course_ids}, doseq=True)}"


def test_numbers_are_those_of_the_reports(browser: Client, served: Served) -> None:
    rows = rows_of(browser.get(url(CS101, BIO, answer="numbers")))

    for row, course_id in zip(rows, (CS101, BIO), strict=True):
        [course] = served.select(
            "SELECT max(catalog_course_title) AS title, sum(count) AS enrolled,"
            " sum(cumulative_count) AS ever, sum(passing_users) AS passing,"
            " sum(CASE enrollment_mode WHEN 'verified' THEN count ELSE 0 END) AS verified"
            " FROM course_meta_summary_enrollment WHERE course_id = ?",
            course_id,
        )
        [active] = served.select(
            "SELECT coalesce(sum(count), 0) AS count FROM course_activity WHERE course_id = ?"
            " AND label = 'ACTIVE' AND interval_end ="
            " (SELECT max(interval_end) FROM course_activity)",
            course_id,
        )
        [videos] = served.select(
            "SELECT coalesce(sum(users_at_start), 0) AS begun FROM video WHERE course_id = ?",
            course_id,
        )
        [answers] = served.select(
            "SELECT sum(n) AS n FROM (SELECT sum(count) / count(*) AS n FROM"
            " (SELECT module_id, sum(last_response_count) AS count FROM answer_distribution"
            "  WHERE course_id = ? GROUP BY module_id, part_id) GROUP BY module_id)",
            course_id,
        )
        letter = "AB"[(CS101, BIO).index(course_id)]
        assert row["Course"] == f"{letter}: {course['title']}"
        assert row["Course id"] == course_id
        assert int(row["Enrolled"]) == course["enrolled"]
        assert int(row["Ever enrolled"]) == course["ever"]
        assert int(row["Active in last week"]) == active["count"]
        assert float(row["Active, of enrolled"]) == round(active["count"] / course["enrolled"], 4)
        assert float(row["Verified, of enrolled"]) == round(
            course["verified"] / course["enrolled"], 4
        )
        assert float(row["Passing, of enrolled"]) == round(
            course["passing"] / course["enrolled"], 4
        )
        assert float(row["Videos begun per learner"]) == videos["begun"] / course["ever"]
        assert float(row["Problems answered per learner"]) == answers["n"] / course["ever"]


def test_weeks_are_those_of_the_reports(browser: Client, served: Served) -> None:
    """The sample's courses are on from its first days, so that days and weeks fit each other."""
    [start] = served.select(
        "SELECT date(max(start_time), 'weekday 0', '-6 days') AS monday"
        " FROM course_meta_summary_enrollment WHERE course_id = ?",
        CS101,
    )
    for answer, sql in {
        "enrollment": "SELECT date AS day, count FROM course_enrollment_daily"
        " WHERE course_id = ? AND strftime('%w', date) = '0' AND date >= ? ORDER BY date",
        "activity": "SELECT date(interval_start) AS day, count FROM course_activity"
        " WHERE course_id = ? AND label = 'ACTIVE' AND date(interval_start) >= ? ORDER BY day",
    }.items():
        rows = rows_of(browser.get(url(CS101, BIO, answer=answer)))
        [of_cs101] = [title for title in rows[0] if CS101 in title]
        counts = [int(row[of_cs101]) for row in rows if row[of_cs101]]

        assert counts == [row["count"] for row in served.select(sql, CS101, start["monday"])]
        assert len(counts) >= 1


@pytest.mark.usefixtures("served")
def test_each_answer_has_chart_table_and_csv(browser: Client) -> None:
    answer = browser.get(url(CS101, BIO))

    shown = answers_shown(answer.content.decode())
    assert [*shown] == ["numbers", "enrollment", "activity"]
    for each in shown.values():
        assert len(each.rows) >= 2
        link = unescape(each.csv)
        csv = browser.get(f"/courses/compare/{link}")
        assert len(rows_of(csv)) == len(each.rows) - 1
        assert "courses-" in csv["Content-Disposition"]
    # The page names what its letters are.
    assert re.search(rf"A .+ {re.escape(CS101)} .* B .+ {re.escape(BIO)} ", text_of(answer))


@pytest.mark.usefixtures("served")
def test_the_list_leads_there(browser: Client) -> None:
    html = browser.get("/courses/").content.decode()

    boxes = re.findall(r'<input type="checkbox" form="compare" name="course" value="([^"]+)"', html)
    assert {CS101, BIO} <= {unescape(box) for box in boxes}
    assert '<form id="compare" class="compare" method="get" action="/courses/compare/">' in html


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ((), "Choose two to four courses."),
        ((CS101,), "One course alone cannot be compared: choose another one too."),
        ((CS101, CS101), "One course alone cannot be compared: choose another one too."),
        (
            (CS101, BIO, *(f"course-v1:A+B+{n}" for n in range(3))),
            "5 courses are too many: at most 4 have room beside each other.",
        ),
    ],
)
def test_what_cannot_be_compared_is_told_with_a_choice(
    browser: Client, chosen: tuple[str, ...], said: str
) -> None:
    answer = browser.get(url(*chosen))

    assert said in text_of(answer)
    html = answer.content.decode()
    checked = re.findall(r'name="course" value="([^"]+)" checked', html)
    assert [unescape(course_id) for course_id in checked] == list(dict.fromkeys(chosen))
    assert {CS101, BIO} <= set(map(unescape, re.findall(r'name="course" value="([^"]+)"', html)))
    assert browser.get(url(*chosen, answer="numbers")).status_code == 404


@pytest.mark.usefixtures("served")
def test_a_course_twice_is_one_course(browser: Client) -> None:
    assert browser.get(url(CS101, BIO, CS101)).status_code == 200
    assert rows_of(browser.get(url(CS101, BIO, CS101, answer="numbers"))) == rows_of(
        browser.get(url(CS101, BIO, answer="numbers"))
    )


@pytest.mark.parametrize("course_id", ["", "course-v1:ExampleX", "course-v1:A+B+<b>", "x" * 300])
def test_what_is_no_course_id_is_told_apart(browser: Client, course_id: str) -> None:
    for answer in ("", "numbers"):
        response = browser.get(url(CS101, course_id, answer=answer))
        assert response.status_code == 400
        assert "This address is not right" in response.content.decode()
        assert "<b>" not in response.content.decode()


@pytest.mark.parametrize("answer", ["", "numbers", "no-such-answer"])
def test_a_course_of_others_is_told_from_none_by_nothing(
    make_user: Callable[..., User], answer: str, caplog: Any
) -> None:
    # Nothing listens where the Data API should be: it is not even asked.
    client = Client()
    client.force_login(make_user("mary", BIO))

    theirs, unknown = (
        client.get(url(BIO, course_id, answer=answer)) for course_id in (CS101, UNKNOWN)
    )

    assert theirs.status_code == unknown.status_code == 403
    pages = [
        re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", response.content.decode())
        for response in (theirs, unknown)
    ]
    assert pages[0] == pages[1]
    assert CS101 not in pages[0]
    assert f"'mary' may not see '{CS101}'" in caplog.text


def test_a_course_that_the_reports_do_not_know_has_no_numbers(
    make_user: Callable[..., User], served: Served
) -> None:
    """As one that opened today; titles are texts, and two courses may have the same."""
    twins = ["course-v1:Odd+Twin+1", "course-v1:Odd+Twin+2"]
    title = "<b>" + "A very long title, longer than any bar " * 5
    client = Client()
    client.force_login(make_user("mary", *twins, UNKNOWN))
    counts = dict.fromkeys(("cumulative_count", "count_change_7_days", "passing_users"), 9)
    table = "course_meta_summary_enrollment"
    for twin in twins:
        row = {"course_id": twin, "enrollment_mode": "audit", "count": 7, **counts}
        served.insert(table, {**row, "catalog_course_title": title})
    try:
        answer = client.get(url(*twins, UNKNOWN))
        rows = rows_of(client.get(url(*twins, UNKNOWN, answer="numbers")))
    finally:
        served.execute(f"DELETE FROM {table} WHERE course_id LIKE 'course-v1:Odd+Twin%'")

    assert "There are no numbers of it yet." in text_of(answer)
    assert "<b>" not in answer.content.decode()
    assert [row["Course"] for row in rows] == [f"A: {title}", f"B: {title}", f"C: {UNKNOWN}"]
    assert [row["Enrolled"] for row in rows] == ["7", "7", "0"]
