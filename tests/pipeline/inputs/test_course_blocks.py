"""Blocks of a course get the places in which a reader meets them."""

from __future__ import annotations

from typing import Any

import pytest

from insights_pipeline import schema
from insights_pipeline.inputs import course_blocks
from insights_pipeline.inputs.json_lines import NotOneError

COURSE = "course-v1:edX+DemoX+2014"


def block(name: str, *children: str) -> dict[str, Any]:
    return {"id": name, "type": "unit", "display_name": name.title(), "children": list(children)}


def course(*blocks: dict[str, Any], **fields: object) -> dict[str, Any]:
    by_id = {block["id"]: block for block in blocks}
    return {"course_id": COURSE, "root": "course", "blocks": by_id, **fields}


def read(found: dict[str, Any]) -> list[dict[str, Any]]:
    names = schema.COURSE_BLOCKS.names
    return [dict(zip(names, row, strict=True)) for row in course_blocks.rows(found)]


def places(*blocks: dict[str, Any]) -> dict[Any, tuple[Any, ...]]:
    """Of each block its place, its path, and what is odd about it."""
    odd = ("is_root", "is_orphan", "is_dag")
    return {
        row["block_id"]: (
            int(row["sort_idx"]),
            row["course_path"],
            *(name for name in odd if row[name] == "True"),
        )
        for row in read(course(*blocks))
    }


def test_from_top_to_bottom() -> None:
    blocks = [
        block("course", "week 2", "week 1"),
        block("week 1", "c"),
        block("week 2", "a", "b"),
        *map(block, "abc"),
    ]

    assert places(*blocks) == {
        "course": (0, "", "is_root"),
        "week 2": (1, "Course"),
        "a": (2, "Course / Week 2"),
        "b": (3, "Course / Week 2"),
        "week 1": (4, "Course"),
        "c": (5, "Course / Week 1"),
    }


def test_a_block_in_two_places_stays_in_the_first() -> None:
    blocks = [block("course", "x", "y"), block("x", "a"), block("y", "a"), block("a")]

    assert places(*blocks) == {
        "course": (0, "", "is_root"),
        "x": (1, "Course"),
        "a": (2, "Course / X", "is_dag"),
        "y": (3, "Course"),
    }


def test_what_no_way_leads_to_comes_last() -> None:
    blocks = [block("course", "x"), block("lost", "child"), block("child"), block("x")]

    assert places(*blocks) == {
        "course": (0, "", "is_root"),
        "x": (1, "Course"),
        "lost": (4, "(Deleted block :)", "is_orphan"),
        "child": (4, "(Deleted block :)", "is_orphan"),
    }


def test_a_cycle_ends() -> None:
    assert places(block("course", "x"), block("x", "x", "course")) == {
        "course": (0, "", "is_root", "is_dag"),
        "x": (1, "Course", "is_dag"),
    }


def test_a_deep_course_is_read_to_its_bottom() -> None:
    names = ["course", *(f"b{number}" for number in range(5_000))]
    blocks = [block(name, *names[i + 1 : i + 2]) for i, name in enumerate(names)]

    assert places(*blocks)["b4999"][0] == 5_000


@pytest.mark.parametrize("children", [None, 7, "x", {}, ["not there"], [7, None, ["x"]]])
def test_children_that_are_none(children: object) -> None:
    assert places({"id": "course", "children": children}) == {"course": (0, "", "is_root")}


def test_names_are_one_line_and_paths_have_an_end() -> None:
    blocks = [
        {"id": "course", "display_name": " Two\n\nlines\t", "children": ["x"]},
        {"id": "x", "display_name": "名" * 20_000, "children": ["y"]},
        {"id": "y", "display_name": "y" * 20_000, "children": ["z"]},
        {"id": "z"},
    ]

    rows = read(course(*blocks))

    assert [row["display_name"] for row in rows] == [" Two lines ", "名" * 255, "y" * 255, ""]
    assert len(rows[-1]["course_path"]) == 32_767


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (course(block("x")), "its root is not among its blocks"),
        (course(blocks=None), "its root is not among its blocks"),
        (course(blocks={"course": "x"}), "its root is not among its blocks"),
        (course(block("course"), root=None), "its root is not among its blocks"),
        (course(block("course"), course_id="no key"), "it has no course_id"),
        (course(block("course"), course_id=7), "it has no course_id"),
    ],
)
def test_what_is_no_course(found: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotOneError, match=reason):
        read(found)


def test_the_course_may_be_told_by_its_root() -> None:
    root = "block-v1:edX+DemoX+2014+type@course+block@course"

    assert [row["course_id"] for row in read({"root": root, "blocks": {root: {}}})] == [COURSE]
