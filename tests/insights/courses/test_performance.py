"""The pages on performance show what the reports hold."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from answers_shown import Shown, answers_shown, csv_rows, page
from problem_scores import Score, problems, summed, titles

if TYPE_CHECKING:
    from django.test import Client

    from served import Row, Served

GRADED, UNGRADED, OUTCOMES = (f"performance/{name}/" for name in ("graded", "ungraded", "outcomes"))
COURSE = "course-v1:ExampleX+CS101+2026_T1"
BY_HAND = "course-v1:Hand+Written+2026"

pytestmark = pytest.mark.django_db


def scores(rows: list[list[str]], title: int = 0, end: int = -1) -> dict[str, Score]:
    """Answers, and those that are right, by the first column of a CSV with ids at the end."""
    return {row[title]: (int(row[end - 3]), int(row[end - 2])) for row in rows}


def csv_of(browser: Client, path: str, shown: Shown) -> list[list[str]]:
    """An answer's CSV, without its titles; the page has the same rows."""
    _head, *rows = csv_rows(browser, COURSE, path + html.unescape(shown.csv))
    assert len(shown.rows) == len(rows) + 1
    # What a spreadsheet would run begins with an apostrophe.
    assert [row[0] for row in shown.rows[1:]] == [row[0].lstrip("'") for row in rows]
    return rows


def asked(link: str, parameter: str) -> str:
    """The id that a link asks for."""
    (value,) = parse_qs(urlsplit(link).query)[parameter]
    return value


def test_graded_problems_by_assignment(browser: Client, served: Served) -> None:
    answers = answers_shown(page(browser, COURSE, GRADED))
    graded = [each for each in problems(served, COURSE) if each.graded]
    assert any(each.score[0] for each in graded)

    types = csv_of(browser, GRADED, answers["assignment-types"])
    assert scores(types, end=0) == summed(graded, lambda each: each.assignment_type)
    assignments = csv_of(browser, GRADED, answers["assignments"])
    assert scores(assignments, title=-1) == summed(graded, lambda each: each.subsection)
    names = titles(served, COURSE)
    assert [row[0] for row in assignments] == [names[row[-1]] for row in assignments]


def test_each_assignment_leads_to_its_problems_and_each_of_them_to_its_answers(
    browser: Client, served: Served
) -> None:
    links = answers_shown(page(browser, COURSE, GRADED))["assignments"].links
    for link in links:
        content = browser.get(html.unescape(link)).content.decode()
        assignment = asked(html.unescape(link), "assignment")
        shown = answers_shown(content)["problems"]
        rows = csv_of(browser, f"{GRADED}assignment/", shown)
        assert scores(rows, title=-1) == {
            each.id: each.score
            for each in problems(served, COURSE)
            if each.subsection == assignment and each.graded
        }
        assert f"<h1>{titles(served, COURSE)[assignment]}</h1>" in content
        opened = served.select(
            "SELECT count FROM sequential_open_distribution WHERE course_id = ? AND module_id = ?",
            COURSE,
            assignment,
        )
        assert ("Learners who opened it" in content) == bool(opened)
        assert all(f"<dd>{row['count']}</dd>" in content for row in opened)
        assert browser.get(html.unescape(shown.links[0])).status_code == 200


def test_ungraded_problems_by_section(browser: Client, served: Served) -> None:
    shown = answers_shown(page(browser, COURSE, UNGRADED))
    ungraded = [each for each in problems(served, COURSE) if not each.graded]
    rows = csv_of(browser, UNGRADED, shown["sections"])
    assert scores(rows, title=-1) == summed(ungraded, lambda each: each.section)
    assert [*shown] == ["sections"]

    for link, row in zip(shown["sections"].links, rows, strict=True):
        content = browser.get(html.unescape(link)).content.decode()
        answers = answers_shown(content)
        of_section = [each for each in ungraded if each.section == row[-1]]
        path = f"{UNGRADED}section/"
        assert scores(csv_of(browser, path, answers["subsections"]), title=-1) == summed(
            of_section, lambda each: each.subsection
        )
        assert scores(csv_of(browser, path, answers["problems"]), title=-1) == {
            each.id: each.score for each in of_section
        }


def test_tags_are_the_reports(browser: Client, served: Served) -> None:
    answers = answers_shown(page(browser, COURSE, OUTCOMES))
    tags = served.select(
        "SELECT tag_name, tag_value, sum(total_submissions) AS total,"
        " sum(correct_submissions) AS correct FROM tags_distribution WHERE course_id = ?"
        " GROUP BY tag_name, tag_value ORDER BY tag_name, tag_value",
        COURSE,
    )
    names = sorted({row["tag_name"] for row in tags})
    assert names
    for place, name in enumerate(names, 1):
        shown = answers[f"tag-{place}"]
        assert name in shown.question
        assert scores(csv_of(browser, OUTCOMES, shown), end=0) == {
            row["tag_value"]: (row["total"], row["correct"])
            for row in tags
            if row["tag_name"] == name
        }
    rows = csv_of(browser, OUTCOMES, answers["tagged-problems"])
    assert {row[-1] for row in rows} == {
        row["module_id"]
        for row in served.select(
            "SELECT module_id FROM tags_distribution WHERE course_id = ?", COURSE
        )
    }
    assert all(row[0].startswith("Problem: ") for row in rows)


def test_answers_to_every_problem_are_the_reports(browser: Client, served: Served) -> None:
    names = titles(served, COURSE)
    rows = served.select("SELECT * FROM answer_distribution WHERE course_id = ?", COURSE)
    assert rows
    for problem in sorted({row["module_id"] for row in rows}):
        content = page(browser, COURSE, "performance/problem/", problem=problem)
        assert f"<h1>{names[problem]}</h1>" in content
        parts = sorted({row["part_id"] for row in rows if row["module_id"] == problem})
        answers = answers_shown(content)
        for place, part in enumerate(parts, 1):
            shown = answers[f"part-{place}"]
            given = [row for row in rows if row["part_id"] == part]
            assert html.unescape(given[0]["question_text"]) in shown.question
            table = csv_of(browser, "performance/problem/", shown)
            # Variants of what is no random problem are one row; nobody is lost by that.
            assert sum(int(row[2]) for row in table) == sum(r["last_response_count"] for r in given)
            assert sum(int(row[4]) for row in table) == sum(
                r["first_response_count"] for r in given
            )
            right = sum(int(row[2]) for row in table if row[1] == "correct")
            assert right == sum(r["last_response_count"] for r in given if r["correct"])
            assert f"the latest answers of {right} are correct" in shown.finding
        points = served.select(
            "SELECT count FROM grade_distribution WHERE course_id = ? AND module_id = ?"
            " ORDER BY max_grade, grade",
            COURSE,
            problem,
        )
        shown_points = [int(row[1]) for row in answers["points"].rows[1:]] if points else []
        assert shown_points == [row["count"] for row in points]


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("performance/graded/assignment/", "assignment"),
        ("performance/ungraded/section/", "section"),
        ("performance/problem/", "problem"),
        ("engagement/videos/section/", "section"),
    ],
)
@pytest.mark.usefixtures("served")
def test_a_part_that_the_course_has_not_is_not_found(
    browser: Client, path: str, parameter: str
) -> None:
    # Also of a course of which nothing is known.
    assert browser.get(f"/courses/course-v1:No+Such+Course/{path}?{parameter}=x").status_code == 404
    for query in ("", f"?{parameter}=", f"?{parameter}=<b>", f"?{parameter}=i4x://A/B/problem/c"):
        for address in (path, f"{path}problems.csv"):
            assert browser.get(f"/courses/{COURSE}/{address}{query}").status_code == 404


def block(block_id: str, kind: str, position: int | None, **more: Any) -> Row:
    return {
        "course_id": BY_HAND,
        "block_id": block_id,
        "block_type": kind,
        "display_name": block_id.title(),
        "position": position,
        "graded": 0,
        **more,
    }


def answer(module_id: str, text: str, count: int, course: str = BY_HAND, **more: Any) -> Row:
    return {
        "course_id": course,
        "module_id": module_id,
        "part_id": f"{module_id}_2_1",
        "correct": 0,
        "first_response_count": 0,
        "last_response_count": count,
        "answer_value_text": text,
        "problem_display_name": "<b>Old</b>",
        "question_text": "<i>Why</i>?",
        **more,
    }


class TestByHand:
    """Reports that no sample has."""

    @pytest.fixture(autouse=True)
    def _rows(self, served_by_hand: Served) -> None:
        if served_by_hand.select("SELECT 1 FROM course_structure"):
            return
        exam = {"graded": 1, "section_id": "week", "subsection_id": "exam"}
        served_by_hand.insert(
            "course_structure",
            block("course", "course", 0, display_name="By <b>hand</b>"),
            block("week", "chapter", 1, section_id="week"),
            block("exam", "sequential", 2, display_name="", **exam),
            block("sums", "problem", 3, **exam),
            block("loose", "problem", 4),
            block("lost", "problem", None, display_name="Gone"),
        )
        served_by_hand.insert(
            "answer_distribution",
            answer("sums", "=1+1", 7, correct=1),
            answer("sums", "<b>so</b> &amp; so", 2),
            answer("sums", "three", 1, course="course-v1:Another+Run+1"),
            answer("sums", "x" * 1_500, 1, correct=None),
            answer("lost", "a", 1, variant=1),
            answer("lost", "b", 1, variant=2),
            answer("unheard of", "a", 3),
            *(answer("loose", f"number {n}", 1) for n in range(300)),
        )

    def test_the_course_has_the_name_that_the_lms_knows(self, browser: Client) -> None:
        content = page(browser, BY_HAND, GRADED)
        assert '<a class="course" href="/courses/course-v1:Hand+Written+2026/">' in content
        assert "By &lt;b&gt;hand&lt;/b&gt;" in content
        assert "<b>" not in content

    def test_an_assignment_without_type_and_title(self, browser: Client) -> None:
        answers = answers_shown(page(browser, BY_HAND, GRADED))
        assert answers["assignment-types"].rows[1][:4] == ["Without a type", "1", "1", "10"]
        assert answers["assignments"].rows[1][:4] == ["exam", "–", "1", "10"]

    def test_what_is_not_in_the_course_is_listed_apart(self, browser: Client) -> None:
        answers = answers_shown(page(browser, BY_HAND, UNGRADED))
        assert answers["sections"].rows[1][:3] == ["In no section", "1", "300"]
        assert [row[0] for row in answers["elsewhere"].rows[1:]] == ["Gone", "unheard of"]

    def test_answers_of_another_run_do_not_count(self, browser: Client) -> None:
        content = page(browser, BY_HAND, "performance/problem/", problem="sums")
        shown = answers_shown(content)["part-1"]
        assert [row[:3] for row in shown.rows[1:]] == [
            ["=1+1", "correct", "7"],
            ["so & so", "incorrect", "2"],
            [f"{'x' * 999}…", "unknown", "1"],
        ]
        assert "<b>" not in content
        assert "<i>" not in content
        _head, *rows = csv_rows(
            browser, BY_HAND, f"performance/problem/part-1.csv?{urlencode({'problem': 'sums'})}"
        )
        assert rows[0][0] == "'=1+1"

    def test_a_page_has_an_end_and_the_csv_has_all(self, browser: Client) -> None:
        content = page(browser, BY_HAND, "performance/problem/", problem="loose")
        assert len(answers_shown(content)["part-1"].rows) == 201
        assert "The first 200 of 300 rows" in content
        rows = csv_rows(browser, BY_HAND, "performance/problem/part-1.csv?problem=loose")
        assert len(rows) == 301

    def test_a_problem_that_nobody_knows_has_the_name_of_its_answers(self, browser: Client) -> None:
        content = page(browser, BY_HAND, "performance/problem/", problem="unheard of")
        assert "<h1>&lt;b&gt;Old&lt;/b&gt;</h1>" in content

    @pytest.mark.parametrize(
        ("path", "finding"),
        [
            (GRADED, "The course has no graded problem, as far as its structure is known."),
            (UNGRADED, "The course has no such problem, as far as its structure is known."),
            (OUTCOMES, "No problem with a tag has been answered yet."),
        ],
    )
    def test_without_data_there_is_an_empty_state(
        self, browser: Client, path: str, finding: str
    ) -> None:
        (shown,) = answers_shown(page(browser, "course-v1:No+Learners+Yet", path)).values()
        assert shown.finding == finding
        assert shown.rows == []
        assert shown.pictures == []
