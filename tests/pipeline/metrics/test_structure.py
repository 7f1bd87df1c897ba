"""What courses are made of, of whatever the LMS answers."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedded import Site, in_order
from insights_pipeline.inputs import Inputs
from reference.structure import structure_table
from worked import COURSE, WEEK

JsonObject = dict[str, Any]
Blocks = dict[str, JsonObject]

ONE_EVENT = b'{"time": "2014-07-21T10:00:00", "event_type": "page_close"}'
DEMO: Blocks = {
    "course": {"type": "course", "display_name": "Demo", "children": ["week", "exam"]},
    "week": {"type": "chapter", "display_name": "Week 1", "children": ["lesson"]},
    "lesson": {"type": "sequential", "display_name": "Lesson", "children": ["unit"]},
    "unit": {"type": "vertical", "display_name": "Unit", "children": ["p1"]},
    "p1": {"type": "problem", "display_name": "Sums"},
    "exam": {"type": "chapter", "display_name": "Exam", "children": ["final"]},
    "final": {"type": "sequential", "graded": True, "format": "Final", "children": ["p2", "p3"]},
    "p2": {"type": "problem", "display_name": None},
    "p3": {"type": "problem", "graded": False, "display_name": "For fun"},
    "lost": {"type": "problem", "display_name": "Deleted", "graded": True},
}


def published(folder: Path, blocks: Blocks, root: str = "course") -> list[tuple[Any, ...]]:
    """The report of a course of these blocks."""
    site, file = Site(folder), folder / "blocks.jsonl"
    site.log([ONE_EVENT])
    file.write_text(json.dumps({"course_id": COURSE, "root": root, "blocks": blocks}))
    site.update(WEEK, Inputs(course_blocks=file))
    rows: list[tuple[Any, ...]] = site.reports()["course_structure"]
    return rows


def test_a_course_from_top_to_bottom(tmp_path: Path) -> None:
    rows = {row[1]: row[2:] for row in published(tmp_path, DEMO)}

    week, exam = ("week", "lesson", "unit"), ("exam", "final", None)
    assert rows == {
        "course": ("course", "Demo", None, None, None, None, 0, 0, None),
        "week": ("chapter", "Week 1", "course", "week", None, None, 1, 0, None),
        "lesson": ("sequential", "Lesson", "week", "week", "lesson", None, 2, 0, None),
        "unit": ("vertical", "Unit", "lesson", *week, 3, 0, None),
        "p1": ("problem", "Sums", "unit", *week, 4, 0, None),
        "exam": ("chapter", "Exam", "course", "exam", None, None, 5, 0, None),
        # What the subsection says holds for what is in it, but where that says otherwise.
        "final": ("sequential", "", "exam", *exam, 6, 1, "Final"),
        "p2": ("problem", "", "final", *exam, 7, 1, "Final"),
        "p3": ("problem", "For fun", "final", *exam, 8, 0, "Final"),
        "lost": ("problem", "Deleted", None, None, None, None, None, 0, None),
    }


def test_what_is_renamed_is_written_and_nothing_else(tmp_path: Path) -> None:
    published(tmp_path, DEMO)
    site, file = Site(tmp_path), tmp_path / "renamed.jsonl"
    blocks = {**DEMO, "p1": {**DEMO["p1"], "display_name": "Adding"}}
    file.write_text(json.dumps({"course_id": COURSE, "root": "course", "blocks": blocks}))

    record = site.update(WEEK, Inputs(course_blocks=file))

    assert record.rows_written == 1
    titles = {row[1]: row[3] for row in site.reports()["course_structure"]}
    assert titles["p1"] == "Adding"


IDS = ["course", "a", "b", "c", "d", "x" * 256, "名" * 255]
some_blocks = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["chapter", "sequential", "vertical", "problem", None]),
        "display_name": st.sampled_from(["Week 1", "Two  lines\n of text", "名" * 300, None]),
        "graded": st.sampled_from([True, False, None]),
        "format": st.sampled_from(["Homework", "", None]),
        "children": st.lists(st.sampled_from([*IDS, "nowhere"]), max_size=3),
    },
)


@settings(deadline=None, max_examples=8, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.fixed_dictionaries({"course": some_blocks}, optional=dict.fromkeys(IDS[1:], some_blocks)))
def test_as_the_reference_tells(blocks: Blocks) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = published(Path(folder), blocks)

    assert rows == in_order(structure_table(COURSE, "course", blocks))


@pytest.mark.parametrize("value", [7, "yes", [True], {}])
def test_what_is_no_truth_value_says_nothing(tmp_path: Path, value: object) -> None:
    blocks = {"course": {"children": ["a"], "graded": value}, "a": {"graded": value}}

    assert [row[9] for row in published(tmp_path, blocks)] == [0, 0]
