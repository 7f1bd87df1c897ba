"""Course runs as the LMS's course list service gives them."""

from __future__ import annotations

import pytest

from insights_pipeline import schema
from insights_pipeline.inputs import course_list
from insights_pipeline.inputs.json_lines import NotOneError

DEMO = {
    "course_id": "course-v1:edX+DemoX+2014",
    "name": "Demo \n course",
    "org": "edX",
    "number": "DemoX",
    "blocks_url": "https://lms.example.com/blocks/",
    "short_description": None,
    "start": "2014-02-05T05:00:00Z",
    "end": None,
    "effort": "x" * 300,
}


def read(course: dict[str, object]) -> dict[str, str | None]:
    (row,) = course_list.rows(course)
    return dict(zip(schema.COURSE_LIST.names, row, strict=True))


def test_a_course_run() -> None:
    assert read(DEMO) == {
        "course_id": "course-v1:edX+DemoX+2014",
        "name": "Demo course",
        "org": "edX",
        "number": "DemoX",
        "blocks_url": "https://lms.example.com/blocks/",
        "short_description": None,
        "enrollment_start": None,
        "enrollment_end": None,
        "start_date": "2014-02-05T05:00:00Z",
        "end_date": None,
        "start_display": None,
        "start_type": None,
        "effort": "x" * 255,
        "pacing": None,
    }


def test_an_older_release_calls_it_id() -> None:
    row = read({"id": "edX/DemoX/Demo_Course"})

    assert (row["course_id"], row["name"]) == ("edX/DemoX/Demo_Course", "")


@pytest.mark.parametrize("course", [{"name": "Demo"}, {"id": "no key"}, {"course_id": 7}])
def test_without_a_key_it_is_none(course: dict[str, object]) -> None:
    with pytest.raises(NotOneError, match="it has no course_id"):
        read(course)
