"""The published client, as it is and with its short timeout, gets what the tables say."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date, datetime
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from analyticsclient.client import Client
from analyticsclient.constants import activity_types, data_formats, demographics
from analyticsclient.exceptions import ClientError, InvalidRequestError, NotFoundError

if TYPE_CHECKING:
    from served import Served

MODES = ("audit", "credit", "honor", "masters", "professional", "verified")
EDUCATION = demographics.EDUCATION
BIRTH_YEAR = demographics.BIRTH_YEAR
GENDER = demographics.GENDER


@pytest.fixture(params=["v0", "v1"])
def client(request: pytest.FixtureRequest, served: Served) -> Client:
    return Client(f"{served.api.root}/api/{request.param}", served.api.token)


@pytest.fixture
def v0(served: Served) -> Client:
    return Client(served.api.url, served.api.token)


@pytest.fixture(scope="session")
def courses(served: Served) -> list[str]:
    rows = served.select("SELECT DISTINCT course_id FROM course_enrollment_daily ORDER BY 1")
    return [row["course_id"] for row in rows]


def moment(stored: str | None) -> str | None:
    """A stored datetime as the API writes it."""
    return stored and datetime.fromisoformat(stored).strftime(Client.DATETIME_FORMAT)


def shown(row: dict[str, Any], *names: str) -> dict[str, Any]:
    """Columns of a stored row as the API writes them."""
    return {name: moment(row[name]) if name == "created" else row[name] for name in names}


def as_text(rows: list[dict[str, Any]]) -> str:
    """Rows as CSV."""
    text = StringIO()
    writer = csv.DictWriter(text, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def test_sample_site_has_courses_of_both_forms_of_id(courses: list[str]) -> None:
    assert {course_id.startswith("course-v1:") for course_id in courses} == {True, False}


def test_status(client: Client) -> None:
    assert client.status.alive
    assert client.status.authenticated
    assert client.status.healthy


def test_status_without_a_token(served: Served) -> None:
    client = Client(served.api.url)

    assert client.status.alive
    assert client.status.healthy
    assert not client.status.authenticated


def enrollment(served: Served, course_id: str, table: str, *names: str) -> list[dict[str, Any]]:
    rows = served.select(f"SELECT * FROM {table} WHERE course_id = ? ORDER BY date, id", course_id)
    return [shown(row, "course_id", "date", *names, "count", "created") for row in rows]


def test_enrollment(client: Client, served: Served, courses: list[str]) -> None:
    for course_id in courses:
        course = client.courses(course_id)
        days = enrollment(served, course_id, "course_enrollment_daily")
        dates = [day["date"] for day in days]
        start, end = dates[2], dates[-2]

        assert course.enrollment(start_date="2000-01-01") == days
        assert course.enrollment() == days[-1:]
        assert course.enrollment(start_date=start, end_date=end) == days[2:-2]
        assert course.enrollment(end_date=end) == days[:-2]
        assert course.enrollment(end_date=end, data_format=data_formats.CSV) == as_text(days[:-2])


def test_enrollment_by_education(client: Client, served: Served, courses: list[str]) -> None:
    check_last_day(client, served, courses, EDUCATION, "education_level")


def test_enrollment_by_birth_year(v0: Client, served: Served, courses: list[str]) -> None:
    check_last_day(v0, served, courses, BIRTH_YEAR, "birth_year")


def check_last_day(
    client: Client, served: Served, courses: list[str], demographic: str, column: str
) -> None:
    """The numbers by a demographic that the tables have for one day only."""
    for course_id in courses:
        course = client.courses(course_id)
        found = course.enrollment(demographic)
        expected = enrollment(served, course_id, f"course_enrollment_{column}_daily", column)
        assert sorted(found, key=str) == sorted(expected, key=str)
        assert found
        assert course.enrollment(demographic, data_format=data_formats.CSV) == as_text(found)


def test_version_1_has_no_birth_years(served: Served, courses: list[str]) -> None:
    client = Client(served.api.url_v1, served.api.token)

    with pytest.raises(NotFoundError):
        client.courses(courses[0]).enrollment(BIRTH_YEAR)


def test_enrollment_by_gender(client: Client, served: Served, courses: list[str]) -> None:
    genders = {"f": "female", "m": "male", "o": "other"}
    for course_id in courses:
        days: dict[str, dict[str, Any]] = {}
        for row in served.select(
            "SELECT * FROM course_enrollment_gender_daily WHERE course_id = ? ORDER BY date",
            course_id,
        ):
            day = days.setdefault(
                row["date"],
                {
                    **shown(row, "course_id", "date"),
                    **dict.fromkeys(("female", "male", "other", "unknown"), 0),
                    "created": moment(row["created"]),
                },
            )
            day[genders.get(row["gender"], "unknown")] += row["count"]
            day["created"] = max(day["created"], moment(row["created"]))
        course = client.courses(course_id)

        assert course.enrollment(GENDER, start_date="2000-01-01") == [*days.values()]
        assert course.enrollment(GENDER) == [*days.values()][-1:]
        assert course.enrollment(GENDER, data_format=data_formats.CSV) == as_text(
            [*days.values()][-1:]
        )


def test_enrollment_by_mode(client: Client, served: Served, courses: list[str]) -> None:
    for course_id in courses:
        days: dict[str, dict[str, Any]] = {}
        for row in served.select(
            "SELECT * FROM course_enrollment_mode_daily WHERE course_id = ? ORDER BY date",
            course_id,
        ):
            day = days.setdefault(
                row["date"],
                {
                    **shown(row, "course_id", "date"),
                    "count": 0,
                    "cumulative_count": 0,
                    "created": moment(row["created"]),
                    **dict.fromkeys(MODES, 0),
                },
            )
            day[row["mode"].removeprefix("no-id-")] += row["count"]
            day["count"] += row["count"]
            day["cumulative_count"] += row["cumulative_count"]
            day["created"] = max(day["created"], moment(row["created"]))
        course = client.courses(course_id)

        assert course.enrollment("mode", start_date="2000-01-01") == [*days.values()]
        assert course.enrollment("mode") == [*days.values()][-1:]
        assert course.enrollment("mode", data_format=data_formats.CSV) == as_text(
            [*days.values()][-1:]
        )


def test_activity(client: Client, served: Served, courses: list[str]) -> None:
    for course_id in courses:
        weeks: dict[str, dict[str, Any]] = {}
        for row in served.select(
            "SELECT * FROM course_activity WHERE course_id = ? ORDER BY interval_start", course_id
        ):
            week = weeks.setdefault(
                row["interval_start"],
                {
                    "interval_start": moment(row["interval_start"]),
                    "interval_end": moment(row["interval_end"]),
                    "course_id": course_id,
                    "any": 0,
                    "attempted_problem": 0,
                    "played_video": 0,
                    "posted_forum": 0,
                    "created": moment(row["created"]),
                },
            )
            label = row["label"].lower()
            week["any" if label == "active" else label] = row["count"]
            week["created"] = max(week["created"], moment(row["created"]))
        course, rows = client.courses(course_id), [*weeks.values()]

        assert course.activity(start_date="2000-01-01") == rows
        assert course.activity() == rows[-1:]
        assert course.activity(data_format=data_formats.CSV) == as_text(rows[-1:])
        # The last week ends on that day, and the end is exclusive.
        end = rows[-1]["interval_end"]
        assert course.activity(end_date=end) == rows[:-1]
        assert course.activity(start_date=rows[-1]["interval_start"]) == rows[-1:]


@pytest.mark.parametrize(
    "activity_type",
    [
        activity_types.ANY,
        activity_types.ATTEMPTED_PROBLEM,
        activity_types.PLAYED_VIDEO,
        activity_types.POSTED_FORUM,
    ],
)
def test_recent_activity(activity_type: str, client: Client, served: Served) -> None:
    label = "ACTIVE" if activity_type == "any" else activity_type.upper()
    rows = served.select("SELECT * FROM course_activity WHERE label = ? ORDER BY id", label)
    latest = {
        row["course_id"]: row for row in sorted(rows, key=lambda row: str(row["interval_end"]))
    }
    assert latest

    for course_id, row in latest.items():
        with pytest.warns(DeprecationWarning, match="Use activity instead"):
            found = client.courses(course_id).recent_activity(activity_type)
        assert found == {
            "interval_start": moment(row["interval_start"]),
            "interval_end": moment(row["interval_end"]),
            "activity_type": activity_type,
            "count": row["count"],
            "course_id": course_id,
        }


VIDEO = (
    "pipeline_video_id",
    "encoded_module_id",
    "duration",
    "segment_length",
    "users_at_start",
    "users_at_end",
    "created",
)


def test_videos_and_their_timelines(client: Client, served: Served) -> None:
    videos = defaultdict(list)
    for row in served.select("SELECT * FROM video ORDER BY pipeline_video_id"):
        videos[row["course_id"]].append(shown(row, *VIDEO))
    assert videos

    for course_id, rows in videos.items():
        course = client.courses(course_id)
        assert course.videos() == rows
        assert course.videos(data_format=data_formats.CSV) == as_text(rows)
        for video_id in (row["pipeline_video_id"] for row in rows[:3]):
            segments = [
                shown(row, "segment", "num_users", "num_views", "created")
                for row in served.select(
                    "SELECT * FROM video_timeline WHERE pipeline_video_id = ? ORDER BY segment",
                    video_id,
                )
            ]
            module = client.modules(course_id, video_id)
            assert module.video_timeline() == segments
            assert module.video_timeline(data_format=data_formats.CSV) == as_text(segments)


def summaries(served: Served) -> dict[str, dict[str, Any]]:
    """Each course's summary, put together from the table's rows."""
    names = ("count", "cumulative_count", "count_change_7_days", "passing_users")
    courses: dict[str, dict[str, Any]] = {}
    for row in served.select("SELECT * FROM course_meta_summary_enrollment ORDER BY course_id"):
        course = courses.setdefault(
            row["course_id"],
            {
                **shown(row, "course_id", "catalog_course_title", "catalog_course"),
                "start_date": moment(row["start_time"]),
                "end_date": moment(row["end_time"]),
                **shown(row, "pacing_type", "availability"),
                **dict.fromkeys((*names[:3], "verified_enrollment", names[3]), 0),
                "enrollment_modes": {mode: dict.fromkeys(names, 0) for mode in MODES},
                "created": moment(row["created"]),
            },
        )
        mode = row["enrollment_mode"].removeprefix("no-id-")
        for name in names:
            course[name] += row[name]
            course["enrollment_modes"][mode][name] += row[name]
        course["verified_enrollment"] = course["enrollment_modes"]["verified"]["count"]
        course["created"] = max(course["created"], moment(row["created"]))
    return courses


def test_course_summaries(client: Client, served: Served) -> None:
    expected = summaries(served)

    found = client.course_summaries().course_summaries()

    assert {course["course_id"]: course for course in found} == expected
    assert [list(course) for course in found] == [list(course) for course in expected.values()]
    titles = [(course["catalog_course_title"] or "").casefold() for course in found]
    assert titles == sorted(titles)


def test_summaries_of_some_courses(client: Client, courses: list[str]) -> None:
    found = client.course_summaries().course_summaries(courses[:2])

    assert {course["course_id"] for course in found} == set(courses[:2])


def test_summaries_of_many_courses_are_posted(
    client: Client, served: Served, courses: list[str]
) -> None:
    unknown = [f"course-v1:None+Such+{number}" for number in range(500)]

    found = client.course_summaries().course_summaries(
        [*unknown, *courses], request_all=True, fields=["course_id", "count"]
    )

    expected = summaries(served)
    assert {course["course_id"]: course["count"] for course in found} == {
        course_id: expected[course_id]["count"] for course_id in courses
    }
    assert all(list(course) == ["course_id", "count"] for course in found)


def test_summaries_with_all_that_the_client_can_ask_for(
    client: Client, served: Served, courses: list[str]
) -> None:
    since = date.fromisoformat(
        served.select("SELECT min(date) AS day FROM course_enrollment_daily")[0]["day"]
    )
    page = client.course_summaries().course_summaries(
        course_ids=courses,
        availability=["Current", "Upcoming", "Archived", "unknown"],
        pacing_type=["self_paced", "instructor_paced"],
        text_search="-",
        recent_date=since,
        order_by="count",
        sort_order="desc",
        page=1,
        page_size=2,
        exclude=["passing_users", "programs"],
    )

    expected = sorted(summaries(served).values(), key=lambda course: -course["count"])
    matching = [
        course
        for course in expected
        if "-" in f"{course['course_id']}{course['catalog_course_title']}"
    ]
    counts = {
        row["course_id"]: row["count"]
        for row in served.select(
            "SELECT * FROM course_enrollment_daily WHERE date = ?", since.isoformat()
        )
    }
    for course in matching:
        del course["passing_users"]
        for mode in course["enrollment_modes"].values():
            del mode["passing_users"]
        course["recent_count_change"] = course["count"] - counts.get(course["course_id"], 0)
    assert page["count"] == len(matching)
    assert page["results"] == matching[:2]
    assert page["previous"] is None


def test_course_summaries_as_csv(client: Client, served: Served) -> None:
    text = client.course_summaries().course_summaries(data_format=data_formats.CSV)

    found = {row["course_id"]: row for row in csv.DictReader(StringIO(text))}
    expected = summaries(served)
    assert found.keys() == expected.keys()
    for course_id, row in found.items():
        for mode in MODES:
            counts = expected[course_id]["enrollment_modes"][mode]
            for name, count in counts.items():
                assert row[f"enrollment_modes.{mode}.{name}"] == str(count)
        assert row["count"] == str(expected[course_id]["count"])


def test_course_totals(client: Client, served: Served, courses: list[str]) -> None:
    for chosen in ([], courses[:1], [*courses, *(f"No/Such/Run{n}" for n in range(20))]):
        counted = [
            course
            for course_id, course in summaries(served).items()
            if not chosen or course_id in chosen
        ]
        totals = {
            name: sum(course[name] for course in counted)
            for name in ("count", "cumulative_count", "count_change_7_days", "verified_enrollment")
        }
        assert client.course_totals().course_totals(chosen) == totals
        assert client.course_totals().course_totals(chosen, data_formats.CSV) == as_text([totals])


def test_what_the_client_makes_of_errors(client: Client, served: Served) -> None:
    with pytest.raises(NotFoundError):
        client.courses("No/Such/Course").enrollment()
    with pytest.raises(InvalidRequestError):
        client.courses("nonsense").enrollment()
    with pytest.raises(InvalidRequestError):
        client.course_summaries().course_summaries(order_by="shoe size")
    with pytest.raises(ClientError, match="401"):
        Client(served.api.url, "x" * 40).courses("A/B/C").enrollment()
