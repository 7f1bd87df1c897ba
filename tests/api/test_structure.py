"""What courses are made of, on rows written by hand and on those of a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from served import Row, Served

CS = "course-v1:Ex+CS+T1"
CREATED = "2026-02-01T030000"


def block(block_id: str, block_type: str, position: int | None, **more: Any) -> Row:
    """A row of course_structure."""
    return {
        "course_id": CS,
        "block_id": block_id,
        "block_type": block_type,
        "display_name": block_id.title(),
        "position": position,
        "graded": 0,
        **more,
    }


@pytest.fixture(scope="module")
def api(empty: Served) -> Served:
    """A Data API on a small course."""
    exam = {"graded": 1, "assignment_type": "Exam", "section_id": "week", "subsection_id": "exam"}
    empty.insert(
        "course_structure",
        block("lost", "problem", None, display_name="<b>"),
        block("sums", "problem", 3, parent_id="exam", **exam),
        block("exam", "sequential", 2, parent_id="week", **exam),
        block("week", "chapter", 1, parent_id="course", section_id="week"),
        block("course", "course", 0, display_name="=1+1"),
        block("other", "course", 0, course_id="course-v1:Ex+Other+T1"),
    )
    return empty


def get(api: Served, path: str, **parameters: Any) -> Any:
    """An answer's content."""
    response = api.get(f"/api/v0/{path}", params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


def test_blocks_come_as_a_reader_meets_them_and_deleted_ones_last(api: Served) -> None:
    blocks = get(api, f"courses/{CS}/structure/")

    assert [each["block_id"] for each in blocks] == ["course", "week", "exam", "sums", "lost"]
    assert blocks[3] == {
        "block_id": "sums",
        "block_type": "problem",
        "display_name": "Sums",
        "parent_id": "exam",
        "section_id": "week",
        "subsection_id": "exam",
        "unit_id": None,
        "position": 3,
        "graded": True,
        "assignment_type": "Exam",
        "created": CREATED,
    }
    assert blocks[4]["display_name"] == "<b>"


def test_some_types_may_be_asked_for(api: Served) -> None:
    path = f"courses/{CS}/structure/"

    asked = get(api, path, block_types="chapter, problem", fields="block_id")

    assert asked == [{"block_id": "week"}, {"block_id": "sums"}, {"block_id": "lost"}]
    assert api.get(f"/api/v0/{path}", params={"block_types": "none"}).status_code == 404


def test_no_title_is_a_formula(api: Served) -> None:
    path = f"/api/v0/courses/{CS}/structure/?fields=position,display_name&block_types=course"

    assert api.csv(path) == "position,display_name\r\n0,'=1+1\r\n"


def test_a_course_without_blocks_has_none(api: Served) -> None:
    response = api.get("/api/v0/courses/course-v1:Ex+None+T1/structure/")

    assert response.status_code == 404
    assert response.json()["error_code"] == "no_data"


def test_a_course_that_the_catalog_does_not_know_has_its_title_in_the_lms(api: Served) -> None:
    counts = dict.fromkeys(("count", "cumulative_count", "count_change_7_days", "passing_users"), 1)
    titles = {"course-v1:Ex+Other+T1": None, "course-v1:Ex+None+T1": None, CS: "The catalog's"}
    for course_id, title in titles.items():
        of_catalog = {"course_id": course_id, "catalog_course_title": title}
        row = {**of_catalog, "enrollment_mode": "audit", **counts}
        api.insert("course_meta_summary_enrollment", row)

    courses = get(api, "course_summaries/", fields="course_id,catalog_course_title")

    assert [(each["course_id"], each["catalog_course_title"]) for each in courses] == [
        ("course-v1:Ex+Other+T1", "Other"),
        (CS, "The catalog's"),
        ("course-v1:Ex+None+T1", None),
    ]


def test_of_a_sample_every_problem_has_its_assignment(served: Served) -> None:
    [row] = served.select("SELECT min(course_id) AS course_id FROM course_structure")
    blocks = get(served, f"courses/{row['course_id']}/structure/")

    by_id = {each["block_id"]: each for each in blocks}
    problems = [each for each in blocks if each["block_type"] == "problem"]
    assert problems
    for problem in problems:
        subsection = by_id[problem["subsection_id"]]
        assert subsection["block_type"] == "sequential"
        assert by_id[problem["section_id"]]["block_type"] == "chapter"
        assert problem["assignment_type"] == subsection["assignment_type"]
        assert problem["graded"] == subsection["graded"]
    assert [each["position"] for each in blocks] == [*range(len(blocks))]
