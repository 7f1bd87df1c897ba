"""The client, against the real Data API and against servers that are none."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest
from analyticsclient.exceptions import ClientError, InvalidRequestError, NotFoundError
from analyticsclient.exceptions import TimeoutError as ClientTimeoutError

from insights.data_api.client import RUN_HEADER, DataApi
from insights.data_api.errors import DataApiDown, DataApiRefused, DataApiSlow, RunChanged
from standing_in import JSON, Answer, stand_in

if TYPE_CHECKING:
    from served import Served

CS101 = "course-v1:ExampleX+CS101+2026_T1"
BIO = "SampleU/Bio110/2026_T1"


def test_runs_are_those_of_the_reports(served: Served) -> None:
    recorded = served.select("SELECT run_id FROM pipeline_run ORDER BY id DESC")

    assert [run["run_id"] for run in DataApi().runs(limit=5)] == [row["run_id"] for row in recorded]
    assert DataApi().runs(status="failed") == []


@pytest.mark.usefixtures("served")
def test_every_answer_is_of_one_run() -> None:
    data_api = DataApi()

    [run] = data_api.runs()
    data_api.course_totals().course_totals()

    assert data_api.run_id == run["run_id"]


@pytest.mark.parametrize("course_id", [CS101, BIO])
def test_either_form_of_course_id_is_found(served: Served, course_id: str) -> None:
    days = DataApi().courses(course_id).enrollment(start_date="2000-01-01")

    counts = served.select(
        "SELECT count FROM course_enrollment_daily WHERE course_id = ? ORDER BY date", course_id
    )
    assert [day["count"] for day in days] == [row["count"] for row in counts]
    assert counts


def test_ids_of_videos_may_hold_any_character(served: Served) -> None:
    for row in served.select("SELECT DISTINCT pipeline_video_id FROM video_timeline"):
        video = row["pipeline_video_id"]
        segments = DataApi().modules("", video).video_timeline()
        views = served.select(
            "SELECT num_views FROM video_timeline WHERE pipeline_video_id = ? ORDER BY segment",
            video,
        )
        assert [segment["num_views"] for segment in segments] == [row["num_views"] for row in views]


def test_an_id_cannot_reach_another_resource() -> None:
    with stand_in(lambda _: Answer(200, "[]")) as running:
        data_api_at(running.url).courses("../../runs/?limit=1#").enrollment()

    assert running.asked == ["/api/v0/courses/..%2F..%2Fruns%2F%3Flimit%3D1%23/enrollment/"]


@pytest.mark.parametrize("https", [True, False])
def test_the_scheme_of_the_reader_is_handed_on(https: bool, settings: Any) -> None:
    settings.HTTPS = https
    with stand_in(lambda _: Answer(200, "[]")) as running:
        data_api_at(running.url).runs()

    assert running.headers[0].get("X-Forwarded-Proto") == ("https" if https else None)


@pytest.mark.usefixtures("served")
def test_no_data_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(NotFoundError):
        DataApi().courses("course-v1:Nobody+Knows+This").enrollment()

    assert not caplog.records


@pytest.mark.usefixtures("served")
def test_a_wrong_parameter_is_told_apart() -> None:
    with pytest.raises(InvalidRequestError, match="tomorrow"):
        DataApi().courses(CS101).enrollment(start_date="tomorrow")


@pytest.mark.usefixtures("served")
def test_a_wrong_token_is_refused(settings: Any) -> None:
    settings.DATA_API_TOKEN = "0" * 40

    with pytest.raises(DataApiRefused, match="INSIGHTS_DATA_API_TOKEN"):
        DataApi().runs()


def test_nothing_listens() -> None:
    with pytest.raises(DataApiDown, match="cannot be reached"):
        DataApi().runs()


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (Answer(500, '{"error_code": "internal_server_error"}'), "status 500"),
        (Answer(503, '{"error_code": "reports_database_unavailable"}'), "status 503"),
        (Answer(404, "<h1>Not Found</h1>", "text/html"), "status 404"),
        (Answer(404, '{"error_code": "not_found"}'), "is INSIGHTS_DATA_API_URL right"),
        (Answer(400, "<h1>Bad Request</h1>", "text/html"), "status 400"),
        (Answer(200, "<h1>It works!</h1>", "text/html"), "no JSON; is INSIGHTS_DATA_API_URL right"),
        (Answer(302, headers={"Location": "https://elsewhere.example/"}), "status 302"),
        (Answer(), "cannot be reached"),
    ],
)
def test_what_is_no_data_api_counts_as_down(
    answer: Answer, complaint: str, caplog: pytest.LogCaptureFixture
) -> None:
    with (
        caplog.at_level(logging.INFO),
        stand_in(lambda _: answer) as running,
        pytest.raises(DataApiDown, match=complaint),
    ):
        data_api_at(running.url).runs()

    # One line, without a traceback, and without the token.
    [record] = [record for record in caplog.records if record.name.startswith("insights")]
    assert record.exc_info is None
    assert "\n" not in record.getMessage()
    assert DataApi().auth_token not in caplog.text


def test_json_that_is_cut_off_is_down() -> None:
    with stand_in(lambda _: Answer(200, '[{"run_id": ')) as running, pytest.raises(DataApiDown):
        data_api_at(running.url).runs()


def test_slow_is_told_from_down(settings: Any) -> None:
    settings.DATA_API_TIMEOUT = 0.2
    waiting = threading.Event()

    def answer(_: str) -> Answer:
        waiting.wait(10)
        return Answer(200, "[]")

    with stand_in(answer) as running:
        with pytest.raises(DataApiSlow, match=r"no answer in 0\.2 s") as error:
            data_api_at(running.url).runs()
        waiting.set()

    # As the published client has it.
    assert isinstance(error.value, ClientTimeoutError)
    assert isinstance(error.value, ClientError)


def test_a_connection_that_was_closed_meanwhile_is_opened_again() -> None:
    answers = iter([Answer(200, "[]"), Answer(), Answer(200, '[{"run_id": "a"}]')])
    with stand_in(lambda _: next(answers)) as running:
        data_api = data_api_at(running.url)

        assert data_api.runs() == []
        assert data_api.runs() == [{"run_id": "a"}]


@pytest.mark.parametrize(("first", "second"), [("a", "b"), ("a", ""), ("", "a")])
def test_another_run_is_noticed(first: str, second: str) -> None:
    runs = iter([first, first, second])

    def answer(_: str) -> Answer:
        run = next(runs)
        return Answer(200, "[]", JSON, {RUN_HEADER: run} if run else {})

    with stand_in(answer) as running:
        data_api = data_api_at(running.url)
        data_api.runs()
        data_api.runs()
        with pytest.raises(RunChanged):
            data_api.runs()


def data_api_at(url: str) -> DataApi:
    """A client of another server than the settings'."""
    data_api = DataApi()
    data_api.base_url = url
    return data_api
