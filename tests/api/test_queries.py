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

if TYPE_CHECKING:
    from served import Served

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
    "videos/",
)
OF_COURSES = (
    f"course_summaries/?course_ids={COURSE}",
    f"course_summaries/?course_ids={COURSE}&recent_date=2026-01-09",
    f"course_totals/?course_ids={COURSE}",
)
OF_ALL = ("course_summaries/", "course_totals/", "runs/?limit=10")


@pytest.fixture(scope="module")
def explained(served: Served) -> dict[str, Queries]:
    """Each path's queries, without those that every answer takes."""
    [video] = served.select("SELECT max(pipeline_video_id) AS id FROM video")
    paths = [
        *(f"/api/v0/courses/{COURSE}/{resource}" for resource in OF_A_COURSE),
        *(f"/api/v0/{resource}" for resource in (*OF_COURSES, *OF_ALL)),
        f"/api/v0/videos/{video['id']}/timeline/",
    ]
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
        assert "django_migrations" in queries.pop(0)[0]
        assert "pipeline_run" in queries.pop(0)[0]
    return found


def test_an_answer_takes_one_query_of_its_own(explained: dict[str, Queries]) -> None:
    taken = {path: len(queries) for path, queries in explained.items()}

    assert taken == {path: 2 if "recent_date" in path else 1 for path in explained}


def test_what_is_about_some_courses_is_found_by_an_index(explained: dict[str, Queries]) -> None:
    for path, queries in explained.items():
        if path.removeprefix("/api/v0/") not in OF_ALL:
            for sql, plan in queries:
                searches = [step for step in plan if step.startswith("SEARCH")]
                assert searches, sql
                assert all(
                    "course_id=?" in step or "pipeline_video_id=?" in step for step in searches
                )
                assert not any(step.startswith("SCAN") for step in plan), (sql, plan)


def test_what_is_about_all_courses_comes_in_order(explained: dict[str, Queries]) -> None:
    for resource in OF_ALL:
        [(_, [step])] = explained[f"/api/v0/{resource}"]
        assert step.startswith("SCAN")
