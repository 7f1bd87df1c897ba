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


ENTERPRISE = "7c9e6679-7425-40de-944b-e07fc1f90ae7"


@pytest.fixture(scope="module")
def enterprise(api: Served) -> Served:
    """Ann, and somebody who did nothing, belong to a customer."""
    api.insert(
        "enterprise_learner",
        *({"enterprise_customer_id": ENTERPRISE, "username": name} for name in ("ann", "eve")),
    )
    return api


def test_engagement_of_a_customers_learners_but_discussions(enterprise: Served) -> None:
    response = enterprise.get(f"/api/v0/enterprise/{ENTERPRISE}/engagements/")

    page = response.json()
    assert [page[name] for name in ("count", "num_pages", "next", "previous")] == [6, 1, None, None]
    first = page["results"][0]
    assert first == {
        "id": first["id"],
        "course_id": CS,
        "created": first["created"],
        "username": "ann",
        "date": "2026-01-17",
        "entity_type": "video",
        "entity_id": "e",
        "event": "viewed",
        "count": 2,
    }
    assert {row["username"] for row in page["results"]} == {"ann"}
    assert sorted(row["count"] for row in page["results"]) == [1, 2, 2, 2, 3, 4]


def test_engagements_by_pages(enterprise: Served) -> None:
    path = f"/api/v1/enterprise/{ENTERPRISE.replace('-', '').upper()}/engagements/"

    whole = enterprise.get(path).json()["results"]
    second = enterprise.get(f"{path}?page=2&page_size=4").json()

    assert second["results"] == whole[4:]
    assert second["previous"].endswith("?page=1&page_size=4")
    assert enterprise.get(f"{path}?page=3&page_size=4").status_code == 404


@pytest.mark.parametrize("customer", ["0c2b7a6e-1111-4222-8333-944455556666", "nobody", "%00"])
def test_customer_without_learners(enterprise: Served, customer: str) -> None:
    response = enterprise.get(f"/api/v0/enterprise/{customer}/engagements/")

    assert (response.status_code, response.json()["error_code"]) == (404, "no_data")


def test_course_in_which_nobody_did_anything(api: Served) -> None:
    response = api.get("/api/v0/courses/course-v1:No+Such+One/user_engagement/")

    assert (response.status_code, response.json()["error_code"]) == (404, "no_data")
