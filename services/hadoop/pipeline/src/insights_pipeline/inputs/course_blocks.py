"""Blocks of a course, as the LMS's blocks service gives them, put in their places.

Upstream: insights/course_blocks.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import UsageKey

from insights_pipeline.inputs.course_list import read_course_id
from insights_pipeline.inputs.json_lines import NotOneError
from insights_pipeline.schema.inputs import BETWEEN_TITLES, DELETED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from insights_pipeline.inputs.sources import Row

_WIDTH = 255  # characters of a title or a type
_LONGEST_ID = 564
_LONGEST_PATH = 32_767
_LEVELS = ("chapter", "sequential", "vertical")
"""What the LMS calls sections, subsections and units."""
_WHITE_SPACE = re.compile(r"\s+")


@dataclass
class _Place:
    """Where a block is.

    Attributes:
        index: how many blocks come before it, read from top to bottom.
        parent: the block that it is in.
        path: titles of all blocks that it is in.
        within: of each kind of `_LEVELS` the id of the topmost block that it is, or is in.
        graded: whether it counts towards the grade, as it or what it is in says.
        assignment_type: likewise.
        again: whether it is in other places too.
    """

    index: int
    parent: str | None
    path: str
    within: dict[str, str]
    graded: bool
    assignment_type: str | None
    again: bool = False


@dataclass
class _Course:
    """A course's blocks by their ids, as the service gives them, and their places."""

    root: str
    blocks: dict[str, dict[str, Any]]
    places: dict[str, _Place] = field(default_factory=dict)


def rows(found: dict[str, Any]) -> list[Row]:
    """The rows of schema.COURSE_BLOCKS that one answer of the service tells: `root` and `blocks`.

    The course is its `course_id`, which upstream adds to what the service answers; else the one
    that the root's key names.

    Raises:
        NotOneError: it does not say which course, or where that begins.
    """
    course_id = read_course_id(found.get("course_id")) or _course_of(found.get("root"))
    if course_id is None:
        raise NotOneError("it has no course_id")
    course = _read_course(found)
    if course is None:
        raise NotOneError("its root is not among its blocks")
    return list(_rows(course_id, course))


def _course_of(root: object) -> str | None:
    try:
        key = UsageKey.from_string(root).course_key if isinstance(root, str) else None
    except InvalidKeyError:
        return None
    return str(key) if key and key.run else None


def _read_course(found: dict[str, Any]) -> _Course | None:
    root, blocks = found.get("root"), found.get("blocks")
    if not isinstance(root, str) or not isinstance(blocks, dict):
        return None
    known = {
        name: block
        for name, block in blocks.items()
        if isinstance(block, dict) and len(_id_of(name, block)) <= _LONGEST_ID
    }
    if root not in known:
        return None
    course = _Course(root, known)
    _find_places(course)
    return course


def _find_places(course: _Course) -> None:
    """Read the course from top to bottom: each block before those in it, as its parent lists them.

    A block that comes again (in two places, or in itself) stays where it was found first. Blocks
    that are listed, but not there, have no place.
    """
    waiting: list[tuple[str, str | None]] = [(course.root, None)]
    while waiting:
        name, parent = waiting.pop()
        block = course.blocks.get(name)
        if block is None:
            continue
        if name in course.places:
            course.places[name].again = True
            continue
        course.places[name] = _place(course, name, parent)
        children = block.get("children")
        if isinstance(children, list):
            waiting += [(child, name) for child in reversed(children) if isinstance(child, str)]


def _place(course: _Course, name: str, parent: str | None) -> _Place:
    """The place of the block that is read next; what it is in has its own already."""
    block = course.blocks[name]
    above = course.places[parent] if parent is not None else None
    within = dict(above.within) if above else {}
    if (kind := block.get("type")) in _LEVELS:
        within.setdefault(kind, _id_of(name, block))
    graded, assignment_type = block.get("graded"), _one_line(block.get("format"))[:_WIDTH]
    return _Place(
        index=len(course.places),
        parent=parent,
        path=_path_below(course, parent) if parent is not None else "",
        within=within,
        # The LMS lets both come down from a subsection to all that is in it, but old releases.
        graded=graded if isinstance(graded, bool) else bool(above and above.graded),
        assignment_type=assignment_type or (above.assignment_type if above else None),
    )


def _path_below(course: _Course, parent: str) -> str:
    above = course.places[parent].path
    title = _one_line(course.blocks[parent].get("display_name"))
    return f"{above}{BETWEEN_TITLES if above else ''}{title}"[:_LONGEST_PATH]


def _rows(course_id: str, course: _Course) -> Iterator[Row]:
    for name, block in course.blocks.items():
        place = course.places.get(name)
        yield (
            _id_of(name, block),
            course_id,
            _one_line(block.get("type"))[:_WIDTH],
            _one_line(block.get("display_name"))[:_WIDTH],
            str(name == course.root),
            str(place is None),
            str(place is not None and place.again),
            place.parent if place else None,
            place.path if place else DELETED,
            # What was deleted comes after all that is there.
            str(place.index if place else len(course.blocks)),
            *(place.within.get(kind) if place else None for kind in _LEVELS),
            str(place is not None and place.graded),
            place.assignment_type if place else None,
        )


def _id_of(name: str, block: dict[str, Any]) -> str:
    found = block.get("id")
    return _one_line(found if isinstance(found, str) and found else name)


def _one_line(value: object) -> str:
    return "" if value is None else _WHITE_SPACE.sub(" ", str(value))
