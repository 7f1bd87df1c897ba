"""What each learner did, on rows written by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from published import run

if TYPE_CHECKING:
    from served import Served

CS = "course-v1:Ex+CS+T1"


@pytest.fixture(scope="module")
def api(empty: Served) -> Served:
    """A Data API on what two learners did up to 25 January."""
    empty.insert(
        "module_engagement",
        *(
            {
                "course_id": CS,
                "username": username,
                "date": f"2026-01-{day}",
                "entity_type": entity_type,
                "entity_id": "e",
                "event": event,
                "count": count,
            }
            for username, day, entity_type, event, count in (
                ("bob", "17", "video", "viewed", 1),
                ("ann", "17", "video", "viewed", 2),
                ("ann", "18", "video", "viewed", 3),
                ("ann", "17", "problem", "attempted", 4),
                ("ann", "17", "problem", "completed", 1),
                ("ann", "20", "problem", "attempted", 2),
                ("ann", "20", "problem", "completed", 2),
                ("ann", "24", "discussion", "contributed", 5),
            )
        ),
    )
    empty.insert("pipeline_run", run(1, "succeeded", interval_end="2026-01-25"))
    return empty


def test_engagement_of_each_learner(api: Served) -> None:
    response = api.get(f"/api/v0/courses/{CS}/user_engagement/")

    assert response.json() == [
        {
            "username": "ann",
            "videos_overall": 5,
            "videos_last_week": 3,
            "problems_overall": 9,
            "problems_last_week": 4,
            "correct_problems_overall": 3,
            "correct_problems_last_week": 2,
            "problems_attempts_overall": 6,
            "problems_attempts_last_week": 2,
            "forum_posts_overall": 5,
            "forum_posts_last_week": 5,
            "date_last_active": "2026-01-24",
        },
        {
            "username": "bob",
            "videos_overall": 1,
            "videos_last_week": 0,
            "problems_overall": 0,
            "problems_last_week": 0,
            "correct_problems_overall": 0,
            "correct_problems_last_week": 0,
            "problems_attempts_overall": 0,
            "problems_attempts_last_week": 0,
            "forum_posts_overall": 0,
            "forum_posts_last_week": 0,
            "date_last_active": "2026-01-17",
        },
    ]


def test_course_in_which_nobody_did_anything(api: Served) -> None:
    response = api.get("/api/v0/courses/course-v1:No+Such+One/user_engagement/")

    assert (response.status_code, response.json()["error_code"]) == (404, "no_data")
