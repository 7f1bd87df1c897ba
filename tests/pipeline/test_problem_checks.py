"""What is read of a problem_check, rule by rule."""

from __future__ import annotations

import json
from typing import Any

import pytest

from insights_pipeline import problem_checks
from insights_pipeline.problem_checks import LONGEST_TEXT, stringify, text_of_markup

COURSE = "course-v1:edX+DemoX+2014"
JsonObject = dict[str, Any]


def read(payload: object, title: str = "Title", asides: object = None) -> JsonObject:
    text = payload if isinstance(payload, str) else json.dumps(payload)
    check: JsonObject = json.loads(
        problem_checks.read(text, COURSE, title, json.dumps(asides).encode())
    )
    return check


def answers(**payload: object) -> list[JsonObject]:
    """What is kept of each part, without what is not known."""
    check = read({"problem_id": "p", **payload})
    kept = json.loads(check["answers"])
    return [
        {name: value for name, value in answer.items() if value not in (None, "", False)}
        for answer in kept
    ]


def test_a_choice_is_known_by_its_id_and_shown_by_its_text() -> None:
    found = answers(
        answers={"p_2_1": "choice_2"},
        submission={
            "p_2_1": {
                "answer": "A <b>blue</b><i>ish</i> one ",
                "question": "Which?",
                "response_type": "multiplechoiceresponse",
                "correct": True,
                "variant": "",
            }
        },
        correct_map={"p_2_1": {"correctness": "correct", "hint": ""}},
    )

    assert found == [
        {
            "part_id": "p_2_1",
            "value_id": "choice_2",
            "answer": "A <b>blue</b><i>ish</i> one",
            "plain": "A blue ish one",
            "response": "A <b>blue</b><i>ish</i> one ",
            "correct": True,
            "correctness": "correct",
            "question": "Which?",
            "response_type": "multiplechoiceresponse",
        }
    ]


def test_what_a_learner_typed_keeps_its_markup() -> None:
    found = answers(answers={"p": " <b>x</b> "}, submission={"p": {"answer": " <b>x</b> "}})

    assert found == [{"part_id": "p", "answer": "<b>x</b>", "response": " <b>x</b> "}]


def test_several_values_are_one_text() -> None:
    found = answers(
        answers={"p": ["choice_1", "choice_3"]},
        submission={"p": {"answer": ["<p>One</p>", "Two<choicehint>No</choicehint> "]}},
    )

    assert found == [
        {
            "part_id": "p",
            "value_id": "[choice_1|choice_3]",
            "answer": "[<p>One</p>|Two<choicehint>No</choicehint>]",
            "plain": "[One|Two No]",
            "response": "<p>One</p>|Two ",
        }
    ]


def test_an_older_event_has_ids_alone() -> None:
    found = answers(
        answers={"p": ["a", "b"], "q": "5", "r": "not marked"},
        correct_map={"p": {"correctness": "correct"}, "q": {"correctness": "incorrect"}},
        state={"seed": 7},
    )

    older = {"variant": "7", "seed": 7}
    assert found == [
        {
            **older,
            **{"part_id": "p", "value_id": "[a|b]", "response": "a|b"},
            **{"correct": True, "correctness": "correct"},
        },
        {**older, "part_id": "q", "value_id": "5", "correctness": "incorrect"},
    ]


@pytest.mark.parametrize("name", ["p_2_1_dynamath", "p_2_1_comment"])
def test_hidden_parts_are_left_out(name: str) -> None:
    assert answers(answers={name: "x"}, submission={name: {"answer": "x"}}) == []
    assert answers(answers={name: "x"}, correct_map={name: {"correctness": "correct"}}) == []


@pytest.mark.parametrize(
    ("variant", "text", "seed"),
    [
        ("", "", None),
        (5, "5", 5),
        ("5", "5", 5),
        (0, "0", None),
        (None, "None", None),
        (2**40, str(2**40), None),
        ("five", "five", None),
        (["5"], '["5"]', None),
    ],
)
def test_variants(variant: object, text: str, seed: int | None) -> None:
    check = read(
        {
            "problem_id": "p",
            "answers": {"p": "x"},
            "submission": {"p": {"answer": "x", "variant": variant}},
        }
    )

    (answer,) = json.loads(check["answers"])
    assert (answer["variant"], answer["seed"]) == (text, seed)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (" a ", "a"),
        ([" a", "b "], "[a|b]"),
        ([], "[]"),
        (5, "5"),
        (0.5, "0.5"),
        (True, "True"),
        (None, "None"),
        ([1, None], "[1|None]"),
        ({"a": 1}, '{"a": 1}'),
    ],
)
def test_values_of_any_type_are_texts(value: object, text: str) -> None:
    assert stringify(value) == text


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("no  markup\n", "no markup"),
        ("a<b>c</b>d", "a c d"),
        ("<table><tr><td>1<td>2</table>", "1 2"),
        ("x &amp; y &lt; z", "x & y < z"),
        ("a <!-- hidden --> b", "a b"),
        ("1 < 2", "1 < 2"),
        ("a\0b", "ab"),
        ("<b" * 3, ""),
        ("<b>" * 3_000 + "deep", "deep"),
    ],
)
def test_the_words_of_markup(markup: str, text: str) -> None:
    assert text_of_markup(markup) == text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("two  \n\t words ", "two words "),
        ("a<choicehint>b</choicehint>c", "ac"),
        ("a<choicehint label='b'>c", "ac"),
        ("a\u00a0\u2028b", "a\u00a0\u2028b"),
    ],
)
def test_texts_of_the_response_report(text: str, clean: str) -> None:
    assert problem_checks.clean_text(text) == clean


@pytest.mark.parametrize("payload", ["", "[]", '"{\\"cut off', "7", "null"])
def test_a_payload_that_is_no_object(payload: str) -> None:
    check = read(payload)

    assert (check["flaw"], check["problem_id"]) == ("not an object", "")


@pytest.mark.parametrize("problem_id", [None, "", "  ", 7, ["p"], "p" * 256])
def test_no_problem(problem_id: object) -> None:
    check = read({"problem_id": problem_id, "answers": {"p": "x"}})

    assert (check["flaw"], check["problem_id"]) == ("no usable problem_id", "")


@pytest.mark.parametrize(
    "payload",
    [
        {"answers": "x"},
        {"answers": ["x"]},
        {"answers": None},
        {"answers": {"p\n": "x"}},
        {"answers": {"p": "x"}, "submission": None},
        {"answers": {"p": "x"}, "submission": {"p\t": {}}},
    ],
)
def test_answers_of_the_wrong_shape_are_no_attempt(payload: JsonObject) -> None:
    check = read({"problem_id": "p", "success": "correct", **payload})

    assert (check["flaw"], check["answers"]) == ("answers of the wrong shape", None)
    assert check["correct"]


@pytest.mark.parametrize("payload", [{}, {"answers": {}}])
def test_without_answers_there_is_no_attempt(payload: JsonObject) -> None:
    check = read({"problem_id": "p", **payload})

    assert (check["flaw"], check["answers"]) == (None, None)


@pytest.mark.parametrize(
    "odd",
    [
        {"submission": {"q": "x"}},
        {"submission": {"q": None}},
        {"correct_map": {"q": "correct"}},
        {"submission": {"q" * 256: {"answer": "x"}}},
    ],
)
def test_a_part_of_the_wrong_shape_leaves_the_others(odd: JsonObject) -> None:
    kind, parts = next(iter(odd.items()))
    tidy = {"answer": "x"} if kind == "submission" else {"correctness": "correct"}
    payload = {"answers": {"p": "x", "q": "x"}, kind: {"p": tidy, **parts}}

    check = read({"problem_id": "p", **payload})

    assert [answer["part_id"] for answer in json.loads(check["answers"])] == ["p"]
    assert check["flaw"] == "part of the wrong shape"


@pytest.mark.parametrize("field", ["correct_map", "state"])
@pytest.mark.parametrize("value", [None, "x", [], 7])
def test_other_fields_of_the_wrong_shape_are_as_missing(field: str, value: object) -> None:
    found = answers(answers={"p": "x"}, submission={"p": {"answer": "x"}}, **{field: value})

    assert found == [{"part_id": "p", "answer": "x"}]


def test_megabytes_are_cut() -> None:
    check = read(
        {"problem_id": "p", "answers": {"p": "x" * 2**20}, "submission": {"p": {"answer": "y"}}}
    )

    (answer,) = json.loads(check["answers"])
    assert answer["value_id"] == "x" * LONGEST_TEXT
    assert check["flaw"] == "answer or question too long"


def test_more_megabytes_are_left_out() -> None:
    many = {f"p{number}": "x" * 2**16 for number in range(2**8)}
    check = read({"problem_id": "p", "answers": many, "submission": {"p0": {"answer": "y"}}})
    assert check["answers"]

    check = read(
        {"problem_id": "p", "answers": many, "correct_map": {name: {"a": 1} for name in many}}
    )
    assert (check["answers"], check["flaw"]) == (None, "answer or question too long")


@pytest.mark.parametrize(
    ("grade", "score"),
    [(1, 1.0), (0.5, 0.5), ("2", 2.0), (None, None), ("two", None), ("nan", None), ([], None)],
)
def test_points(grade: object, score: float | None) -> None:
    assert read({"problem_id": "p", "grade": grade})["score"] == score


def test_numbers_that_are_too_large_are_none() -> None:
    check = read('{"problem_id": "p", "grade": 1e400, "max_grade": 1}')

    assert (check["problem_id"], check["score"], check["max_score"]) == ("p", None, 1.0)


def test_tags() -> None:
    saved = {"difficulty": "easy", "outcome": ["a", "b", "a", 7], "odd": 5, "n" * 256: "x"}
    check = read({"problem_id": "p"}, asides={"tagging_aside": {"saved_tags": saved}})

    assert [(tag["name"], tag["value"]) for tag in json.loads(check["tags"])] == [
        ("difficulty", "easy"),
        ("outcome", "a"),
        ("outcome", "b"),
    ]
    assert check["org_id"] == "edX"


@pytest.mark.parametrize(
    "asides",
    [
        None,
        [],
        {},
        {"tagging_aside": None},
        {"tagging_aside": {"saved_tags": []}},
        {"tagging_aside": {"saved_tags": {}}},
    ],
)
def test_no_tags(asides: object) -> None:
    assert read({"problem_id": "p"}, asides=asides)["tags"] is None
