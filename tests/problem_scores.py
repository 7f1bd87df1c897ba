"""What the reports tables say of a course's problems, for pages to be compared with."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    from served import Served

Score = tuple[int, int]
"""Answers, and those that are right."""


@dataclass(frozen=True)
class Problem:
    """A problem that is in the course."""

    id: str
    title: str
    section: str
    subsection: str
    assignment_type: str
    graded: bool
    score: Score


def problems(served: Served, course: str) -> list[Problem]:
    """The course's problems from top to bottom; of several parts the mean counts, in whole."""
    parts = defaultdict(list)
    for row in served.select(
        "SELECT module_id, sum(last_response_count) AS answered,"
        " sum(CASE WHEN correct THEN last_response_count ELSE 0 END) AS correct"
        " FROM answer_distribution WHERE course_id = ? GROUP BY module_id, part_id",
        course,
    ):
        parts[row["module_id"]].append((row["answered"], row["correct"]))
    blocks = served.select(
        "SELECT * FROM course_structure WHERE course_id = ? AND block_type = 'problem'"
        " AND position IS NOT NULL ORDER BY position",
        course,
    )
    return [
        Problem(
            block["block_id"],
            block["display_name"],
            block["section_id"],
            block["subsection_id"],
            block["assignment_type"],
            bool(block["graded"]),
            mean(parts[block["block_id"]]),
        )
        for block in blocks
    ]


def mean(scores: list[Score]) -> Score:
    """The mean of several scores, without fractions."""
    if not scores:
        return 0, 0
    answered, correct = (sum(each) // len(scores) for each in zip(*scores, strict=True))
    return answered, correct


def summed(found: Iterable[Problem], by: Callable[[Problem], Any]) -> dict[Any, Score]:
    """Scores by what problems have in common, in the order of the course."""
    sums: dict[Any, Score] = {}
    for problem in found:
        answered, correct = sums.get(by(problem), (0, 0))
        sums[by(problem)] = answered + problem.score[0], correct + problem.score[1]
    return sums


def titles(served: Served, course: str) -> dict[str, str]:
    """Titles of the course's blocks by id."""
    rows = served.select(
        "SELECT block_id, display_name FROM course_structure WHERE course_id = ?", course
    )
    return {row["block_id"]: row["display_name"] for row in rows}
