"""What a course is made of, and what its parts are called."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyticsclient.exceptions import NotFoundError
from django.utils.functional import cached_property
from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import UsageKey
from opaque_keys.edx.locator import BlockUsageLocator

if TYPE_CHECKING:
    from collections.abc import Iterable

    from insights.courses.answers.rows import ApiRow
    from insights.data_api.client import OneCourse

COURSE, SECTION, SUBSECTION = "course", "chapter", "sequential"
PROBLEM, VIDEO = "problem", "video"
"""What the LMS calls the kinds of blocks."""
BETWEEN = " › "
_SHORT = 8  # last characters of an id that tell blocks of one title apart


@dataclass(frozen=True)
class Block:
    """A block of a course.

    Attributes:
        title: as its author named it; its id where it has no name.
        section: id of the section that it is, or is in; empty: in none.
        subsection: likewise.
        graded: whether it counts towards the grade.
        assignment_type: as what; empty: that is not said.
        is_there: whether the course still leads to it.
    """

    id: str
    kind: str
    title: str
    section: str
    subsection: str
    graded: bool
    assignment_type: str
    is_there: bool


class Structure:
    """The blocks of a course, from top to bottom; none where the reports do not know them.

    Attributes:
        blocks: each by its id.
    """

    def __init__(self, rows: Iterable[ApiRow] = ()) -> None:
        """Take the rows as the Data API has them, of as many kinds of blocks as are needed."""
        self.blocks = {row["block_id"]: _block(row) for row in rows}

    @classmethod
    def of(cls, course: OneCourse, *kinds: str) -> Structure:
        """A course's sections and subsections, and the blocks of these kinds."""
        try:
            return cls(course.structure(SECTION, SUBSECTION, *kinds))
        except NotFoundError:
            return cls()

    def title(self, block_id: str) -> str:
        """A block's title; its id where none is known."""
        block = self.blocks.get(block_id)
        return block.title if block else block_id

    def titles(self, block_ids: Iterable[str]) -> dict[str, str]:
        """Titles that tell these blocks apart: those that share one have their place beside it.

        Where that does not help, they have the end of their ids.
        """
        ids = list(dict.fromkeys(block_ids))
        titles = {block_id: self.title(block_id) for block_id in ids}
        placed = {block_id: _beside(titles[block_id], self.place(block_id)) for block_id in ids}
        ended = {block_id: _beside(placed[block_id], f"…{block_id[-_SHORT:]}") for block_id in ids}
        return _distinct(titles, _distinct(placed, _distinct(ended, {each: each for each in ids})))

    def place(self, block_id: str) -> str:
        """The titles of the section and subsection that a block is in; empty: none is known."""
        block = self.blocks.get(block_id)
        if block is None:
            return ""
        above = [each for each in (block.section, block.subsection) if each and each != block_id]
        return BETWEEN.join(map(self.title, above))

    def of_kind(self, kind: str) -> list[Block]:
        """The blocks of a kind that the course leads to."""
        return [block for block in self.blocks.values() if block.kind == kind and block.is_there]

    def section(self, block_id: str) -> Block | None:
        """The section of this id; None where the course leads to none."""
        block = self.blocks.get(block_id)
        return block if block and block.kind == SECTION and block.is_there else None

    def video(self, module_id: str) -> Block | None:
        """The video that players call by this id; None where it is not known."""
        return self._videos.get(module_id)

    @cached_property
    def _videos(self) -> dict[str, Block]:
        videos = [block for block in self.blocks.values() if block.kind == VIDEO]
        return {id_in_events(block.id): block for block in reversed(videos)}


def course_title(course: OneCourse) -> str:
    """The course's name in the LMS; empty where it is not known."""
    try:
        (block, *_others) = course.structure(COURSE)
    except NotFoundError:
        return ""
    title: str = block["display_name"].strip()
    return title


def id_in_events(block_id: str) -> str:
    """How players, and with them the reports on videos, write the id of a video's block."""
    try:
        key = UsageKey.from_string(block_id)
    except InvalidKeyError:
        return block_id
    return str(key.html_id()) if isinstance(key, BlockUsageLocator) else block_id


def _block(row: ApiRow) -> Block:
    title = row["display_name"].strip()
    return Block(
        id=row["block_id"],
        kind=row["block_type"],
        title=title or row["block_id"],
        section=row["section_id"] or "",
        subsection=row["subsection_id"] or "",
        graded=row["graded"],
        assignment_type=row["assignment_type"] or "",
        is_there=row["position"] is not None,
    )


def _beside(title: str, more: str) -> str:
    return f"{title} ({more})" if more else title


def _distinct(names: dict[str, str], instead: dict[str, str]) -> dict[str, str]:
    """The names; where several are alike, what is to stand instead."""
    seen = Counter(names.values())
    return {key: name if seen[name] == 1 else instead[key] for key, name in names.items()}
