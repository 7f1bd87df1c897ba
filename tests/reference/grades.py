"""The two tables that tell of courseware_studentmodule, one row of it at a time."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

Row = tuple[Any, ...]


class Module(NamedTuple):
    """A row of courseware_studentmodule, its numbers as the file has them; None is null."""

    module_type: str
    module_id: str
    student_id: str
    course_id: str
    grade: str | None
    max_grade: str | None


def grade_tables(modules: Iterable[Module]) -> dict[str, list[Row]]:
    """Of rows of the same learner and block the last one holds; one without a learner is none."""
    held = {
        (module.course_id, module.module_id, int(module.student_id)): module
        for module in modules
        if module.student_id.isdigit()
    }
    grades: Counter[Row] = Counter()
    opened: Counter[Row] = Counter()
    for course_id, module_id, _learner in held:
        module = held[course_id, module_id, _learner]
        if module.module_type == "sequential":
            opened[course_id, module_id] += 1
        grade = points(module.grade)
        if grade is not None:
            grades[course_id, module_id, grade, points(module.max_grade)] += 1
    return {
        "grade_distribution": [(*key, count) for key, count in grades.items()],
        "sequential_open_distribution": [(*key, count) for key, count in opened.items()],
    }


def points(text: str | None) -> float | None:
    """A finite number, or nothing."""
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if math.isfinite(number) else None
