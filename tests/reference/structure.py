"""What a course is made of, block by block: each looks for the way to it from the course."""

from __future__ import annotations

from typing import Any

JsonObject = dict[str, Any]
Row = tuple[Any, ...]

LEVELS = ("chapter", "sequential", "vertical")


def structure_table(course_id: str, root: str, blocks: dict[str, JsonObject]) -> list[Row]:
    """course_structure, of a course's blocks as the LMS's service answers with them."""
    order = first_visits(root, blocks)
    rows: list[Row] = []
    for block_id, block in blocks.items():
        if len(block_id) > 255:
            continue
        way = order.get(block_id)
        within = [
            shown_id(next((each for each in way or () if blocks[each].get("type") == level), None))
            for level in LEVELS
        ]
        rows.append(
            (
                course_id,
                block_id,
                one_line(block.get("type")),
                one_line(block.get("display_name")),
                shown_id(way[-2]) if way and len(way) > 1 else None,
                *within,
                None if way is None else list(order).index(block_id),
                bool(inherited(way, blocks, "graded", bool)),
                one_line(inherited(way, blocks, "format", str) or "") or None,
            )
        )
    return rows


def first_visits(root: str, blocks: dict[str, JsonObject]) -> dict[str, list[str]]:
    """Blocks in the order of a reader who enters none twice, each with the way from the course."""
    visits: dict[str, list[str]] = {}

    def visit(block_id: str, above: list[str]) -> None:
        if block_id in blocks and block_id not in visits:
            visits[block_id] = [*above, block_id]
            for child in blocks[block_id].get("children") or []:
                visit(child, visits[block_id])

    visit(root, [])
    return visits


def inherited(
    way: list[str] | None, blocks: dict[str, JsonObject], field: str, kind: type
) -> object:
    """What the nearest block on the way says; one that says nothing leaves it to those above."""
    for block_id in reversed(way or []):
        value = blocks[block_id].get(field)
        if isinstance(value, kind) and value != "":
            return value
    return None


def shown_id(block_id: str | None) -> str | None:
    return block_id if block_id is not None and len(block_id) <= 255 else None


def one_line(text: object) -> str:
    return "" if text is None else " ".join(str(text).split())[:255]
