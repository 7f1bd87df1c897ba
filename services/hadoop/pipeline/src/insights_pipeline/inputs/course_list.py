"""Course runs, as the LMS's course list service gives them (upstream: insights/course_list.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opaque_keys import InvalidKeyError

from insights_pipeline import course_keys, schema
from insights_pipeline.inputs.json_lines import NotOneError, text

if TYPE_CHECKING:
    from insights_pipeline.inputs.sources import Row
    from insights_pipeline.schema import Column

_LONGEST = 255  # characters
_LONGEST_URL = 2_000
_IN_THE_LMS = {"start_date": "start", "end_date": "end"}
"""Columns that the LMS calls otherwise."""


def rows(course: dict[str, Any]) -> list[Row]:
    """The row of schema.COURSE_LIST that a course run tells.

    Raises:
        NotOneError: it has no key.
    """
    # Releases up to Eucalyptus called it id.
    course_id = read_course_id(course.get("id") or course.get("course_id"))
    if course_id is None:
        raise NotOneError("it has no course_id")
    others = (column for column in schema.COURSE_LIST.columns if column.name != "course_id")
    return [(course_id, *(_read(course, column) for column in others))]


def _read(course: dict[str, Any], column: Column) -> str | None:
    value = course.get(_IN_THE_LMS.get(column.name, column.name))
    found = text(value, _LONGEST_URL if column.long else _LONGEST)
    return found if column.nullable else found or ""


def read_course_id(value: object) -> str | None:
    """A course key as events carry it; None where the value is none."""
    try:
        return course_keys.normalise(value) or None if isinstance(value, str) else None
    except InvalidKeyError:
        return None
