"""What courses are made of, under the names that their authors gave."""

from __future__ import annotations

from insights_pipeline.schema.columns import COURSE, Column, Table, boolean, integer, text


def _above(name: str, meaning: str) -> Column:
    return text(name, meaning, nullable=True)


COURSE_STRUCTURE = Table(
    "course_structure",
    "The blocks that each course is made of.",
    (
        COURSE,
        text("block_id", "the block's usage key"),
        text("block_type", "such as chapter, sequential, vertical, problem or video"),
        text("display_name", "title; empty: none"),
        _above("parent_id", "the block that it is in; null: it is the course, or was deleted"),
        _above("section_id", "the section (chapter) that it is, or is in"),
        _above("subsection_id", "the subsection (sequential) that it is, or is in"),
        _above("unit_id", "the unit (vertical) that it is, or is in"),
        integer("position", "its place in the course, from 0; null: it was deleted", nullable=True),
        boolean("graded", "whether it counts towards the grade"),
        text("assignment_type", "kind of assignment that it is part of", nullable=True),
    ),
    key=("course_id", "block_id"),
)
