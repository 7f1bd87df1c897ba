"""What the LMS says of a checked problem, in one form: who answered what is made of this.

The server's problem_check events come in two shapes. Newer ones have a `submission` that tells of
each part of the problem the answer as the learner saw it, and whether it is right; older ones have
the raw `answers` and a `correct_map` alone. Names of parts are keys of JSON objects, and choices
are texts of HTML, which SQL can read neither alike nor well on two engines: they are read here.

The rules are upstream's (insights/answer_dist.py, problem_response.py and tags_dist.py). Where
upstream's job would end with an error (an answer that is a number, a part that is no object), what
can be read is read, and the check carries a `flaw`, which is counted.
"""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from insights_pipeline import course_keys

if TYPE_CHECKING:
    from collections.abc import Callable

EVENT_TYPE = "problem_check"
LONGEST_TEXT = 32_767  # characters; the most that a spreadsheet's cell holds
LONGEST_ID = 255  # characters; the width of the reports tables' columns
_LONGEST_LIST = 2**22  # characters of JSON; Spark gives up JSON of five times that
_HIDDEN = ("_dynamath", "_comment")  # parts that hold what no learner typed
_CHOICE_HINT = re.compile(r"<choicehint.*?</choicehint>|<choicehint.*?>")
_WHITE_SPACE = re.compile(r"\s+", re.ASCII)
_SEED = re.compile(r"-?[0-9]{1,10}")
_MAXIMUM_SEED = 2**31 - 1

NO_OBJECT = "not an object"
NO_PROBLEM = "no usable problem_id"
BAD_ANSWERS = "answers of the wrong shape"
BAD_PART = "part of the wrong shape"
TOO_LONG = "answer or question too long"


class Answer(msgspec.Struct):
    """A part of a problem, and what the learner answered to it.

    Several values are one text, as upstream has it: [a|b]. White space around values is gone.

    Attributes:
        part_id: the part's id.
        value_id: id of the choice, or raw answer of an older event; None: the answer is all there
            is.
        answer: as the learner saw it; None in older events.
        plain: the answer without its markup; None: the same.
        response: the answer for the response report: values joined by |, white space made single,
            hints to choices left out; None: the same as `answer`, or `value_id` without one.
        correct: whether the part's answer counts as right.
        correctness: what the LMS called it: correct, incorrect, partially-correct, …
        variant: seed of a randomised problem as text, which tells variants apart; empty: none.
        seed: it, as a number.
        question: the part's question.
        clean_question: for the response report; None: the same.
        response_type: kind of part, such as multiplechoiceresponse; None in older events.
    """

    part_id: str
    value_id: str | None = None
    answer: str | None = None
    plain: str | None = None
    response: str | None = None
    correct: bool = False
    correctness: str | None = None
    variant: str = ""
    seed: int | None = None
    question: str = ""
    clean_question: str | None = None
    response_type: str | None = None


class Tag(msgspec.Struct):
    """A tag of a problem, such as difficulty: easy."""

    name: str
    value: str


class ProblemCheck(msgspec.Struct):
    """A problem that was checked.

    Attributes:
        problem_id: the problem's usage key; empty where the event does not say.
        org_id: the organisation that runs the course.
        correct: whether all of it was right.
        score: points.
        max_score: points that could be had.
        title: the problem's, for the response report.
        tags: its tags, as JSON: a list of `Tag`; None: it has none.
        answers: as JSON: a list of `Answer`; None: the event has no usable answers.
        flaw: what of it could not be used.
    """

    problem_id: str = ""
    org_id: str | None = None
    correct: bool = False
    score: float | None = None
    max_score: float | None = None
    title: str = ""
    tags: str | None = None
    answers: str | None = None
    flaw: str | None = None


def read(payload: str | None, course_id: str | None, title: str | None, asides: bytes) -> str:
    """A server's problem_check as JSON of a `ProblemCheck`.

    Args:
        payload: the event's own data.
        course_id: the course run.
        title: the problem's.
        asides: context.asides as JSON, where a problem's tags are; may be empty.
    """
    check, flaws = ProblemCheck(org_id=_org(course_id)), list[str]()
    event = _as_object(payload)
    problem_id = event.get("problem_id") if event else None
    if event is None:
        flaws.append(NO_OBJECT)
    elif not isinstance(problem_id, str) or not 0 < len(problem_id.strip()) <= LONGEST_ID:
        flaws.append(NO_PROBLEM)
    else:
        check.problem_id = problem_id.strip()
        check.title = _cut(clean_text(title or ""), flaws)
        _fill(check, event, asides, flaws)
    check.flaw = flaws[0] if flaws else None
    return _encode(check)


def _fill(check: ProblemCheck, event: dict[str, Any], asides: bytes, flaws: list[str]) -> None:
    check.correct = event.get("success") == "correct"
    check.score, check.max_score = (
        _as_number(event.get("grade")),
        _as_number(event.get("max_grade")),
    )
    tags = _read_tags(_as_object(asides))
    check.tags = _encode_or_leave(tags, flaws) if tags else None
    answers = _read_answers(event, flaws)
    check.answers = None if answers is None else _encode_or_leave(answers, flaws)


def _read_answers(event: dict[str, Any], flaws: list[str]) -> list[Answer] | None:
    """The answers to all parts that are shown; None where the event does not count as an attempt.

    Upstream leaves out events without raw answers, and all of an event where the name of a part
    could not be a name.
    """
    raw = event.get("answers", {})
    submission = event.get("submission", {})
    if raw == {}:
        return None
    if not (_has_names(raw) and _has_names(submission)):
        flaws.append(BAD_ANSWERS)
        return None
    correct_map = _object_or_none(event.get("correct_map")) or {}
    found = []
    for part_id in submission if "submission" in event else raw:
        if part_id.endswith(_HIDDEN):
            continue
        if len(part_id) > LONGEST_ID:
            flaws.append(BAD_PART)
            continue
        verdict = correct_map.get(part_id)
        if "submission" in event:
            answer = _read_new(part_id, submission[part_id], raw, flaws)
        elif part_id in correct_map:
            answer = _read_old(part_id, raw[part_id], verdict, event, flaws)
        else:
            # Some older events name the choices that there were, as if they were parts.
            continue
        if answer:
            correctness = verdict.get("correctness") if isinstance(verdict, dict) else None
            answer.correctness = correctness if isinstance(correctness, str) else None
            found.append(answer)
    return found


def _has_names(parts: object) -> bool:
    return isinstance(parts, dict) and not any("\n" in name or "\t" in name for name in parts)


def _read_new(
    part_id: str, submission: Any, raw: dict[str, Any], flaws: list[str]
) -> Answer | None:
    """A part of a newer event; its raw answer is the id of a choice where it differs."""
    if not isinstance(submission, dict):
        flaws.append(BAD_PART)
        return None
    shown = submission.get("answer")
    answer = Answer(part_id, correct=bool(submission.get("correct")))
    if "answer" in submission or raw.get(part_id) is None:
        answer.answer = _cut(stringify(shown), flaws)
    if part_id in raw and raw[part_id] != shown:
        answer.value_id = _cut(stringify(raw[part_id]), flaws)
        if answer.value_id and answer.answer is not None:
            plain = _cut(stringify(shown, text_of_markup), flaws)
            answer.plain = None if plain == answer.answer else plain
    _set_response(answer, submission.get("answer", raw.get(part_id, "")), flaws)
    question = submission.get("question")
    answer.question = "" if question is None else _cut(_as_text(question), flaws)
    clean = clean_text(answer.question)
    answer.clean_question = None if clean == answer.question else clean
    kind = submission.get("response_type")
    answer.response_type = kind if isinstance(kind, str) else None
    _set_variant(answer, submission.get("variant", ""))
    return answer


def _read_old(
    part_id: str, value: Any, verdict: Any, event: dict[str, Any], flaws: list[str]
) -> Answer | None:
    """A part of an older event. Whether its value is a choice's id or an answer, it does not say.

    It is kept as an id, which tells it from an answer of a newer event.
    """
    if not isinstance(verdict, dict):
        flaws.append(BAD_PART)
        return None
    answer = Answer(part_id, correct=verdict.get("correctness") == "correct")
    answer.value_id = _cut(stringify(value), flaws)
    _set_response(answer, value, flaws)
    state = _object_or_none(event.get("state")) or {}
    _set_variant(answer, state.get("seed"))
    return answer


def _set_response(answer: Answer, told: Any, flaws: list[str]) -> None:
    values = told if isinstance(told, list) else [told]
    response = _cut("|".join(clean_text(_as_text(value)) for value in values), flaws)
    same = answer.value_id if answer.answer is None else answer.answer
    answer.response = None if response == same else response


def _set_variant(answer: Answer, variant: Any) -> None:
    answer.variant = _as_text(variant)[:LONGEST_ID]
    if isinstance(variant, str) and _SEED.fullmatch(variant):
        variant = int(variant)
    if type(variant) is int and 0 < abs(variant) <= _MAXIMUM_SEED:
        answer.seed = variant


def _read_tags(asides: dict[str, Any] | None) -> list[Tag]:
    """Each tag's name and value; a name may have several values."""
    aside = _object_or_none(asides and asides.get("tagging_aside"))
    saved = _object_or_none(aside and aside.get("saved_tags")) or {}
    found: list[Tag] = []
    for name, values in saved.items():
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, str) and len(name) <= LONGEST_ID >= len(value):
                tag = Tag(name, value)
                found += [] if tag in found else [tag]
    return found


def stringify(value: Any, read_text: Callable[[str], str] = str.strip) -> str:
    """An answer as one text; several values in brackets, with | between them."""
    if isinstance(value, list):
        return f"[{'|'.join(read_text(_as_text(item)) for item in value)}]"
    return read_text(_as_text(value))


def clean_text(text: str) -> str:
    """A text of the response report: white space made single, hints to choices left out."""
    return _CHOICE_HINT.sub("", _WHITE_SPACE.sub(" ", text))


def text_of_markup(markup: str) -> str:
    """The words of a piece of HTML, with one space between them and between elements."""
    if not any(mark in markup for mark in "<&\0"):
        return " ".join(markup.split())
    return _words(markup[:LONGEST_TEXT])


@lru_cache(4_096)
def _words(markup: str) -> str:
    # Loaded where it is needed: most checks have no markup.
    from xml.etree.ElementTree import Comment

    import tinyhtml5

    root = tinyhtml5.parse(markup)
    for comment in root.iter(Comment):
        comment.text = ""
    return " ".join(word for text in root.itertext() for word in text.split())


def _as_text(value: Any) -> str:
    """As Python prints it; objects as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, dict | list) else str(value)


def _cut(text: str, flaws: list[str]) -> str:
    if len(text) <= LONGEST_TEXT:
        return text
    flaws.append(TOO_LONG)
    return text[:LONGEST_TEXT]


def _as_object(text: str | bytes | None) -> dict[str, Any] | None:
    if not text:
        return None
    try:
        try:
            return _object_or_none(msgspec.json.decode(text))
        except msgspec.MsgspecError:
            # Numbers such as 1e400 are JSON that it cannot hold.
            return _object_or_none(json.loads(text))
    except (ValueError, RecursionError):
        return None


def _object_or_none(found: Any) -> dict[str, Any] | None:
    return found if isinstance(found, dict) else None


def _as_number(value: Any) -> float | None:
    if not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


@lru_cache(65_536)
def _org(course_id: str | None) -> str | None:
    return course_keys.organisation(course_id) if course_id else None


def _encode_or_leave(values: list[Any], flaws: list[str]) -> str | None:
    text = _encode(values)
    if len(text) <= _LONGEST_LIST:
        return text
    flaws.append(TOO_LONG)
    return None


def _encode(value: Any) -> str:
    return msgspec.json.encode(value).decode()
