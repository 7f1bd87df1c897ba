"""The API asks the reports few questions, and the tables' indexes answer them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import analytics_data_api
from published import run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from served import Row, Served

Queries = list[tuple[str, list[str]]]

SEARCH_PATH = (Path(analytics_data_api.__file__).parents[1], Path(__file__).parents[1])
COURSE = "SampleU/Bio110/2026_T1"
OF_A_COURSE = (
    "activity/",
    "activity/?start_date=2026-01-01",
    "recent_activity/",
    "enrollment/",
    "enrollment/?start_date=2026-01-01&end_date=2027-01-01",
    "enrollment/mode/",
    "enrollment/mode/?start_date=2026-01-01",
    "enrollment/gender/",
    "enrollment/gender/?end_date=2027-01-01",
    "enrollment/education/",
    "enrollment/birth_year/",
    "structure/?block_types=chapter",
    "videos/",
)
# These are asked for rows written by hand.
OF_A_BLOCK = ("answer_distribution", "grade_distribution", "sequential_open_distribution")
MORE_OF_A_COURSE = ("enrollment/location", "problems", "problems_and_tags", "user_engagement")
BLOCK = {"course_id": COURSE, "module_id": "block", "count": 1}
ROWS: dict[str, Row] = {
    "pipeline_run": run(1, "succeeded"),
    "answer_distribution": {
        "course_id": COURSE,
        "module_id": "block",
        "part_id": "part",
        "first_response_count": 1,
        "last_response_count": 1,
        "answer_value_text": "",
        "problem_display_name": "",
        "question_text": "",
    },
    "course_enrollment_location_current": {
        "course_id": COURSE,
        "date": "2026-01-31",
        "count": 1,
        "cumulative_count": 1,
    },
    "grade_distribution": {**BLOCK, "grade": 1, "max_grade": 1},
    "module_engagement": {
        "course_id": COURSE,
        "username": "ann",
        "date": "2026-01-31",
        "entity_type": "video",
        "entity_id": "v",
        "event": "viewed",
        "count": 1,
    },
    "sequential_open_distribution": BLOCK,
    "tags_distribution": {
        "course_id": COURSE,
        "org_id": "SampleU",
        "module_id": "block",
        "tag_name": "t",
        "tag_value": "v",
        "total_submissions": 1,
        "correct_submissions": 1,
    },
}
OF_COURSES = (
    f"course_summaries/?course_ids={COURSE}",
    f"course_summaries/?course_ids={COURSE}&recent_date=2026-01-09",
    f"course_summaries/?course_ids={COURSE}&fields=active_count_change",
    f"course_totals/?course_ids={COURSE}",
)
OF_ALL = ("course_summaries/", "course_totals/", "runs/?limit=10")


@pytest.fixture(scope="module")
def explained(served: Served, empty: Served) -> dict[str, Queries]:
    """Each path's queries, without those that every answer takes."""
    [video] = served.select("SELECT max(pipeline_video_id) AS id FROM video")
    paths = [
        *(f"/api/v0/courses/{COURSE}/{resource}" for resource in OF_A_COURSE),
        *(f"/api/v0/{resource}" for resource in (*OF_COURSES, *OF_ALL)),
        f"/api/v0/videos/{video['id']}/timeline/",
    ]
    for table, row in ROWS.items():
        empty.insert(table, row)
    by_hand = [
        *(f"/api/v0/courses/{COURSE}/{resource}/" for resource in MORE_OF_A_COURSE),
        *(f"/api/v0/problems/block/{resource}/" for resource in OF_A_BLOCK),
    ]
    return explain(served, paths) | explain(empty, by_hand)


def explain(served: Served, paths: Sequence[str]) -> dict[str, Queries]:
    """What `explaining` finds, without what every answer takes."""
    result = subprocess.run(
        [sys.executable, "-m", "explaining", *paths],
        env={
            **os.environ,
            "ANALYTICS_DATA_API_REPORTS": str(served.reports),
            "ANALYTICS_DATA_API_DATABASE": str(served.data / "api.sqlite3"),
            "ANALYTICS_DATA_API_HTTPS": "off",
            "ANALYTICS_DATA_API_TOKEN": served.api.token,
            "PYTHONPATH": os.pathsep.join(map(str, SEARCH_PATH)),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    found: dict[str, Queries] = json.loads(result.stdout)
    for queries in found.values():
        # Whether the answer is known already, and then within the snapshot.
        for _ in range(2):
            sql, _ = queries.pop(0)
            assert "django_migrations" in sql
            assert "pipeline_run" in sql
    return found


def test_an_answer_takes_one_query_of_its_own(explained: dict[str, Queries]) -> None:
    taken = {path: len(queries) for path, queries in explained.items()}

    assert taken == {
        path: 2 if "recent_date" in path or "active_count" in path else 1 for path in explained
    }


def test_what_is_about_some_courses_is_found_by_an_index(explained: dict[str, Queries]) -> None:
    for path, queries in explained.items():
        if path.removeprefix("/api/v0/") not in OF_ALL:
            for sql, plan in queries:
                searches = [step for step in plan if step.startswith("SEARCH")]
                assert searches, sql
                assert all(
                    any(
                        f"{name}=?" in step
                        for name in ("course_id", "pipeline_video_id", "module_id")
                    )
                    for step in searches
                )
                assert not any(step.startswith("SCAN") for step in plan), (sql, plan)


def test_what_is_about_all_courses_comes_in_order(explained: dict[str, Queries]) -> None:
    for resource in OF_ALL:
        [(_, [step])] = explained[f"/api/v0/{resource}"]
        assert step.startswith("SCAN")
