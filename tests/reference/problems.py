"""Answers, tags and responses, from upstream's definitions, one event after the other.

The lines are taken to be tidy JSON: what reading makes of others is told in `reading`.
"""

from __future__ import annotations

import html
import json
import re
from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

JsonObject = dict[str, Any]
Row = tuple[Any, ...]

COUNTED_KINDS = {
    "choiceresponse",
    "optionresponse",
    "multiplechoiceresponse",
    "numericalresponse",
    "stringresponse",
    "formularesponse",
}


class Check(NamedTuple):
    """A problem_check of the server; sorts by time."""

    time: datetime
    course_id: str
    username: str
    problem_id: str
    display_name: str
    payload: JsonObject
    asides: JsonObject

    @property
    def is_attempt(self) -> bool:
        """Whether a named learner gave answers that can be read."""
        answers = self.payload.get("answers", {})
        return (
            bool(self.username)
            and answers != {}
            and all(map(are_parts, (answers, self.payload.get("submission", {}))))
        )


def are_parts(value: object) -> bool:
    return isinstance(value, dict) and not any({"\n", "\t"} & set(name) for name in value)


def problem_tables(lines: Iterable[bytes], interval: tuple[date, date]) -> dict[str, list[Row]]:
    """The tables over a left-closed, right-open interval of UTC dates, in no order."""
    start, end = interval
    checks = [check for check in read_checks(lines) if start <= check.time.date() < end]
    attempts: dict[tuple[str, str, str], list[Check]] = defaultdict(list)
    for check in sorted(checks, key=lambda check: check.time):
        if check.is_attempt:
            attempts[check.course_id, check.problem_id, check.username].append(check)
    return {
        "answer_distribution": list(answer_distribution(attempts.values())),
        "tags_distribution": list(tags_distribution(checks)),
        "problem_response": list(responses(attempts.values())),
    }


def read_checks(lines: Iterable[bytes]) -> Iterator[Check]:
    for line in lines:
        event = json.loads(line)
        payload, context = event["event"], event["context"]
        problem_id = payload.get("problem_id") if isinstance(payload, dict) else None
        if event["event_type"] != "problem_check" or event["event_source"] != "server":
            continue
        if isinstance(problem_id, str) and problem_id.strip() and context.get("course_id"):
            yield Check(
                datetime.fromisoformat(event["time"]).astimezone(UTC),
                context["course_id"],
                (event["username"] or "").strip(),
                problem_id.strip(),
                context.get("module", {}).get("display_name", ""),
                payload,
                context.get("asides") or {},
            )


# Tags.


def tags_distribution(checks: Iterable[Check]) -> Iterator[Row]:
    problems: dict[tuple[str, str], list[Check]] = defaultdict(list)
    for check in checks:
        problems[check.course_id, check.problem_id].append(check)
    for (course_id, problem_id), submissions in problems.items():
        right = sum(check.payload.get("success") == "correct" for check in submissions)
        aside = max(submissions, key=lambda check: check.time).asides.get("tagging_aside", {})
        org = re.split("[/+]", course_id.removeprefix("course-v1:"))[0]
        pairs = set()
        for name, values in aside.get("saved_tags", {}).items():
            pairs |= {(name, value) for value in ([values] if isinstance(values, str) else values)}
        for name, value in pairs:
            yield course_id, org, problem_id, name, value, len(submissions), right


# Parts of attempts.


class Part(NamedTuple):
    """A part of an attempt; what an event does not tell is not in `answer`."""

    time: datetime
    problem_id: str
    display_name: str
    is_first: bool
    answer: JsonObject


def parts(check: Check) -> Iterator[tuple[str, JsonObject]]:
    """Upstream's dictionaries, one a part that is shown."""
    payload = check.payload
    correct_map = payload.get("correct_map", {})
    if "submission" in payload:
        for part_id, submission in payload["submission"].items():
            if is_shown(part_id) and isinstance(submission, dict):
                answer = dict(submission)
                raw = payload["answers"].get(part_id)
                if raw != submission.get("answer"):
                    answer["answer_value_id"] = raw
                answer["correctness"] = (correct_map.get(part_id) or {}).get("correctness")
                yield part_id, answer
        return
    for part_id, raw in payload["answers"].items():
        if is_shown(part_id) and correct_map.get(part_id):
            correctness = correct_map[part_id].get("correctness")
            yield (
                part_id,
                {
                    "answer_value_id": raw,
                    "correct": correctness == "correct",
                    "correctness": correctness,
                    "variant": payload.get("state", {}).get("seed"),
                },
            )


def is_shown(part_id: str) -> bool:
    return not part_id.endswith(("_dynamath", "_comment"))


# Answers.


def answer_distribution(attempts: Iterable[list[Check]]) -> Iterator[Row]:
    found: dict[tuple[str, str], list[Part]] = defaultdict(list)
    for one_learner in attempts:
        for check, is_first in ((one_learner[0], True), (one_learner[-1], False)):
            for part_id, answer in parts(check):
                found[check.course_id, part_id].append(
                    Part(check.time, check.problem_id, check.display_name, is_first, answer)
                )
    for (course_id, part_id), its_parts in found.items():
        newest_first = sorted(its_parts, key=lambda part: part.time, reverse=True)
        newest = newest_first[0]
        if newest.answer.get("response_type") not in COUNTED_KINDS:
            continue
        groups: dict[tuple[str, str], list[Part]] = defaultdict(list)
        for part in newest_first:
            groups[group_of(part.answer)].append(part)
        for group in groups.values():
            answer = group[0].answer
            value_id, text = shown(answer, "answer_value_id" in newest.answer)
            yield (
                course_id,
                newest.problem_id,
                part_id,
                bool(answer.get("correct")),
                sum(part.is_first for part in group),
                sum(not part.is_first for part in group),
                value_id or None,
                text,
                answer.get("variant") or None,
                newest.display_name,
                answer.get("question") or "",
            )


def group_of(answer: JsonObject) -> tuple[str, str]:
    value = answer["answer_value_id"] if "answer_value_id" in answer else answer.get("answer")
    variant = answer.get("variant", "")
    return as_one(value), "1" if variant == "" else str(variant)


def shown(answer: JsonObject, by_id: bool) -> tuple[str, str]:
    """The id and the text that a row has."""
    if not by_id:
        return "", as_one(answer.get("answer", answer.get("answer_value_id")))
    value_id = as_one(answer.get("answer_value_id", ""))
    return value_id, as_one(answer.get("answer", ""), without_markup=value_id != "")


def as_one(value: object, without_markup: bool = False) -> str:
    def text_of(item: object) -> str:
        text = item if isinstance(item, str) else str(item)
        if without_markup:
            return " ".join(html.unescape(re.sub("<!--.*?-->|<[^>]*>", " ", text)).split())
        return text.strip()

    return f"[{'|'.join(map(text_of, value))}]" if isinstance(value, list) else text_of(value)


# Responses.


def responses(attempts: Iterable[list[Check]]) -> Iterator[Row]:
    for one_learner in attempts:
        last = one_learner[-1]
        for part_id, answer in parts(last):
            given = answer.get("answer", answer.get("answer_value_id", ""))
            yield (
                last.course_id,
                last.username,
                last.problem_id,
                part_id,
                clean(last.display_name),
                clean(answer.get("question") or ""),
                points(last.payload.get("grade")),
                points(last.payload.get("max_grade")),
                {"correct": True, "incorrect": False}.get(answer["correctness"] or ""),
                "|".join(clean(str(v)) for v in (given if isinstance(given, list) else [given])),
                len(one_learner),
                one_learner[0].time.replace(tzinfo=None),
                last.time.replace(tzinfo=None),
            )


def clean(text: str) -> str:
    text = re.sub("[ \t\n\r\f\v]+", " ", text)
    return re.sub("<choicehint.*?(</choicehint>|>)", "", text) if "</" not in text else hints(text)


def hints(text: str) -> str:
    """Hints that are closed go with what they say, others by their tag alone."""
    kept, rest = "", text
    while "<choicehint" in rest:
        before, _, rest = rest.partition("<choicehint")
        end = "</choicehint>" if "</choicehint>" in rest else ">"
        if end not in rest:
            return kept + before + "<choicehint" + rest
        kept, rest = kept + before, rest.partition(end)[2]
    return kept + rest


def points(value: object) -> float | None:
    return None if value is None else float(str(value))
