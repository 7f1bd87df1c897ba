"""How tables become answers, on rows written by hand."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from analyticsclient.client import Client

from published import run

if TYPE_CHECKING:
    from collections.abc import Iterator

    from served import Row, Served

CS = "course-v1:Ex+CS+T1"
OLD = "Ex/Old/T1"
FUTURE = "course-v1:Ex+Future+T1"
BARE = "course-v1:Ünï+Code+T1"
CREATED = "2026-02-01T030000"


def summary(course_id: str, mode: str, count: int, **catalog: Any) -> Row:
    return {
        "course_id": course_id,
        "enrollment_mode": mode,
        "catalog_course_title": None,
        "catalog_course": None,
        "start_time": None,
        "end_time": None,
        "pacing_type": None,
        "availability": None,
        "count": count,
        "cumulative_count": count + 1,
        "count_change_7_days": -1,
        "passing_users": 1,
        **catalog,
    }


@pytest.fixture(scope="module")
def api(empty: Served) -> Served:
    """A Data API on a few rows."""
    cs = {
        "catalog_course_title": "=Formulas+and more",
        "catalog_course": "Ex+CS",
        "start_time": "2026-01-05 10:30:00",
        "end_time": "2026-06-01 00:00:00",
        "pacing_type": "self_paced",
        "availability": "Current",
    }
    empty.insert(
        "course_meta_summary_enrollment",
        summary(CS, "audit", 10, **cs),
        summary(CS, "verified", 4, **cs),
        summary(CS, "professional", 2, **cs),
        summary(CS, "no-id-professional", 3, **cs),
        summary(CS, "secret", 100, **cs),
        summary(OLD, "honor", 7, catalog_course_title="zoology", availability="Archived"),
        summary(
            FUTURE,
            "audit",
            0,
            catalog_course_title="Astronomy",
            start_time="2027-01-01 00:00:00",
            pacing_type="instructor_paced",
            availability="Starting Soon",
        ),
        summary(BARE, "masters", 1),
    )
    empty.insert(
        "course_enrollment_daily",
        *(
            {"course_id": course_id, "date": day, "count": count, "cumulative_count": count}
            for course_id, day, count in (
                (CS, "2026-01-30", 100),
                (CS, "2026-01-31", 119),
                (OLD, "2026-01-30", 9),
            )
        ),
    )
    empty.insert(
        "course_enrollment_mode_daily",
        *(
            {
                "course_id": CS,
                "date": "2026-01-31",
                "mode": m,
                "count": n,
                "cumulative_count": n + 1,
            }
            for m, n in (
                ("audit", 10),
                ("professional", 2),
                ("no-id-professional", 3),
                ("secret", 100),
            )
        ),
    )
    empty.insert(
        "course_enrollment_gender_daily",
        *(
            {"course_id": CS, "date": "2026-01-31", "gender": g, "count": n, "cumulative_count": n}
            for g, n in (("f", 1), ("m", 2), (None, 4), ("x", 8), ("", 16))
        ),
    )
    empty.insert(
        "course_enrollment_education_level_daily",
        *(
            {
                "course_id": CS,
                "date": "2026-01-31",
                "education_level": level,
                "count": n,
                "cumulative_count": n,
            }
            for level, n in ((None, 1), ("bachelors", 2))
        ),
    )
    empty.insert(
        "course_enrollment_location_current",
        *(
            {
                "course_id": CS,
                "date": "2026-01-31",
                "country_code": code,
                "count": n,
                "cumulative_count": n + 1,
            }
            for code, n in (("US", 1), (None, 2), ("DE", 4), ("UNKNOWN", 8), ("A1", 16))
        ),
    )
    empty.insert(
        "course_program_metadata",
        *(
            {
                "course_id": course_id,
                "program_id": program_id,
                "program_type": "MicroMasters",
                "program_title": title,
            }
            for course_id, program_id, title in (
                (OLD, "p1", "=Stars"),
                (CS, "p2", "Numbers"),
                (CS, "p1", "=Stars"),
            )
        ),
    )
    empty.insert(
        "course_activity",
        *(
            {
                "course_id": course_id,
                "interval_start": f"2026-01-{start} 00:00:00",
                "interval_end": f"2026-01-{end} 00:00:00",
                "label": label,
                "count": n,
            }
            for course_id, start, end, label, n in (
                (CS, "05", "12", "ACTIVE", 5),
                (CS, "05", "12", "PLAYED_VIDEO", 3),
                (CS, "12", "19", "ACTIVE", 6),
                (CS, "12", "19", "UNHEARD_OF", 1),
                (OLD, "19", "26", "ACTIVE", 4),
            )
        ),
    )
    empty.insert(
        "video_timeline",
        *(
            {"pipeline_video_id": f"{OLD}|i4x-a/b", "segment": n, "num_users": 1, "num_views": 2}
            for n in (10, 9)
        ),
    )
    empty.insert(
        "pipeline_run",
        run(1, "succeeded"),
        run(2, "succeeded", interval_end="2026-02-01"),
        run(3, "failed"),
    )
    return empty


def get(api: Served, path: str, **parameters: Any) -> Any:
    """An answer's content."""
    response = api.get(f"/api/v0/{path}", params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


def courses(api: Served, **parameters: Any) -> list[str]:
    """The courses that a question finds."""
    return [course["course_id"] for course in get(api, "course_summaries/", **parameters)]


def test_modes_of_a_day(api: Served) -> None:
    assert get(api, f"courses/{CS}/enrollment/mode/") == [
        {
            "course_id": CS,
            "date": "2026-01-31",
            "count": 115,
            "cumulative_count": 119,
            "created": CREATED,
            "audit": 10,
            "credit": 0,
            "honor": 0,
            "masters": 0,
            "professional": 5,
            "verified": 0,
        }
    ]


def test_genders_of_a_day(api: Served) -> None:
    assert get(api, f"courses/{CS}/enrollment/gender/") == [
        {
            "course_id": CS,
            "date": "2026-01-31",
            "female": 1,
            "male": 2,
            "other": 0,
            "unknown": 28,
            "created": CREATED,
        }
    ]


def test_unknown_level_of_education_is_null(api: Served) -> None:
    days = get(api, f"courses/{CS}/enrollment/education/")

    assert [(day["education_level"], day["count"]) for day in days] == [(None, 1), ("bachelors", 2)]


def test_countries_of_a_day(api: Served) -> None:
    def row(alpha2: str | None, alpha3: str | None, name: str, count: int) -> dict[str, Any]:
        return {
            "date": "2026-01-31",
            "course_id": CS,
            "country": {"alpha2": alpha2, "alpha3": alpha3, "name": name},
            "count": count,
            "created": CREATED,
        }

    assert get(api, f"courses/{CS}/enrollment/location/") == [
        row(None, None, "UNKNOWN", 26),
        row("DE", "DEU", "Germany", 4),
        row("US", "USA", "United States of America", 1),
    ]
    text = api.csv(f"/api/v0/courses/{CS}/enrollment/location/?fields=country,count")
    assert text.splitlines()[:3] == [
        "country.alpha2,country.alpha3,country.name,count",
        ",,UNKNOWN,26",
        "DE,DEU,Germany,4",
    ]


def test_kinds_of_activity_of_a_week(api: Served) -> None:
    weeks = get(api, f"courses/{CS}/activity/", start_date="2026-01-01")

    assert weeks == [
        {
            "interval_start": "2026-01-05T000000",
            "interval_end": "2026-01-12T000000",
            "course_id": CS,
            "any": 5,
            "attempted_problem": 0,
            "played_video": 3,
            "posted_forum": 0,
            "created": CREATED,
        },
        {
            "interval_start": "2026-01-12T000000",
            "interval_end": "2026-01-19T000000",
            "course_id": CS,
            "any": 6,
            "attempted_problem": 0,
            "played_video": 0,
            "posted_forum": 0,
            "created": CREATED,
        },
    ]


@pytest.mark.parametrize(
    ("dates", "weeks"),
    [
        ({}, ["2026-01-12"]),
        ({"start_date": "2026-01-05"}, ["2026-01-05", "2026-01-12"]),
        ({"start_date": "2026-01-05T000001"}, ["2026-01-12"]),
        ({"end_date": "2026-01-19T000000"}, ["2026-01-05"]),
        ({"start_date": "2026-01-05", "end_date": "2026-01-20"}, ["2026-01-05", "2026-01-12"]),
        ({"start_date": "", "end_date": " "}, ["2026-01-12"]),
    ],
)
def test_weeks_of_an_interval(dates: dict[str, str], weeks: list[str], api: Served) -> None:
    found = get(api, f"courses/{CS}/activity/", **dates)

    assert [week["interval_start"] for week in found] == [f"{week}T000000" for week in weeks]


@pytest.mark.parametrize(
    ("dates", "days"),
    [
        ({}, ["2026-01-31"]),
        ({"start_date": "2026-01-30"}, ["2026-01-30", "2026-01-31"]),
        ({"start_date": "2026-01-30T235959"}, ["2026-01-30", "2026-01-31"]),
        ({"end_date": "2026-01-31"}, ["2026-01-30"]),
        ({"start_date": "2026-01-31", "end_date": "2026-02-01"}, ["2026-01-31"]),
    ],
)
def test_days_of_an_interval(dates: dict[str, str], days: list[str], api: Served) -> None:
    assert [day["date"] for day in get(api, f"courses/{CS}/enrollment/", **dates)] == days


@pytest.mark.parametrize("dates", ["?start_date=2030-01-01", "?end_date=2000-01-01"])
@pytest.mark.parametrize("resource", ["activity", "enrollment", "enrollment/gender"])
def test_interval_without_a_row_is_not_found(resource: str, dates: str, api: Served) -> None:
    response = api.get(f"/api/v0/courses/{CS}/{resource}/{dates}")

    assert response.status_code == 404
    assert response.json()["error_code"] == "no_data"
    assert response.headers["X-Pipeline-Run"] == "run2"


@pytest.mark.parametrize(
    ("parameters", "activity_type", "count"),
    [
        ({}, "any", 6),
        ({"activity_type": "ANY"}, "any", 6),
        ({"activity_type": "Active"}, "any", 6),
        ({"activity_type": "played_video"}, "played_video", 3),
        ({"label": "PLAYED_VIDEO"}, "played_video", 3),
        ({"label": "PLAYED_VIDEO", "activity_type": "any"}, "played_video", 3),
    ],
)
def test_latest_week_with_an_activity(
    parameters: dict[str, str], activity_type: str, count: int, api: Served
) -> None:
    week = get(api, f"courses/{CS}/recent_activity/", **parameters)

    assert (week["activity_type"], week["count"]) == (activity_type, count)
    assert list(week) == ["interval_start", "interval_end", "activity_type", "count", "course_id"]


def test_timeline_of_a_video_whose_id_has_slashes(api: Served) -> None:
    video_id = f"{OLD}|i4x-a/b"
    expected = [
        {"segment": segment, "num_users": 1, "num_views": 2, "created": CREATED}
        for segment in (9, 10)
    ]

    assert get(api, f"videos/{video_id}/timeline/") == expected
    assert get(api, f"videos/{quote(video_id, safe='')}/timeline") == expected


@pytest.mark.parametrize("end", ["", "/"])
@pytest.mark.parametrize("safe", ["", "/:+"])
@pytest.mark.parametrize("course_id", [CS, OLD])
def test_course_id_of_either_form_as_it_is_or_encoded(
    course_id: str, safe: str, end: str, api: Served
) -> None:
    [day] = get(api, f"courses/{quote(course_id, safe=safe)}/enrollment{end}")

    assert day["course_id"] == course_id


def test_summary_of_a_course(api: Served) -> None:
    [course] = get(api, "course_summaries/", course_ids=CS, programs="true")

    zero = {"count": 0, "cumulative_count": 0, "count_change_7_days": 0, "passing_users": 0}
    assert course == {
        "course_id": CS,
        "catalog_course_title": "=Formulas+and more",
        "catalog_course": "Ex+CS",
        "start_date": "2026-01-05T103000",
        "end_date": "2026-06-01T000000",
        "pacing_type": "self_paced",
        "availability": "Current",
        "count": 119,
        "cumulative_count": 124,
        "count_change_7_days": -5,
        "verified_enrollment": 4,
        "passing_users": 5,
        "enrollment_modes": {
            "audit": {
                "count": 10,
                "cumulative_count": 11,
                "count_change_7_days": -1,
                "passing_users": 1,
            },
            "credit": zero,
            "honor": zero,
            "masters": zero,
            "professional": {
                "count": 5,
                "cumulative_count": 7,
                "count_change_7_days": -2,
                "passing_users": 2,
            },
            "verified": {
                "count": 4,
                "cumulative_count": 5,
                "count_change_7_days": -1,
                "passing_users": 1,
            },
        },
        "created": CREATED,
        "programs": ["p1", "p2"],
    }


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({}, [CS, FUTURE, OLD, BARE]),
        ({"sort_order": "desc"}, [BARE, OLD, FUTURE, CS]),
        ({"order_by": "count"}, [FUTURE, BARE, OLD, CS]),
        ({"order_by": "count", "sort_order": "desc"}, [CS, OLD, BARE, FUTURE]),
        ({"order_by": "start_date", "sort_order": "desc"}, [FUTURE, CS, OLD, BARE]),
        ({"order_by": "verified_enrollment"}, [OLD, FUTURE, BARE, CS]),
        ({"availability": "Upcoming"}, [FUTURE]),
        ({"availability": "Current,Archived"}, [CS, OLD]),
        ({"availability": "unknown"}, [BARE]),
        ({"pacing_type": "self_paced"}, [CS]),
        ({"text_search": "ASTRO"}, [FUTURE]),
        ({"text_search": "ex/old"}, [OLD]),
        ({"course_ids": [OLD, CS]}, [CS, OLD]),
        ({"course_ids": f" {OLD} ,,{CS},"}, [CS, OLD]),
        ({"course_ids": f"{OLD},course-v1:No+Such+One"}, [OLD]),
        ({"course_ids": BARE}, [BARE]),
        ({"page": "7", "all": "True"}, [CS, FUTURE, OLD, BARE]),
        ({"program_ids": "p1"}, [CS, OLD]),
        ({"program_ids": "p2,p3"}, [CS]),
    ],
)
def test_courses_that_a_question_finds(
    parameters: dict[str, Any], found: list[str], api: Served
) -> None:
    assert courses(api, **parameters) == found


def test_upcoming_is_another_word_for_starting_soon(api: Served) -> None:
    [course] = get(api, "course_summaries/", course_ids=FUTURE)

    assert course["availability"] == "Upcoming"


@pytest.mark.parametrize(
    "parameters",
    [
        {"course_ids": "No/Such/Course"},
        {"text_search": "no such"},
        {"program_ids": "p3"},
        {"availability": "archived", "pacing_type": "self_paced"},
    ],
)
def test_question_that_finds_no_course(parameters: dict[str, str], api: Served) -> None:
    listed = api.get("/api/v0/course_summaries/", params=parameters)
    paged = get(api, "course_summaries/", page=1, **parameters)

    assert listed.status_code == 404
    assert listed.headers["X-Pipeline-Run"] == "run2"
    assert paged == {"count": 0, "num_pages": 1, "next": None, "previous": None, "results": []}


def test_members_that_were_asked_for_in_their_order(api: Served) -> None:
    found = get(api, "course_summaries/", course_ids=CS, fields="count,course_id")

    assert [list(course.items()) for course in found] == [[("count", 119), ("course_id", CS)]]


def test_members_left_out_of_the_modes_too(api: Served) -> None:
    [course] = get(api, "course_summaries/", course_ids=CS, exclude="passing_users,created")

    assert not {"passing_users", "created"} & course.keys()
    assert course["enrollment_modes"]["credit"] == {
        "count": 0,
        "cumulative_count": 0,
        "count_change_7_days": 0,
    }


def test_active_learners_of_the_last_whole_week_if_asked_for(api: Served) -> None:
    """The data end on a Saturday, and with it no week."""
    members = ("course_id", "active_count", "active_count_change")
    found = get(api, "course_summaries/", fields=",".join(members), order_by=members[2])

    assert [tuple(course.values()) for course in found] == [
        (CS, 0, -6),
        (FUTURE, 0, 0),
        (BARE, 0, 0),
        (OLD, 4, 4),
    ]


@pytest.fixture
def followed(api: Served) -> Iterator[Served]:
    """The same after a run that followed the logs on a Sunday: it has come as far as 9 o'clock."""
    times = {"started": "2026-01-25 09:00:00", "interval_end": "2026-01-26"}
    api.insert("pipeline_run", run(4, "succeeded", **times))
    yield api
    api.execute("DELETE FROM pipeline_run WHERE run_id = 'run4'")


def test_week_whose_sunday_is_not_over_is_none_yet(followed: Served) -> None:
    members = ("course_id", "active_count", "active_count_change")

    found = get(followed, "course_summaries/", fields=",".join(members))

    active = {course["course_id"]: [*course.values()][1:] for course in found}
    assert (active[CS], active[OLD]) == ([6, 1], [0, 0])
    [newest] = get(followed, "runs/", limit=1)
    assert (newest["interval_end"], newest["whole_end"]) == ("2026-01-26", "2026-01-25")


def test_change_since_a_day(api: Served) -> None:
    found = get(api, "course_summaries/", recent_date="2026-01-30", fields="recent_count_change")

    assert [course["recent_count_change"] for course in found] == [19, 0, -2, 1]


def test_pages_follow_one_another(api: Served) -> None:
    url: str | None = "/api/v1/course_summaries/?page_size=3&fields=course_id&order_by=count"
    pages = []
    while url:
        page = api.get(url).json()
        pages.append([course["course_id"] for course in page["results"]])
        assert (page["count"], page["num_pages"]) == (4, 2)
        url = page["next"] and page["next"].removeprefix(api.api.root)

    assert pages == [[FUTURE, BARE, OLD], [CS]]
    previous = api.get(page["previous"].removeprefix(api.api.root)).json()
    assert [course["course_id"] for course in previous["results"]] == pages[0]


def test_page_as_csv_has_its_links_in_a_header(api: Served) -> None:
    response = api.get(
        "/api/v1/course_summaries/?page=2&page_size=1&fields=course_id,count",
        headers={"Accept": "text/csv"},
    )

    assert response.text == f"course_id,count\r\n{FUTURE},0\r\n"
    assert {name: link["url"][-6:] for name, link in response.links.items()} == {
        "next": "size=1",
        "prev": "size=1",
    }
    assert "page=3" in response.links["next"]["url"]
    assert "page=1" in response.links["prev"]["url"]


@pytest.mark.parametrize(
    "body",
    [
        {"data": {"course_ids": [OLD, CS], "order_by": "count", "fields": "course_id"}},
        {"data": {"course_ids": f"{OLD},{CS}", "order_by": "count", "fields": "course_id"}},
        {"json": {"course_ids": [OLD, CS], "order_by": "count", "fields": ["course_id"]}},
        {"json": {"course_ids": f"{OLD},{CS}", "order_by": "count", "fields": "course_id"}},
        {"files": {"course_ids": (None, OLD + "," + CS), "fields": (None, "course_id")}},
    ],
    ids=["repeated", "commas", "array", "string", "multipart"],
)
def test_question_in_a_body(body: dict[str, Any], api: Served) -> None:
    found = api.post("/api/v0/course_summaries/", **body).json()

    assert {course["course_id"] for course in found} == {OLD, CS}
    assert all(list(course) == ["course_id"] for course in found)


def test_link_to_the_next_page_of_a_posted_question(api: Served) -> None:
    body = {"page": 1, "page_size": 2, "order_by": "count", "fields": ["course_id"]}
    first = api.post("/api/v0/course_summaries/", json=body).json()

    second = api.post(first["next"].removeprefix(api.api.root), json=body).json()

    assert [course["course_id"] for course in second["results"]] == [OLD, CS]
    assert second["next"] is None


def test_totals(api: Served) -> None:
    assert get(api, "course_totals/") == {
        "count": 127,
        "cumulative_count": 135,
        "count_change_7_days": -8,
        "verified_enrollment": 4,
    }
    posted = api.post("/api/v1/course_totals/", json={"course_ids": [OLD]}).json()
    assert (posted["count"], posted["verified_enrollment"]) == (7, 0)


def test_totals_of_nothing_are_zero(api: Served) -> None:
    assert set(get(api, "course_totals/", course_ids="No/Such/Course").values()) == {0}


def test_programs(api: Served) -> None:
    stars = {
        "program_id": "p1",
        "program_type": "MicroMasters",
        "program_title": "=Stars",
        "course_ids": [OLD, CS],
        "created": CREATED,
    }
    numbers = {**stars, "program_id": "p2", "program_title": "Numbers", "course_ids": [CS]}

    assert get(api, "programs/") == [stars, numbers]
    assert get(api, "programs/", program_ids="p2") == [numbers]
    assert get(api, "programs/", fields="program_id,created", exclude="created") == [
        {"program_id": "p1"},
        {"program_id": "p2"},
    ]
    posted = api.post("/api/v1/programs/", json={"program_ids": ["p1", "p9"]}).json()
    assert posted == [stars]
    assert api.csv("/api/v0/programs/?fields=program_title,course_ids").splitlines()[1] == (
        f'\'=Stars,"{OLD}, {CS}"'
    )


def test_published_client_gets_the_same(api: Served) -> None:
    client = Client(api.api.url_v1, api.api.token, timeout=30)

    assert client.programs().programs() == get(api, "programs/")
    found = client.programs().programs(["p2"], fields=["program_title", "created"])
    assert found == get(api, "programs/", program_ids="p2", fields="program_title,created")
    location = client.courses(CS).enrollment("location")
    assert location == get(api, f"courses/{CS}/enrollment/location/")


def test_program_that_nobody_knows(api: Served) -> None:
    response = api.get("/api/v0/programs/?program_ids=p9")

    assert (response.status_code, response.json()["error_code"]) == (404, "no_data")


def test_runs_newest_first(api: Served) -> None:
    assert [run["run_id"] for run in get(api, "runs/")] == ["run3", "run2", "run1"]
    assert [run["run_id"] for run in get(api, "runs/", limit=1, status="succeeded")] == ["run2"]


def test_record_of_a_run(api: Served) -> None:
    [record] = get(api, "runs/", status="failed")

    assert record == {
        "run_id": "run3",
        "sequence": 3,
        "status": "failed",
        "error": "disk full",
        "started": "2026-02-03T010000",
        "ended": "2026-02-03T020000",
        "interval_start": "2026-01-05",
        "interval_end": None,
        "whole_end": None,
        "newest_event": None,
        "engine": "duckdb",
        "version": "1",
        "files": 1,
        "bytes": 2,
        "lines": 3,
        "events": 2,
        "rejected": 1,
        "late_events": 0,
        "rejects_by_reason": {"blank": 1},
        "rows_by_table": {},
        "seconds_by_step": {"read": 0.5},
        "notes": ["one", "two"],
    }


def test_answers_name_the_newest_run_that_succeeded(api: Served) -> None:
    for path in ("runs/", "course_totals/", "course_summaries/", f"courses/{CS}/enrollment/"):
        assert api.get(f"/api/v0/{path}").headers["X-Pipeline-Run"] == "run2"
    assert "X-Pipeline-Run" not in api.get("/status/").headers


@pytest.mark.parametrize(
    "accept",
    ["text/csv", "text/csv;q=0.9, application/json;q=0.1", "text/csv, */*;q=0.5", "text/*"],
)
def test_csv_is_chosen_by_what_is_accepted(accept: str, api: Served) -> None:
    response = api.get(f"/api/v0/courses/{CS}/enrollment/", headers={"Accept": accept})

    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.text == (
        f"course_id,date,count,created\r\n{CS},2026-01-31,119,2026-02-01T030000\r\n"
    )
    assert response.headers["Vary"] == "Accept"


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/json, text/csv"])
def test_json_is_chosen_by_what_is_accepted(accept: str, api: Served) -> None:
    response = api.get(f"/api/v0/courses/{CS}/enrollment/", headers={"Accept": accept})

    assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("path", "name"),
    [
        (f"courses/{CS}/activity/", "Ex-CS-T1--engagement-activity.csv"),
        (f"courses/{CS}/enrollment/", "Ex-CS-T1--enrollment.csv"),
        (f"courses/{CS}/enrollment/mode/", "Ex-CS-T1--enrollment_mode.csv"),
        (f"courses/{CS}/enrollment/gender/", "Ex-CS-T1--enrollment-gender.csv"),
        (f"courses/{CS}/enrollment/education/", "Ex-CS-T1--enrollment-education.csv"),
        (f"courses/{CS}/enrollment/location/", "Ex-CS-T1--enrollment-location.csv"),
        (f"courses/{OLD}/enrollment/", "Ex-Old-T1--enrollment.csv"),
        ("course_summaries/", "course_summaries.csv"),
        ("course_totals/", "course_totals.csv"),
        ("runs/", "pipeline_runs.csv"),
    ],
)
def test_name_of_a_csv(path: str, name: str, api: Served) -> None:
    response = api.get(f"/api/v0/{path}", headers={"Accept": "text/csv"})

    assert response.headers["Content-Disposition"] == f'attachment; filename="{name}"'


def test_csv_without_a_row_is_still_one(api: Served) -> None:
    path = "/api/v0/course_summaries/?text_search=nothing&page=1"
    response = api.get(path, headers={"Accept": "text/csv"})

    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert list(csv.DictReader(StringIO(response.text))) == []


def test_csv_has_nested_members_as_columns_and_lists_as_cells(api: Served) -> None:
    header, *_ = csv.reader(StringIO(api.csv("/api/v0/course_summaries/?programs=1")))
    [record, *_] = csv.DictReader(StringIO(api.csv("/api/v0/runs/")))

    assert header[:3] == ["course_id", "catalog_course_title", "catalog_course"]
    modes = [name for name in header if name.startswith("enrollment_modes.")]
    assert modes[0] == "enrollment_modes.audit.count"
    assert len(modes) == 6 * 4
    assert header[-2:] == ["created", "programs"]
    assert record["notes"] == "one, two"
    assert record["rejects_by_reason.blank"] == "1"
    assert record["interval_end"] == ""


def test_csv_has_the_columns_that_were_asked_for(api: Served) -> None:
    text = api.csv(f"/api/v0/courses/{CS}/enrollment/?fields=count,date")

    assert text == "count,date\r\n119,2026-01-31\r\n"


def test_no_cell_of_a_csv_is_a_formula(api: Served) -> None:
    [course] = csv.DictReader(
        StringIO(api.csv(f"/api/v0/course_summaries/?course_ids={quote(CS)}"))
    )

    assert course["catalog_course_title"] == "'=Formulas+and more"
    assert course["count_change_7_days"] == "-5"
