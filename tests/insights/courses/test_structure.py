"""What the parts of a course are called."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from insights.courses.structure import SECTION, VIDEO, Structure, id_in_events
from insights.data_api.client import DataApi

if TYPE_CHECKING:
    from served import Served

KEY = "block-v1:A+B+C+type@video+block@"


def row(block_id: str, title: str, kind: str = "problem", **more: Any) -> dict[str, Any]:
    """A block as the Data API tells of it."""
    above = {"section_id": "week 1", "subsection_id": None, "position": 1}
    return {
        "block_id": block_id,
        "block_type": kind,
        "display_name": title,
        "graded": False,
        "assignment_type": None,
        **above,
        **more,
    }


WEEKS = [
    row("week 1", "Week 1", SECTION),
    row("week 2", "Week 2", SECTION, section_id="week 2"),
]


def test_titles_tell_blocks_apart() -> None:
    structure = Structure(
        [
            *WEEKS,
            row("a", "Sums"),
            row("b", "Quiz"),
            row("c", "Quiz", section_id="week 2"),
            row("0-twin", "Twin"),
            row("1-other", "Twin"),
            row("nameless", "  "),
        ]
    )

    assert structure.titles(["a", "b", "c", "0-twin", "1-other", "nameless", "unknown"]) == {
        "a": "Sums",
        "b": "Quiz (Week 1)",
        "c": "Quiz (Week 2)",
        "0-twin": "Twin (Week 1) (…0-twin)",
        "1-other": "Twin (Week 1) (…1-other)",
        "nameless": "nameless",
        "unknown": "unknown",
    }


def test_titles_that_nothing_tells_apart_are_ids() -> None:
    structure = Structure([row("one-12345678", "Twin"), row("two-12345678", "Twin")])

    assert structure.titles(["one-12345678", "two-12345678"]) == {
        "one-12345678": "one-12345678",
        "two-12345678": "two-12345678",
    }


def test_the_place_of_a_block() -> None:
    lesson = row("lesson", "Lesson", "sequential", subsection_id="lesson")
    structure = Structure([*WEEKS, lesson, row("p", "P", subsection_id="lesson")])

    assert structure.place("p") == "Week 1 › Lesson"
    assert structure.place("lesson") == "Week 1"
    assert structure.place("week 1") == structure.place("unknown") == ""


def test_what_was_deleted_has_a_title_and_no_place_in_the_course() -> None:
    structure = Structure([row("old", "Old", position=None, section_id=None)])

    assert structure.title("old") == "Old"
    assert structure.of_kind("problem") == []


@pytest.mark.parametrize(
    ("block_id", "module_id"),
    [
        (f"{KEY}9e99", "9e99"),
        ("i4x://A/B/video/9e99", "i4x-A-B-video-9e99"),
        ("no key", "no key"),
    ],
)
def test_videos_are_found_by_the_id_that_players_use(block_id: str, module_id: str) -> None:
    structure = Structure([row(block_id, "Intro", VIDEO)])

    assert id_in_events(block_id) == module_id
    video = structure.video(module_id)
    assert video
    assert video.title == "Intro"
    assert structure.video("another") is None


@pytest.mark.usefixtures("served")
def test_every_video_of_a_sample_has_its_title(served: Served) -> None:
    played = served.select("SELECT course_id, encoded_module_id FROM video")
    for course_id in {row["course_id"] for row in played}:
        structure = Structure.of(DataApi().courses(course_id), VIDEO)
        for each in played:
            if each["course_id"] == course_id:
                video = structure.video(each["encoded_module_id"])
                assert video
                assert video.title.startswith("Video: Lesson")
                assert structure.title(video.subsection).startswith("Lesson")


@pytest.mark.usefixtures("served")
def test_a_course_of_which_nothing_is_known_has_no_blocks() -> None:
    assert Structure.of(DataApi().courses("course-v1:No+Blocks+Here")).blocks == {}
