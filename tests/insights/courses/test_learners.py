"""The roster, a learner's page, and reports that are files."""

from __future__ import annotations

import csv
import re
from html import unescape
from typing import TYPE_CHECKING

import pytest

from answers_shown import answers_shown, csv_rows, page
from insights.accounts.models import AuditEntry
from insights.courses.learners import LONG, SHORT
from page_text import text_of
from published import CS, ENGAGEMENT, LEARNERS, learner, run
from served import Served
from serving import data_api

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from django.http import HttpResponse
    from django.test import Client

ROSTER = "learners/"
HTML = "</td><script>alert('1')</script>&amp;"
SCRIPTS = ["Ζωή", "משתמש", "学习者", "ann+x@y.example", "%2F..", "a b", "x\u202ey"]

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A Data API whose Elasticsearch is away, with learners of every kind of name."""
    data = tmp_path_factory.mktemp("learners")
    with data_api(data, ANALYTICS_DATA_API_ELASTICSEARCH="http://127.0.0.1:9") as api:
        served = Served(data, api)
        names = [HTML, "=1+1", "@SUM(A1)", "N" * 20_000, *(None for _ in SCRIPTS)]
        usernames = ["html", "formula", "-at", "long", *SCRIPTS]
        served.insert(
            "learner_roster",
            *LEARNERS,
            *(
                learner(CS, 10 + number, username, name=name, goals=name, city=name)
                for number, (username, name) in enumerate(zip(usernames, names, strict=True))
            ),
        )
        served.insert("module_engagement", *ENGAGEMENT)
        served.insert("pipeline_run", run(1, "succeeded", interval_end="2026-01-25"))
        yield served


@pytest.fixture
def course(odd: Served, show: Callable[[Served], Served]) -> str:
    """Their course, which Insights shows."""
    show(odd)
    return CS


def usernames(html: str) -> list[str]:
    """Who is in the list, in its order."""
    return [unescape(name) for name in re.findall(r"<th scope=\"row\"><a [^>]*><bdi>(.*?)<", html)]


def actions() -> list[tuple[str, str]]:
    """The audit trail: what was done, and whose page it was."""
    return list(AuditEntry.objects.order_by("id").values_list("action", "learner"))


def test_the_roster_is_the_reports(browser: Client, served: Served) -> None:
    (row,) = served.select(
        "SELECT course_id, count(*) AS n FROM learner_roster GROUP BY 1 ORDER BY n DESC LIMIT 1"
    )
    course = row["course_id"]
    html = page(browser, course, ROSTER)
    assert f"{row['n']} learners" in html
    reported = served.select(
        "SELECT * FROM learner_roster WHERE course_id = ? ORDER BY lower(username)", course
    )
    shown = re.findall(r"<tr>\s*<th scope=\"row\">(.*?)</tr>", html, re.DOTALL)
    assert len(shown) == min(len(reported), 25)
    for line, of_table in zip(shown, reported, strict=False):
        cells = [
            unescape(re.sub(r"<[^>]*>", "", cell)).strip()
            for cell in re.split(r"</t[hd]>", line)[:-1]
        ]
        assert cells[0] == of_table["username"]
        assert cells[1] == (of_table["name"] or "–")
        assert cells[3:5] == [of_table["enrollment_mode"] or "–", of_table["cohort"] or "–"]
        assert [cells[6], cells[7], cells[9], cells[10]] == [
            str(of_table[name])
            for name in (
                "problems_attempted",
                "problems_completed",
                "videos_viewed",
                "discussion_contributions",
            )
        ]
    rows = roster_csv(browser, course)
    assert [(line[0], line[7]) for line in rows[1:]] == [
        (of_table["username"], str(of_table["problems_attempted"])) for of_table in reported
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"search": "ÅNG"}, ["ann", "dee.d+e"]),
        ({"search": "x.example ann"}, ["ann"]),
        ({"search": "100%_\\"}, ["Bob"]),
        ({"segment": "struggling"}, ["Bob"]),
        ({"mode": "audit", "cohort": "Blue"}, ["cy"]),
        ({"mode": "audit", "sort": "tried", "order": "desc"}, ["Bob", "cy"]),
        ({"cohort": "Blue", "sort": "username", "order": "desc"}, ["cy", "ann"]),
        ({"mode": "audit", "segment": "nonsense", "sort": "x", "page": "-1"}, ["Bob", "cy"]),
        ({"cohort": "'; DROP TABLE learner_roster"}, []),
        ({"search": "nobody\0"}, []),
    ],
)
def test_learners_are_searched_filtered_and_sorted(
    browser: Client, course: str, query: dict[str, str], expected: list[str]
) -> None:
    html = page(browser, course, ROSTER, **query)
    assert usernames(html) == expected
    if not expected:
        assert "No learner of this course is like that." in html
    for name in ("search", "mode", "cohort"):
        chosen = query.get(name, "").replace("\0", "")
        assert not chosen or f'value="{chosen}"' in unescape(html)
    rows = roster_csv(browser, course, **query)[1:]
    assert [row[0] for row in rows] == expected


def test_filters_say_how_many_learners_there_are(browser: Client, course: str) -> None:
    html = page(browser, course, ROSTER, cohort="Blue")
    assert '<option value="Blue" selected>Blue (2)</option>' in html
    assert '<option value="struggling">Struggling (1)</option>' in html
    assert '<option value="audit">audit (2)</option>' in html


def test_a_page_of_the_list_that_is_not_there_is_not_found(browser: Client, course: str) -> None:
    assert browser.get(f"/courses/{course}/{ROSTER}", {"page": "2"}).status_code == 404


def test_names_are_texts_and_no_longer_than_a_line(browser: Client, course: str) -> None:
    html = page(browser, course, ROSTER)
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert" in html
    assert "N" * SHORT not in html
    assert "N" * (SHORT - 1) in html
    assert len(html) < 60_000


@pytest.mark.parametrize("username", ["html", "long", "formula", "ann", *SCRIPTS])
def test_whoever_it_is_has_a_page_and_a_file(browser: Client, course: str, username: str) -> None:
    html = page(browser, course, ROSTER)
    address = dict(
        zip(usernames(html), re.findall(r"<th scope=\"row\"><a href=\"(.*?)\"", html), strict=True)
    )[username]
    response = browser.get(unescape(address))
    assert response.status_code == 200
    content = response.content.decode()
    assert "<script>alert" not in content
    assert "N" * LONG not in content
    assert unescape(content).count(username) >= 2
    assert browser.get(f"{unescape(address)}timeline.csv").status_code == 200


def test_cells_that_are_formulas_are_quoted(browser: Client, course: str) -> None:
    rows = {row[0]: row for row in roster_csv(browser, course)}
    assert rows["formula"][1] == "'=1+1"
    assert rows["'-at"][1] == "'@SUM(A1)"
    assert rows["html"][1] == HTML
    assert rows["long"][1] == "N" * 20_000


def roster_csv(browser: Client, course: str, **query: str) -> list[list[str]]:
    """The lines of the roster's CSV, the first one of titles."""
    response = browser.get(f"/courses/{course}/{ROSTER}learners.csv", query)
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    return list(csv.reader(text.splitlines()))


def test_a_learner_has_a_profile_and_a_timeline(browser: Client, course: str) -> None:
    response = browser.get(f"/courses/{course}/{ROSTER}learner/ann/")
    text = text_of(response)
    for known in ("Ann Ångström", "ann@x.example", "verified", "5 Jan 2026", "Blue", "1990", "Ulm"):
        assert known in text
    assert "Attempts per problem solved 2.0" in text
    shown = answers_shown(response.content.decode())["timeline"]
    assert shown.finding == (
        "From 19 Jan 2026 to 24 Jan 2026: problems tried 2, solved 1, videos played 1, each counted"
        " once a day; contributions to discussions 5. Something was last done on 22 Jan 2026."
    )
    assert shown.rows[1] == ["19 Jan 2026", "3", "2", "1", "1", "0"]
    assert shown.rows[4] == ["22 Jan 2026", "5", "0", "0", "0", "5"]
    assert len(shown.rows) == 7


def test_days_of_a_learner_have_those_before_beside_them(browser: Client, course: str) -> None:
    days = {"start": "2026-01-21", "end": "2026-01-22"}
    shown = answers_shown(page(browser, course, f"{ROSTER}learner/ann/", **days))["timeline"]
    assert [[row[1], row[-1]] for row in shown.rows[1:]] == [["0", "3"], ["5", "0"]]
    assert "In all it was 5, 2 more than in the 2 days before (3)." in shown.finding


def test_a_learner_who_did_nothing_has_a_page_too(browser: Client, course: str) -> None:
    shown = answers_shown(page(browser, course, f"{ROSTER}learner/cy/"))["timeline"]
    assert shown.finding == "Nothing is known to have been done yet."


@pytest.mark.parametrize("username", ["nobody", "ANN", "..", "ann%2Fx"])
def test_a_learner_of_no_name_in_the_course_is_not_found(
    browser: Client, course: str, username: str
) -> None:
    assert browser.get(f"/courses/{course}/{ROSTER}learner/{username}/").status_code == 404
    assert actions() == []


def test_who_sees_learners_is_noted(browser: Client, course: str) -> None:
    page(browser, course, ROSTER)
    roster_csv(browser, course)
    page(browser, course, f"{ROSTER}learner/ann/")
    csv_rows(browser, course, f"{ROSTER}learner/ann/timeline.csv")
    assert actions() == [
        ("opened roster", ""),
        ("downloaded roster", ""),
        ("opened learner", "ann"),
        ("downloaded learner", "ann"),
    ]


@pytest.mark.parametrize(
    "path", ["", "?search=ann", "learners.csv", "learner/ann/", "learner/ann/timeline.csv"]
)
def test_no_browser_keeps_what_tells_of_learners(browser: Client, course: str, path: str) -> None:
    response = browser.get(f"/courses/{course}/{ROSTER}{path}")

    assert response.status_code == 200
    assert kept(response) == {"private", "no-store"}


@pytest.mark.parametrize("path", ["", f"{ROSTER}reports/", "course.xlsx"])
def test_it_does_keep_numbers_and_asks_for_new_ones(
    browser: Client, course: str, path: str
) -> None:
    assert kept(browser.get(f"/courses/{course}/{path}")) == {"private", "no-cache"}


def kept(response: HttpResponse) -> set[str]:
    return set(response["Cache-Control"].split(", "))


def test_without_users_of_the_lms_the_list_says_why_it_is_empty(
    browser: Client, served_by_hand: Served
) -> None:
    assert served_by_hand.select("SELECT * FROM learner_roster") == []
    assert "No learner is known here." in page(browser, CS, ROSTER)
    assert "There is no file of it" in page(browser, CS, f"{ROSTER}reports/")


def test_while_the_list_cannot_be_read_the_page_stands(
    browser: Client, tmp_path: Path, show: Callable[[Served], Served]
) -> None:
    with data_api(tmp_path) as api:
        served = Served(tmp_path, api)
        served.insert("pipeline_run", run(1, "succeeded", interval_end="2026-01-25"))
        served.execute("DROP TABLE learner_roster")
        show(served)
        html = page(browser, CS, ROSTER)
    assert "The list of learners cannot be read at the moment." in html
    assert "Data until 24 Jan 2026" in html
    assert actions() == []


def test_reports_are_handed_out_by_a_signed_link(browser: Client, course: str, odd: Served) -> None:
    file = odd.data / "reports" / "Ex_CS_T1_problem_response.csv"
    file.parent.mkdir(exist_ok=True)
    file.write_text("username,answer\nann,=1+1\n", encoding="utf-8")
    html = page(browser, course, f"{ROSTER}reports/")
    (address,) = re.findall(r'href="([^"]*/learners/reports/[^"]+)"', html)

    response = browser.get(unescape(address))

    assert response.status_code == 302
    assert kept(response) == {"private", "no-store"}
    link = response["Location"].removeprefix(odd.api.root)
    assert odd.get(link, headers={"Authorization": ""}).text == "username,answer\r\nann,'=1+1\r\n"
    assert actions() == [("downloaded responses", "")]


@pytest.mark.parametrize("name", ["student_engagement_all", "salaries"])
def test_a_report_that_is_not_there_is_not_found(browser: Client, course: str, name: str) -> None:
    assert browser.get(f"/courses/{course}/{ROSTER}reports/{name}/").status_code == 404
    assert actions() == []
