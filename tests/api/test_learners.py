"""The learners of a course: lists, one of them, and what each did; on rows written by hand."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest

from published import CS, ENGAGEMENT, LEARNERS, OTHER, learner, run
from served import Served
from serving import data_api

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A Data API with a course of four learners."""
    data = tmp_path_factory.mktemp("learners")
    url = "https://lms.example/u/"
    with data_api(data, ANALYTICS_DATA_API_LMS_ACCOUNT_URL=url) as api:
        served = Served(data, api)
        served.insert("learner_roster", *LEARNERS)
        served.insert("pipeline_run", run(1, "succeeded", interval_end="2026-01-25"))
        served.insert(
            "module_engagement",
            *ENGAGEMENT,
        )
        served.insert(
            "module_engagement_metric_ranges",
            *(
                {
                    "course_id": CS,
                    "start_date": "2026-01-18",
                    "end_date": "2026-01-25",
                    "metric": metric,
                    "range_type": kind,
                    "low_value": low,
                    "high_value": high,
                }
                for metric, kind, low, high in (
                    ("problem_attempts_per_completed", "low", 0, 1.5),
                    ("problem_attempts_per_completed", "normal", 1.5, 4),
                    ("problem_attempts_per_completed", "high", 4, None),
                    ("videos_viewed", "normal", 0, 7),
                    ("videos_viewed", "high", 7, None),
                )
            ),
        )
        yield served


def get(api: Served, path: str, **parameters: Any) -> Any:
    """An answer's content."""
    response = api.get(f"/api/v0/{path}", params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


def found(api: Served, **parameters: Any) -> list[str]:
    """The learners that a question finds."""
    page = get(api, f"courses/{CS}/learners/", **parameters)
    assert page["count"] == len(page["results"])
    return [row["username"] for row in page["results"]]


ANN = {
    "user_id": 1,
    "username": "ann",
    "enrollment_mode": "verified",
    "name": "Ann Ångström",
    "account_url": "https://lms.example/u/ann",
    "email": "ann@x.example",
    "language": "de",
    "location": "Ulm",
    "year_of_birth": 1990,
    "level_of_education": "m",
    "gender": "f",
    "mailing_address": "Street 1",
    "city": "Ulm",
    "country": "DE",
    "goals": "=to learn",
    "segments": ["highly_engaged"],
    "engagements": {
        "discussion_contributions": 2,
        "problems_attempted": 4,
        "problems_completed": 3,
        "videos_viewed": 1,
        "problem_attempts_per_completed": 2.0,
    },
    "enrollment_date": "2026-01-05",
    "cohort": "Blue",
    "last_updated": "2026-02-01",
}


def test_learners_of_a_course(api: Served) -> None:
    page = get(api, f"courses/{CS}/learners/")

    assert (page["count"], page["num_pages"], page["next"], page["previous"]) == (4, 1, None, None)
    first, second, *_ = page["results"]
    assert first == ANN
    assert second["segments"] == ["highly_engaged", "struggling"]
    assert second["engagements"]["problem_attempts_per_completed"] is None
    assert page["results"][3]["account_url"] == "https://lms.example/u/dee.d%2Be"
    assert get(api, "learners/", course_id=CS) == page


@pytest.mark.parametrize(
    ("parameters", "usernames"),
    [
        ({}, ["ann", "Bob", "cy", "dee.d+e"]),
        ({"sort_order": "desc"}, ["dee.d+e", "cy", "Bob", "ann"]),
        ({"text_search": "AN"}, ["ann"]),
        ({"text_search": "bob@Y"}, ["Bob"]),
        ({"text_search": "example  b"}, ["Bob"]),
        ({"text_search": "ång"}, ["ann", "dee.d+e"]),
        ({"text_search": "ÅNGSTRÖM".capitalize()}, ["ann"]),
        ({"text_search": "100%_\\*"}, ["Bob"]),
        ({"text_search": "%"}, ["Bob"]),
        ({"text_search": "*"}, ["Bob"]),
        ({"text_search": "nobody"}, []),
        ({"text_search": " "}, ["ann", "Bob", "cy", "dee.d+e"]),
        ({"cohort": "Blue"}, ["ann", "cy"]),
        ({"cohort": "blue"}, []),
        ({"enrollment_mode": "audit"}, ["Bob", "cy"]),
        ({"enrollment_mode": "audit", "cohort": "Blue"}, ["cy"]),
        ({"segments": "struggling,inactive"}, ["Bob", "cy"]),
        ({"segments": "unenrolled"}, []),
        ({"ignore_segments": "struggling"}, ["ann", "cy", "dee.d+e"]),
        ({"ignore_segments": "inactive,highly_engaged"}, ["dee.d+e"]),
        ({"segments": "highly_engaged", "ignore_segments": "struggling"}, ["ann"]),
        ({"order_by": "problems_attempted", "sort_order": "desc"}, ["ann", "Bob", "cy", "dee.d+e"]),
        ({"order_by": "videos_viewed"}, ["Bob", "cy", "dee.d+e", "ann"]),
        # Nobody knows how many attempts it takes them; first those who tried less.
        (
            {"order_by": "problem_attempts_per_completed"},
            ["ann", "cy", "dee.d+e", "Bob"],
        ),
        (
            {"order_by": "problem_attempts_per_completed", "sort_order": "desc"},
            ["Bob", "cy", "dee.d+e", "ann"],
        ),
        ({"order_by": "email", "text_search": "example"}, ["ann", "Bob"]),
        ({"order_by": "enrollment_date"}, ["ann", "Bob", "cy", "dee.d+e"]),
    ],
)
def test_learners_that_a_question_finds(
    parameters: dict[str, str], usernames: list[str], api: Served
) -> None:
    assert found(api, **parameters) == usernames


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"segments": "lazy"}, "segments='lazy': expected"),
        ({"ignore_segments": "lazy"}, "ignore_segments='lazy': expected"),
        ({"order_by": "goals"}, "order_by='goals': expected"),
        ({"sort_order": "up"}, "sort_order='up': expected"),
        ({"page": "0"}, "page='0': expected"),
        ({"page_size": "many"}, "page_size='many': expected"),
        ({"fields": "password"}, "fields='password': expected"),
    ],
)
def test_question_that_nobody_understands(
    parameters: dict[str, str], message: str, api: Served
) -> None:
    response = api.get(f"/api/v0/courses/{CS}/learners/", params=parameters)

    assert (response.status_code, response.json()["error_code"]) == (
        400,
        "illegal_parameter_values",
    )
    assert response.json()["developer_message"].startswith(message)


def test_pages_of_learners_follow_one_another(api: Served) -> None:
    url = f"/api/v0/courses/{CS}/learners/?page_size=3&order_by=email"
    first = api.get(url)
    second = api.get(first.json()["next"].removeprefix(api.api.root))

    assert [len(page.json()["results"]) for page in (first, second)] == [3, 1]
    assert first.links["next"]["url"] == first.json()["next"]
    assert second.links["prev"]["url"] == second.json()["previous"]


@pytest.mark.parametrize("page", [2, 10**17])
def test_page_after_the_last(page: int, api: Served) -> None:
    response = api.get(f"/api/v0/courses/{CS}/learners/?page={page}")

    assert (response.status_code, response.json()["error_code"]) == (404, "not_found")


def test_largest_page(api: Served) -> None:
    course = "course-v1:Ex+Large+T1"
    api.insert("learner_roster", *(learner(course, n, f"u{n:03}") for n in range(101)))

    page = get(api, f"courses/{course}/learners/", page_size=1000, fields="username")

    assert (page["count"], page["num_pages"], len(page["results"])) == (101, 2, 100)
    assert page["results"][0] == {"username": "u000"}


def test_learners_as_csv(api: Served) -> None:
    response = api.get(f"/api/v0/courses/{CS}/learners/", headers={"Accept": "text/csv"})

    assert response.headers["Content-Disposition"] == (
        'attachment; filename="Ex-CS-T1--learners.csv"'
    )
    ann, bob, *_ = csv.DictReader(StringIO(response.content.decode()))
    assert (ann["engagements.videos_viewed"], ann["goals"]) == ("1", "'=to learn")
    assert bob["segments"] == "highly_engaged, struggling"


def test_course_without_learners(api: Served) -> None:
    page = get(api, "courses/course-v1:No+Such+One/learners/")

    assert (page["count"], page["results"]) == (0, [])


def test_one_learner(api: Served) -> None:
    assert get(api, "learners/ann/", course_id=CS) == ANN
    assert get(api, "learners/ann/", course_id=OTHER, fields="name") == {"name": "Ann"}
    assert get(api, "learners/dee.d%2Be", course_id=CS, fields="user_id") == {"user_id": 4}


@pytest.mark.parametrize("username", ["Ann", "eve", "%00", "a" * 300, "🎓"])
def test_learner_who_is_not_in_the_course(username: str, api: Served) -> None:
    response = api.get(f"/api/v0/learners/{username}/", params={"course_id": CS})

    assert (response.status_code, response.json()["error_code"]) == (404, "no_learner_for_course")


@pytest.mark.parametrize("path", ["learners/", "learners/ann/", "engagement_timelines/ann/"])
def test_learner_of_no_course(path: str, api: Served) -> None:
    for course_id, code in (("", "course_not_specified"), ("x", "course_key_malformed")):
        response = api.get(f"/api/v1/{path}", params={"course_id": course_id})
        assert (response.status_code, response.json()["error_code"]) == (400, code)


def test_timeline_of_a_learner(api: Served) -> None:
    nothing = {
        "problems_attempted": 0,
        "problems_completed": 0,
        "discussion_contributions": 0,
        "videos_viewed": 0,
    }

    assert get(api, "engagement_timelines/ann/", course_id=CS) == {
        "days": [
            {
                "date": "2026-01-19",
                "problems_attempted": 2,
                "problems_completed": 1,
                "discussion_contributions": 0,
                "videos_viewed": 1,
            },
            {"date": "2026-01-20", **nothing},
            {"date": "2026-01-21", **nothing},
            {"date": "2026-01-22", **nothing, "discussion_contributions": 5},
        ]
    }
    text = api.csv(
        "/api/v0/engagement_timelines/ann/",
        params={"course_id": CS, "fields": "date,videos_viewed"},
    )
    assert text.splitlines()[:2] == ["date,videos_viewed", "2026-01-19,1"]


def test_learner_without_a_timeline(api: Served) -> None:
    response = api.get("/api/v0/engagement_timelines/cy/", params={"course_id": CS})

    assert response.status_code == 404
    assert response.json()["error_code"] == "no_learner_engagement_timeline"


def test_metadata_of_a_course(api: Served) -> None:
    unknown = {"class_rank_bottom": None, "class_rank_average": None, "class_rank_top": None}

    assert get(api, f"course_learner_metadata/{CS}/") == {
        "enrollment_modes": {"audit": 2, "verified": 1},
        "segments": {
            "highly_engaged": 2,
            "disengaging": 0,
            "struggling": 1,
            "inactive": 1,
            "unenrolled": 0,
        },
        "cohorts": {"Blue": 2, "Red": 1},
        "engagement_ranges": {
            "date_range": {"start": "2026-01-18", "end": "2026-01-25"},
            "problem_attempts_per_completed": {
                "class_rank_bottom": [4.0, None],
                "class_rank_average": [1.5, 4.0],
                "class_rank_top": [0.0, 1.5],
            },
            "problems_attempted": unknown,
            "problems_completed": unknown,
            "discussion_contributions": unknown,
            "videos_viewed": {
                "class_rank_bottom": None,
                "class_rank_average": [0.0, 7.0],
                "class_rank_top": [7.0, None],
            },
        },
    }


def test_metadata_of_a_course_without_learners(api: Served) -> None:
    found = get(api, "course_learner_metadata/course-v1:No+Such+One")

    assert found["cohorts"] == {}
    assert set(found["segments"].values()) == {0}
    assert found["engagement_ranges"]["date_range"] == {"start": None, "end": None}
