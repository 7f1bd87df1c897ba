"""What learners answered, on rows written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from analyticsclient.client import Client
from analyticsclient.constants import data_formats
from analyticsclient.exceptions import NotFoundError
from hypothesis import given
from hypothesis import strategies as st

from analytics_data_api.answers import plain

if TYPE_CHECKING:
    from served import Row, Served

CS = "course-v1:Ex+CS+T1"
PROBLEM = "block-v1:Ex+CS+T1+type@problem+block@sums"
ESSAY = "block-v1:Ex+CS+T1+type@problem+block@essay"
OLD = "i4x://Ex/Old/problem/one"
SUBSECTION = "block-v1:Ex+CS+T1+type@sequential+block@week1"
CREATED = "2026-02-01T030000"
LATER = "2026-02-02 03:00:00"


def answer(part: str, value: str | None, text: str, first: int, last: int, **more: Any) -> Row:
    """A row of answer_distribution."""
    return {
        "course_id": CS,
        "module_id": PROBLEM,
        "part_id": part,
        "correct": 0,
        "first_response_count": first,
        "last_response_count": last,
        "value_id": value,
        "answer_value_text": text,
        "variant": None,
        "problem_display_name": "Sums",
        "question_text": "1 + 1?",
        **more,
    }


@pytest.fixture(scope="module")
def api(empty: Served) -> Served:
    """A Data API on a few problems."""
    essay = {"module_id": ESSAY, "problem_display_name": "Essay", "question_text": ""}
    empty.insert(
        "answer_distribution",
        # A part in which nothing but the variant differs.
        answer("p_2_1", "choice_0", "<b>two</b>", 3, 4, correct=1, variant=1),
        answer("p_2_1", "choice_1", "three", 1, 1, variant=1),
        answer("p_2_1", "choice_0", "<b>two</b>", 5, 2, correct=1, variant=2, created=LATER),
        # One that is random indeed.
        answer("p_3_1", "choice_0", "4", 1, 2, variant=1),
        answer("p_3_1", "choice_0", "5", 1, 4, variant=2),
        # Choices and free text.
        answer("e_2_1", None, '["<i>a</i>", "b"]', 1, 7, correct=None, **essay),
        answer("e_2_1", None, "=1+1", 1, 1, correct=1, **essay),
        # A block of two runs of a course.
        answer("o_2_1", "x", "X", 1, 1, course_id="Ex/Old/T1", module_id=OLD, variant=1),
        answer("o_2_1", "x", "X", 2, 2, course_id="Ex/Old/T2", module_id=OLD, variant=1),
    )
    empty.insert(
        "grade_distribution",
        *(
            {"course_id": CS, "module_id": PROBLEM, "grade": grade, "max_grade": 2, "count": count}
            for grade, count in ((0, 5), (2, 9))
        ),
    )
    empty.insert(
        "sequential_open_distribution",
        {"course_id": CS, "module_id": SUBSECTION, "count": 12},
    )
    empty.insert(
        "tags_distribution",
        *(
            {
                "course_id": CS,
                "org_id": "Ex",
                "module_id": module,
                "tag_name": name,
                "tag_value": value,
                "total_submissions": 9,
                "correct_submissions": 6,
            }
            for module, name, value in (
                (PROBLEM, "outcome", "adds"),
                (PROBLEM, "difficulty", "hard"),
                (PROBLEM, "difficulty", "easy"),
                (ESSAY, "difficulty", "easy"),
            )
        ),
    )
    return empty


def get(api: Served, path: str, **parameters: Any) -> Any:
    """An answer's content."""
    response = api.get(f"/api/v0/{path}", params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


def test_problems_of_a_course(api: Served) -> None:
    assert get(api, f"courses/{CS}/problems/") == [
        {
            "module_id": ESSAY,
            "total_submissions": 8,
            "correct_submissions": 1,
            "part_ids": ["e_2_1"],
            "created": CREATED,
        },
        {
            "module_id": PROBLEM,
            # 7 and 6 of its two parts, 6 and 0 of them right
            "total_submissions": 6,
            "correct_submissions": 3,
            "part_ids": ["p_2_1", "p_3_1"],
            "created": "2026-02-02T030000",
        },
    ]


def test_problems_with_their_tags(api: Served) -> None:
    numbers = {"total_submissions": 9, "correct_submissions": 6}
    assert get(api, f"courses/{CS}/problems_and_tags/") == [
        {"module_id": ESSAY, **numbers, "tags": {"difficulty": ["easy"]}, "created": CREATED},
        {
            "module_id": PROBLEM,
            **numbers,
            "tags": {"difficulty": ["easy", "hard"], "outcome": ["adds"]},
            "created": CREATED,
        },
    ]


def test_problems_as_csv(api: Served) -> None:
    fields = "?fields=module_id,part_ids"
    assert api.csv(f"/api/v0/courses/{CS}/problems/{fields}") == (
        f'module_id,part_ids\r\n{ESSAY},e_2_1\r\n{PROBLEM},"p_2_1, p_3_1"\r\n'
    )
    assert api.csv(f"/api/v0/courses/{CS}/problems_and_tags/?fields=tags") == (
        'tags.difficulty,tags.outcome\r\neasy,\r\n"easy, hard",adds\r\n'
    )


def test_part_that_was_randomised_by_mistake_is_consolidated(api: Served) -> None:
    two, three, *others = get(api, f"problems/{PROBLEM}/answer_distribution/")

    assert two == {
        "course_id": CS,
        "module_id": PROBLEM,
        "part_id": "p_2_1",
        "correct": True,
        "value_id": "choice_0",
        "answer_value": "two",
        "problem_display_name": "Sums",
        "question_text": "1 + 1?",
        "variant": None,
        "created": "2026-02-02T030000",
        "first_response_count": 8,
        "last_response_count": 6,
        "consolidated_variant": True,
    }
    assert (three["variant"], three["consolidated_variant"]) == (1, False)
    assert [(row["part_id"], row["variant"], row["last_response_count"]) for row in others] == [
        ("p_3_1", 1, 2),
        ("p_3_1", 2, 4),
    ]
    assert not any(row["consolidated_variant"] for row in others)


def test_answers_without_an_id_stay_apart(api: Served) -> None:
    rows = get(api, f"problems/{ESSAY}/answer_distribution/")

    assert [(row["value_id"], row["answer_value"], row["correct"]) for row in rows] == [
        (None, "[a|b]", None),
        (None, "=1+1", True),
    ]


def test_runs_that_share_a_block_are_not_mixed(api: Served) -> None:
    path = f"problems/{quote(OLD, safe='')}/answer_distribution/"

    assert [(row["course_id"], row["last_response_count"]) for row in get(api, path)] == [
        ("Ex/Old/T1", 1),
        ("Ex/Old/T2", 2),
    ]
    [row] = get(api, path, course_id="Ex/Old/T2")
    assert row["course_id"] == "Ex/Old/T2"


@pytest.mark.parametrize("version", ["v0", "v1"])
def test_published_client_gets_the_same(version: str, api: Served) -> None:
    client = Client(f"{api.api.root}/api/{version}", api.api.token, timeout=30)
    course, problem = client.courses(CS), client.modules(CS, PROBLEM)
    asked = {
        f"courses/{CS}/problems/": course.problems,
        f"courses/{CS}/problems_and_tags/": course.problems_and_tags,
        f"problems/{PROBLEM}/answer_distribution/": problem.answer_distribution,
        f"problems/{PROBLEM}/grade_distribution/": problem.grade_distribution,
        f"problems/{SUBSECTION}/sequential_open_distribution/": client.modules(
            CS, SUBSECTION
        ).sequential_open_distribution,
    }

    for path, method in asked.items():
        assert method() == get(api, path)
        assert method(data_format=data_formats.CSV) == api.csv(f"/api/v0/{path}")
    with pytest.raises(NotFoundError):
        client.modules(CS, "x").answer_distribution()


def test_answers_as_csv_are_no_formulas(api: Served) -> None:
    text = api.csv(f"/api/v0/problems/{ESSAY}/answer_distribution/?fields=answer_value")

    assert text == "answer_value\r\n[a|b]\r\n'=1+1\r\n"


def test_points_of_a_problem(api: Served) -> None:
    assert get(api, f"problems/{PROBLEM}/grade_distribution/") == [
        {
            "module_id": PROBLEM,
            "course_id": CS,
            "grade": grade,
            "max_grade": 2,
            "count": count,
            "created": CREATED,
        }
        for grade, count in ((0, 5), (2, 9))
    ]


def test_learners_who_opened_a_subsection(api: Served) -> None:
    assert get(api, f"problems/{SUBSECTION}/sequential_open_distribution/") == [
        {"module_id": SUBSECTION, "course_id": CS, "count": 12, "created": CREATED}
    ]


@pytest.mark.parametrize("module_id", ["", "x", OLD, "a" * 300, "%00", "🎓"])
@pytest.mark.parametrize("resource", ["grade_distribution", "sequential_open_distribution"])
def test_block_without_data(module_id: str, resource: str, api: Served) -> None:
    response = api.get(f"/api/v1/problems/{module_id}/{resource}/")

    assert response.status_code == 404
    assert response.json() == {
        "error_code": "no_data",
        "developer_message": "The reports have no such data on a block of this id.",
    }


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ("two", "two"),
        (" two\nlines ", "two\nlines"),
        ("<text>5<sup>2</sup></text>", "5 2"),
        ("x<br/>y<!-- z -->", "x y"),
        ("1 &lt; 2", "1 < 2"),
        ('["choice_1", "<b>é</b>", 3, {"a": 1}]', '[choice_1|é|3|{"a": 1}]'),
        ("[]", "[]"),
        ("3", "3"),
        ('"quoted"', '"quoted"'),
        ("[1, 2", "[1, 2"),
        ("", ""),
        (None, None),
    ],
)
def test_answer_without_its_markup(answer: str | None, shown: str | None) -> None:
    assert plain(answer) == shown


@given(st.text("<>&;/!-\"'[]{},ab\0 \n", max_size=200))
def test_any_answer_can_be_shown(answer: str) -> None:
    assert isinstance(plain(answer), str)


def test_answer_that_would_take_long_to_read() -> None:
    assert plain("<i>" * 100_000) == "<i>" * 100_000
