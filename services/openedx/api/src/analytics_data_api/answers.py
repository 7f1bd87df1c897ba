"""Answers to problems: brought together, and as people can read them."""

from __future__ import annotations

import json
from itertools import chain, groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import tinyhtml5

if TYPE_CHECKING:
    from collections.abc import Iterable

    from analytics_data_api.reports.models import AnswerDistribution

_LONGEST_MARKUP = 5_000  # characters; the parser's time can grow with the square of them


def consolidated(answers: Iterable[AnswerDistribution]) -> list[AnswerDistribution]:
    """Answers with what is one but for its variant made one; `consolidated_variant` says which.

    A problem may note a variant although it is the same for everybody. That is taken to be so of a
    part all of whose answers with the same `value_id` read the same in every variant. As soon as
    one does not, the part is randomised, and stays as it is.

    The rule is upstream's (`consolidate_answers`). Rows of one part must follow one another.
    """
    parts = groupby(answers, attrgetter("course_id", "module_id", "part_id"))
    return list(chain.from_iterable(_consolidated_part(list(part)) for _, part in parts))


def _consolidated_part(answers: list[AnswerDistribution]) -> list[AnswerDistribution]:
    by_value: dict[str | None, list[AnswerDistribution]] = {}
    for answer in answers:
        answer.consolidated_variant = False
        by_value.setdefault(answer.value_id, []).append(answer)
    if any(len(set(map(_as_read, same))) > 1 for same in by_value.values()):
        return answers
    return [_merged(same) if len(same) > 1 else same[0] for same in by_value.values()]


_as_read = attrgetter("question_text", "answer_value_text", "problem_display_name", "correct")


def _merged(answers: list[AnswerDistribution]) -> AnswerDistribution:
    merged, *others = answers
    for other in others:
        merged.first_response_count += other.first_response_count
        merged.last_response_count += other.last_response_count
        merged.created = max(merged.created, other.created)
    merged.variant = None
    merged.consolidated_variant = True
    return merged


def plain(answer: str | None) -> str | None:
    """An answer without markup; of a list in JSON, as of several choices, ``[one|other]``.

    The rule is upstream's, but for what is no answer: that stays null.
    """
    if answer is None:
        return None
    try:
        # Answers may have ends of lines in them, which JSON would rather see escaped.
        several = json.loads(answer, strict=False)
    except (ValueError, RecursionError):
        several = None
    if isinstance(several, list):
        return f"[{'|'.join(map(_one_of_several, several))}]"
    return _text(answer)


def _one_of_several(value: Any) -> str:
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(markup: str) -> str:
    """The text in HTML, with a space between what stands in different elements.

    What is too long for an answer that somebody reads is left as it is.
    """
    if not ("<" in markup or "&" in markup) or len(markup) > _LONGEST_MARKUP:
        return markup.strip()
    root = tinyhtml5.parse(markup)
    for node in root.iter():
        if not isinstance(node.tag, str):
            node.text = None  # a comment
    return " ".join(text.strip() for text in root.itertext())
