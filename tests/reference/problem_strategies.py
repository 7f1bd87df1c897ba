"""Hypothesis strategies for what a site logs of checked problems, of both shapes.

Few learners meet few problems often; some of what they answer is odd.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

JsonObject = dict[str, Any]

FIRST_DAY = date(2015, 3, 2)
DAYS = 6
COURSES = ["edX/DemoX/Demo_Course", "course-v1:edX+DemoX+2014"]
PROBLEMS = ["i4x://edX/DemoX/problem/p1", "block-v1:edX+DemoX+2014+type@problem+block@p2"]
PARTS = ["p_2_1", "p_3_1", "p_3_1_dynamath", "p_4_1_comment"]
LEARNERS = ["anna", "bob", "Zoë ", "", None]


@dataclass(frozen=True)
class Answers:
    """Log lines in the order of their arrival, and the interval to report on."""

    lines: list[bytes]
    interval: tuple[date, date]


@st.composite
def answers(draw: DrawFn, at_once: bool = False) -> Answers:
    """Up to 30 problem_check events.

    Args:
        at_once: whether several may happen in the same microsecond.
    """
    events = draw(st.lists(events_, min_size=1, max_size=30))
    times = draw(st.lists(moments, min_size=len(events), max_size=len(events), unique=not at_once))
    lines = [json.dumps({**event, "time": time}) for event, time in zip(events, times, strict=True)]
    first = FIRST_DAY + timedelta(days=draw(st.sampled_from([0, 0, 0, 1])))
    last = FIRST_DAY + timedelta(days=DAYS - draw(st.sampled_from([0, 0, 0, 1, 2])))
    return Answers([line.encode() for line in lines], (first, last))


moments = st.builds(
    lambda day, second: (
        datetime(2015, 3, 2, tzinfo=UTC) + timedelta(days=day, seconds=second / 4)
    ).isoformat(),
    st.integers(0, DAYS - 1),
    st.integers(0, 4 * 30),
)

choices: SearchStrategy[tuple[Any, Any]] = st.sampled_from(
    [
        ("choice_1", "<b>Blue</b> &amp; co"),
        ("choice_1", "Blue & co"),
        ("choice_2", "  Red\n<i>ish</i> <!-- no --> one"),
        ("choice_3", "<choicehint>Hm</choicehint>Green <choicehint selected='true'>?"),
        (["choice_1", "choice_2"], ["<b>Blue</b>", "Red "]),
        (["choice_1"], ["Blue"]),
        ([], []),
        ("", "nothing"),
    ]
)
texts: SearchStrategy[Any] = st.sampled_from(
    [
        "3.14",
        " 3.14 ",
        "choice_1",
        "Blue & co",
        "<b>typed</b>",
        "日本 \t語",
        "",
        ["a", "b"],
        5,
        None,
    ]
)
variants = st.sampled_from(["", "", "", 1, 7, 0])
correctness = st.sampled_from(["correct", "incorrect", "partially-correct", None])
response_types = st.sampled_from(
    [*["multiplechoiceresponse", "stringresponse"] * 4, "imageresponse", "customresponse", None]
)


@st.composite
def new_shape(draw: DrawFn) -> JsonObject:
    """With a submission for each part."""
    payload: JsonObject = {"answers": {}, "submission": {}, "correct_map": {}}
    for part_id in draw(st.lists(st.sampled_from(PARTS), unique=True, min_size=1, max_size=3)):
        raw, shown = draw(choices | texts.map(lambda text: (text, text)))
        payload["answers"][part_id] = raw
        payload["submission"][part_id] = {
            "answer": shown,
            "question": draw(st.sampled_from(["Which one?", "What\n  now?", ""])),
            "response_type": draw(response_types),
            "input_type": "whatever",
            "correct": draw(st.booleans()),
            "variant": draw(variants),
        }
        payload["correct_map"][part_id] = {"correctness": draw(correctness)}
    return payload


@st.composite
def old_shape(draw: DrawFn) -> JsonObject:
    """With the raw answers alone."""
    payload: JsonObject = {"answers": {}, "correct_map": {}, "state": {"seed": draw(seeds)}}
    for part_id in draw(st.lists(st.sampled_from(PARTS), unique=True, min_size=1, max_size=3)):
        payload["answers"][part_id] = draw(choices.map(lambda choice: choice[0]) | texts)
        if draw(st.integers(0, 5)):
            payload["correct_map"][part_id] = {"correctness": draw(correctness)}
    return payload


seeds = st.sampled_from([1, 1, 7, None])

odd_shapes: SearchStrategy[JsonObject] = st.sampled_from(
    [
        {},
        {"answers": {}},
        {"answers": {"p_2_1": "x"}, "submission": {}},
        {"answers": {"p_2_1": "x"}, "submission": None},
        {"answers": {"p_2_1": "x"}, "submission": {"p_2_1": "x"}},
        {"answers": {"p\n2": "x"}, "submission": {"p_2_1": {"answer": "x"}}},
        {"answers": "x", "correct_map": {}},
        {"answers": ["p_2_1"]},
    ]
)
tags = st.sampled_from(
    [
        {},
        {"tagging_aside": {"saved_tags": {}}},
        {"tagging_aside": {"saved_tags": {"difficulty": "easy"}}},
        {"tagging_aside": {"saved_tags": {"difficulty": ["hard", "new"], "outcome": ["Läs"]}}},
    ]
)


@st.composite
def _events(draw: DrawFn) -> JsonObject:
    shape = draw(st.sampled_from([*["new"] * 6, *["old"] * 3, "odd"]))
    problem_id = draw(st.sampled_from([*PROBLEMS * 5, " ", None, 7]))
    payload = draw({"new": new_shape(), "old": old_shape(), "odd": odd_shapes}[shape])
    return {
        "username": draw(st.sampled_from(LEARNERS)),
        "event_type": draw(st.sampled_from([*["problem_check"] * 9, "problem_check_fail"])),
        "event_source": draw(st.sampled_from([*["server"] * 9, "browser"])),
        "context": {
            "course_id": draw(st.sampled_from([*COURSES * 5, ""])),
            "user_id": 1,
            "module": {"display_name": draw(st.sampled_from(["First", "First,\tanew"]))},
            "asides": draw(tags),
        },
        "event": {
            **payload,
            "problem_id": problem_id,
            "success": draw(st.sampled_from(["correct", "incorrect"])),
            "grade": draw(st.sampled_from([0, 1, 0.5, None])),
            "max_grade": draw(st.sampled_from([1, 2.0, None])),
        },
    }


events_ = _events()
