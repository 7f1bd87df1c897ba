"""How learners do in problems."""

from __future__ import annotations

from typing import Any

import pytest

from insights.charts.specs import points as read_out
from insights.charts.specs import vega_lite
from insights.courses.answers.performance import (
    answer_parts,
    assignment_types,
    assignments,
    outcomes,
    points,
    problem_list,
    problems,
    sections,
)
from insights.courses.structure import Structure


def block(block_id: str, kind: str = "problem", **more: Any) -> dict[str, Any]:
    """A block as the Data API tells of it."""
    return {
        "block_id": block_id,
        "block_type": kind,
        "display_name": block_id.title(),
        "section_id": "week",
        "subsection_id": None,
        "position": 1,
        "graded": False,
        "assignment_type": None,
        **more,
    }


def answered(module_id: str, total: int, correct: int, **more: Any) -> dict[str, Any]:
    return {
        "module_id": module_id,
        "total_submissions": total,
        "correct_submissions": correct,
        **more,
    }


EXAM = {"graded": True, "assignment_type": "Exam", "subsection_id": "exam"}
QUIZ = {"graded": True, "assignment_type": "Quiz", "subsection_id": "quiz"}
STRUCTURE = Structure(
    [
        block("week", "chapter"),
        block("exam", "sequential", **EXAM),
        block("sums", **EXAM),
        block("products", **EXAM),
        block("quiz", "sequential", **QUIZ),
        block("roots", **QUIZ),
        block("play"),
        block("gone", position=None, section_id=None),
    ]
)
FOUND = problems(
    STRUCTURE, [answered("sums", 10, 5), answered("play", 4, 4), answered("gone", 1, 0)]
)


def test_problems_come_as_in_the_course_and_others_last() -> None:
    assert [(each.id, each.answered, each.is_there) for each in FOUND] == [
        ("sums", 10, True),
        ("products", 0, True),
        ("roots", 0, True),
        ("play", 4, True),
        ("gone", 1, False),
    ]


def test_types_of_assignments_add_up() -> None:
    answer = assignment_types(FOUND)

    assert answer.table.rows == (("Exam", 1, 2, 10, 5, 0.5), ("Quiz", 1, 1, 0, 0, None))
    assert answer.finding == "5 of 10 answers are correct (50%)."


def test_the_hardest_is_named_where_there_are_several() -> None:
    found = problems(STRUCTURE, [answered("sums", 10, 5), answered("roots", 1, 0)])

    answer = assignments(STRUCTURE, found, link=str.upper)

    assert answer.finding == "5 of 11 answers are correct (45%). Hardest is “Quiz” (0%)."
    assert answer.table.rows[1] == ("Quiz", "Quiz", 1, 1, 0, 0.0, "quiz")
    assert answer.table.links == ("EXAM", "QUIZ")


def test_what_nobody_answered_has_no_chart() -> None:
    answer = assignments(STRUCTURE, problems(STRUCTURE, []), link=str)

    assert answer.finding == "Nobody has answered yet."
    assert answer.chart is None
    assert len(answer.table.rows) == 2


def test_a_bar_without_answers_has_no_share() -> None:
    answer = assignment_types(FOUND)
    assert answer.chart

    bars = vega_lite(answer.chart, answer.table, 720)["data"]["values"]

    assert [bar["label"] for bar in bars] == ["5 of 10 (50%)", "0 of 0"]


def test_problems_of_one_title_are_told_apart() -> None:
    structure = Structure(
        [block("one-12345678", display_name="P"), block("two-87654321", display_name="P")]
    )

    answer = problem_list(structure, problems(structure, []), link=str)

    assert answer.table.values("problem") == ["P (week) (…12345678)", "P (week) (…87654321)"]


def test_without_a_structure_nothing_is_graded_and_everything_elsewhere() -> None:
    found = problems(Structure(), [answered("sums", 2, 1)])

    assert assignment_types(found).table.rows == ()
    assert [each.is_there for each in found] == [False]
    assert sections(Structure(), found, str).table.values("section") == ["In no section"]


def given(answer: Any, count: int, *, correct: bool | None = False, **more: Any) -> dict[str, Any]:
    return {
        "part_id": "p_2_1",
        "correct": correct,
        "value_id": None,
        "answer_value": answer,
        "question_text": "1 + 1?",
        "variant": None,
        "first_response_count": 0,
        "last_response_count": count,
        "consolidated_variant": False,
        **more,
    }


class TestAnswers:
    def test_the_most_frequent_comes_first(self) -> None:
        (answer,) = answer_parts([given("3", 2), given("2", 7, correct=True), given("", 1)])

        assert answer.question == "1 + 1?"
        assert answer.table.values("answer") == ["2", "3", "(empty)"]
        assert answer.finding == (
            "10 learners answered; the latest answers of 7 are correct (70%)."
            " The most frequent wrong answer is “3” (20%)."
        )

    def test_the_chart_says_which_are_right(self) -> None:
        (answer,) = answer_parts([given("2", 3, correct=True), given("?", 1, correct=None)])
        assert answer.chart

        bars = vega_lite(answer.chart, answer.table, 720)["data"]["values"]

        assert [bar["label"] for bar in bars] == ["3 (75%) correct", "1 (25%) unknown"]
        assert read_out(answer.chart, answer.table)[0]["text"] == "3 learners, correct"

    def test_parts_are_counted(self) -> None:
        first, second = answer_parts(
            [given("2", 1), given("4", 1, part_id="p_3_1", question_text=None)]
        )

        assert (first.key, first.question) == ("part-1", "Part 1 of 2: 1 + 1?")
        assert (second.key, second.question) == ("part-2", "Part 2 of 2")

    def test_answers_that_read_the_same_are_told_apart(self) -> None:
        (answer,) = answer_parts(
            [given("2", 4, variant=1), given("2", 3, variant=2), given("x", 2), given("x", 1)]
        )

        assert answer.table.values("answer") == ["2 (variant 1)", "2 (variant 2)", "x", "x (2)"]

    def test_a_long_question_is_cut_and_variants_that_are_one_are_told(self) -> None:
        (answer,) = answer_parts(
            [given("2", 1, question_text="why " * 100, consolidated_variant=True)]
        )

        assert len(answer.question) == 200
        assert answer.finding.endswith("Variants that do not differ are counted as one.")

    def test_says_when_there_is_nothing(self) -> None:
        (answer,) = answer_parts([])
        assert answer.finding == "No answer is known that could be counted."
        (nobody,) = answer_parts([given("2", 0)])
        assert nobody.finding == "Nobody has answered yet."
        assert nobody.chart is None


def test_points_and_what_can_be_had() -> None:
    rows = [
        {"grade": 1.5, "max_grade": 2.0, "count": 1},
        {"grade": 2.0, "max_grade": 2.0, "count": 3},
        {"grade": 1.0, "max_grade": None, "count": 1},
    ]

    answer = points(rows)

    assert answer.table.values("points") == ["1.5 of 2", "2 of 2", "1"]
    assert answer.finding == "3 of 5 learners have all points (60%)."


class TestOutcomes:
    ROWS = (
        answered("sums", 10, 5, tags={"difficulty": ["Hard"], "<b>": ["x"]}),
        answered("play", 4, 4, tags={"difficulty": ["Easy", "Hard"]}),
    )

    def test_a_problem_counts_for_each_of_its_tags(self) -> None:
        markup, difficulty, tagged = outcomes(STRUCTURE, self.ROWS, link=str)

        assert markup.question == "How do learners do by “<b>”?"
        assert difficulty.table.rows == (("Easy", 1, 4, 4, 1.0), ("Hard", 2, 14, 9, 9 / 14))
        assert difficulty.finding == (
            "Of all submissions these are correct, hardest first: Hard 64% and Easy 100%."
        )
        assert tagged.table.values("problem") == ["Sums", "Play"]
        assert tagged.table.values("tags") == ["difficulty: Hard; <b>: x", "difficulty: Easy, Hard"]

    @pytest.mark.parametrize("rows", [[], [answered("sums", 0, 0, tags={"t": ["v"]})]])
    def test_says_when_there_is_nothing(self, rows: list[dict[str, Any]]) -> None:
        *tags, tagged = outcomes(STRUCTURE, rows, link=str)

        assert len(tagged.table.rows) == len(rows)
        assert [tag.finding for tag in tags] == ["Nobody has submitted an answer yet."] * len(rows)
