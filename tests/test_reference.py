"""The reference against published answers, worked examples, and what must hold in any history."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings

from reference import COLUMNS, Lms, reference_tables, reference_totals
from reference.lms import read_lms, write_lms
from reference.strategies import COURSES, History, histories, lms_tables

CHECKOUT = Path(__file__).resolve().parent.parent
COURSE = "course-v1:edX+DemoX+2014"
MONDAY = date(2014, 7, 21)
NEXT_MONDAY = date(2014, 7, 28)

Rows = list[tuple[Any, ...]]
slow_to_generate = settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


# The fixtures.


@pytest.fixture
def fixtures() -> Path:
    folder = CHECKOUT.parent / "shared" / "fixtures"
    if not folder.is_dir():
        pytest.skip("the fixtures are not beside this checkout (../shared/fixtures)")
    return folder


def read_lines(path: Path) -> list[bytes]:
    with path.open("rb") as file:
        return list(file)


def load(folder: Path) -> tuple[list[bytes], Lms, list[dict[str, Any]], dict[str, Any]]:
    """Lines, LMS, catalog and expected.json of one fixture."""
    lines = [line for log in folder.glob("tracking.log-*") for line in read_lines(log)]
    lms = read_lms(folder / "lms") if (folder / "lms").is_dir() else Lms()
    runs = folder / "course_runs.json"
    catalog = [json.loads(line) for line in read_lines(runs)] if runs.exists() else []
    return lines, lms, catalog, json.loads((folder / "expected.json").read_bytes())


def expected_rows(expected: dict[str, Any], table: str) -> Rows:
    """The rows of expected.json, with their columns in our order."""
    rows = expected["tables"][table]
    assert set(rows["columns"]) == set(COLUMNS[table])
    order = [rows["columns"].index(column) for column in COLUMNS[table]]
    return [tuple(row[index] for index in order) for row in rows["rows"]]


def stated_interval(expected: dict[str, Any]) -> tuple[date, date]:
    start, end = map(date.fromisoformat, expected["interval"])
    return start, end


def enrollment_interval(expected: dict[str, Any]) -> tuple[date, date]:
    """The interval that the expected enrollment tables cover.

    They begin later than the interval stated beside them: the activations of learners 5 and 6
    on 2014-07-30 are in no table, and learner 6 first appears with the deactivation of
    2014-08-05.
    """
    days = [row[1] for row in expected_rows(expected, "course_enrollment_daily")]
    return date.fromisoformat(min(days)), stated_interval(expected)[1]


@pytest.mark.parametrize("fixture", ["activity", "video"])
def test_gives_the_expected_tables(fixtures: Path, fixture: str) -> None:
    lines, lms, catalog, expected = load(fixtures / fixture)
    tables = reference_tables(lines, stated_interval(expected), lms, catalog)
    for table in expected["tables"]:
        assert Counter(tables[table]) == Counter(expected_rows(expected, table))


def test_gives_the_expected_enrollment_tables(fixtures: Path) -> None:
    lines, lms, catalog, expected = load(fixtures / "enrollment")
    tables = reference_tables(lines, enrollment_interval(expected), lms, catalog)
    for table in expected["tables"]:
        assert Counter(tables[table]) == Counter(expected_rows(expected, table))


def test_gives_the_expected_enrollment_summary(fixtures: Path) -> None:
    lines, lms, catalog, expected = load(fixtures / "enrollment")
    tables = reference_tables(lines, enrollment_interval(expected), lms, catalog)
    with (fixtures / "enrollment" / "expected_enrollment_summary.csv").open(newline="") as file:
        columns, *rows = csv.reader(file)
    assert tuple(columns) == COLUMNS["course_enrollment_summary"]
    written = [
        ["" if value is None else str(value) for value in row]
        for row in tables["course_enrollment_summary"]
    ]
    assert sorted(written) == sorted(rows)


def test_the_stated_enrollment_interval_also_has_the_activations_of_its_first_day(
    fixtures: Path,
) -> None:
    lines, lms, catalog, expected = load(fixtures / "enrollment")
    tables = reference_tables(lines, stated_interval(expected), lms, catalog)
    first_day = [row for row in tables["course_enrollment_daily"] if row[1] == "2014-07-30"]
    assert first_day == [("edX/Open_DemoX/edx_demo_course", "2014-07-30", 2, 2)]


# Worked examples.


def line(event_type: str, time: str, payload: object, **fields: object) -> bytes:
    event = {
        "event_type": event_type,
        "event_source": "browser",
        "time": time,
        "context": {"course_id": COURSE, "user_id": 1},
        "event": payload,
    }
    return json.dumps(event | fields).encode()


def enrollment(kind: str, time: str, mode: str = "audit") -> bytes:
    payload = {"course_id": COURSE, "user_id": 1, "mode": mode}
    return line(f"edx.course.enrollment.{kind}", time, payload)


def watch(kind: str, time: str, user_id: int = 1, **payload: object) -> bytes:
    context = {"course_id": COURSE, "user_id": user_id}
    return line(f"{kind}_video", time, {"id": "v"} | payload, context=context)


def one_week(*lines: bytes) -> dict[str, Rows]:
    return reference_tables(lines, (MONDAY, NEXT_MONDAY), Lms(), [])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b" \t\r\n", "blank"),
        (b'{"time": "2014-07-21T10:00:00", "event_ty', "cut_off"),
        (b"}{", "cut_off"),
        (b"# comment", "not_json"),
        (b'[{"time": "2014-07-21T10:00:00", "event_type": "a"}]', "not_json"),
        (b'{"event_type": "a"}', "missing_time"),
        (b'{"time": null, "event_type": "a"}', "missing_time"),
        (b'{"time": "yesterday"}', "malformed_time"),
        (b'{"time": "0001-01-01T00:00:00+01:00", "event_type": "a"}', "malformed_time"),
        (b'{"time": "2014-07-21T10:00:00", "event_type": " "}', "missing_event_type"),
        (line("a", "2014-07-21", {}, context={"course_id": "edX/DemoX"}), "invalid_course_id"),
        (line("a", "2014-07-21", {}, context={"course_id": 7}), "invalid_course_id"),
    ],
)
def test_rejects_a_line_for_its_first_defect(text: bytes, reason: str) -> None:
    assert reference_totals([text]) == (1, 0, {reason: 1})


@pytest.mark.parametrize(
    "text",
    [
        b"Jul 21 10:00:00 host-1 " + line("a", "2014-07-21", {}) + b"\n",
        line("a", "2014-07-21", {}, score=float("nan")),
        line("a", "2014-07-21", {}, username="caf?").replace(b"?", b"\xe9"),
        line("a", "2014-07-21", {}, context={"course_id": " / "}),
        line("a", "2014-07-21", {}, context={"course_id": f"{COURSE}/\n"}),
    ],
)
def test_reads_a_line_that_can_be_mended(text: bytes) -> None:
    assert reference_totals([text]) == (1, 1, {})


def test_an_event_belongs_to_its_date_in_utc() -> None:
    late_on_sunday = enrollment("activated", "2014-07-27T20:00:00-08:00")
    assert one_week(late_on_sunday)["course_enrollment_daily"] == []


def test_a_first_deactivation_proves_nothing_about_earlier_days() -> None:
    tables = one_week(enrollment("deactivated", "2014-07-26T10:00:00"))
    assert tables["course_enrollment_daily"] == [
        (COURSE, "2014-07-26", 0, 1),
        (COURSE, "2014-07-27", 0, 1),
    ]
    assert tables["course_enrollment_summary"] == []


def test_the_mode_is_the_last_events_but_the_summary_believes_only_what_can_be_true() -> None:
    tables = one_week(
        enrollment("activated", "2014-07-27T10:00:00", "audit"),
        enrollment("activated", "2014-07-27T11:00:00", "verified"),
        enrollment("deactivated", "2014-07-27T12:00:00", "honor"),
    )
    assert tables["course_enrollment_mode_daily"] == [(COURSE, "2014-07-27", "honor", 0, 1)]
    (summary,) = tables["course_enrollment_summary"]
    assert summary[2:] == (
        "audit",
        0,
        "audit",
        "2014-07-27 10:00:00.000000",
        "2014-07-27 12:00:00.000000",
        None,
        None,
        "2014-07-28 00:00:00.000000",
    )


def test_events_at_the_same_time_go_by_kind_then_mode() -> None:
    tables = one_week(
        enrollment("deactivated", "2014-07-27T10:00:00", "verified"),
        enrollment("activated", "2014-07-27T10:00:00", "audit"),
    )
    assert tables["course_enrollment_mode_daily"] == [(COURSE, "2014-07-27", "verified", 0, 1)]


@pytest.mark.parametrize("mode", [7, True, ["audit"], None, " "])
def test_a_change_without_a_text_for_a_mode_does_not_happen(mode: Any) -> None:
    tables = one_week(enrollment("activated", "2014-07-27T10:00:00", mode))
    assert tables["course_enrollment_daily"] == []


def test_a_play_after_a_seek_starts_where_the_seek_went() -> None:
    tables = one_week(
        watch("play", "2014-07-21T23:59:58", currentTime=0),
        watch("seek", "2014-07-22T00:00:02", old_time=4, new_time="20"),
        watch("play", "2014-07-22T00:00:02.5", currentTime=4),
        watch("pause", "2014-07-22T00:00:04", currentTime=21.5),
    )
    video_id = f"{COURSE}|v"
    assert tables["video_timeline"] == [(video_id, 0, 1, 1), (video_id, 4, 1, 1)]
    assert tables["video"] == [(video_id, COURSE, "v", 24, 5, 1, 1, 10)]


def test_an_action_with_a_position_that_cannot_be_trusted_does_not_happen() -> None:
    tables = one_week(
        watch("play", "2014-07-21T10:00:00", currentTime=0),
        watch("pause", "2014-07-21T10:00:01", currentTime=None),
        watch("seek", "2014-07-21T10:00:02", old_time=5, new_time=36_000.5),
        watch("stop", "2014-07-21T10:00:03", currentTime=36_000),
    )
    assert len(tables["video_timeline"]) == 36_000 // 5 + 1


@pytest.mark.parametrize("module_id", [7, True, ["v"], None, " "])
def test_an_action_without_a_text_for_a_video_does_not_happen(module_id: object) -> None:
    tables = one_week(
        watch("play", "2014-07-21T10:00:00", id=module_id, currentTime=0),
        watch("stop", "2014-07-21T10:00:01", id=module_id, currentTime=5),
    )
    assert tables["video"] == []


@pytest.mark.parametrize(("end", "num_segments"), [(0.2, 0), (0.25, 1), (31, 7), (31.1, 0)])
def test_a_viewing_is_long_enough_and_ends_with_the_video(end: float, num_segments: int) -> None:
    tables = one_week(
        watch("play", "2014-07-21T10:00:00", currentTime=0, duration=30),
        watch("pause", "2014-07-21T10:00:30", currentTime=end),
    )
    assert len(tables["video_timeline"]) == num_segments


@pytest.mark.parametrize(("crowd", "duration"), [(19, 59), (20, 9)])
def test_a_video_of_unknown_duration_ends_where_one_in_twenty_goes_on(
    crowd: int, duration: int
) -> None:
    tables = one_week(
        *(
            watch("play", "2014-07-21T10:00:00", user, currentTime=0)
            for user in range(1, crowd + 1)
        ),
        *(
            watch("stop", "2014-07-21T10:01:00", user, currentTime=7)
            for user in range(2, crowd + 1)
        ),
        watch("stop", "2014-07-21T10:01:00", 1, currentTime=59),
    )
    ((_video_id, _course_id, _module_id, its_duration, *_counts),) = tables["video"]
    assert its_duration == duration


def test_a_segment_past_the_end_counts_only_while_nobody_watched_the_last_one() -> None:
    past_the_end = [
        watch("play", "2014-07-21T10:00:00", currentTime=10, duration=9.9),
        watch("stop", "2014-07-21T10:00:01", currentTime=10.5),
    ]
    last_segment = [
        watch("play", "2014-07-21T11:00:00", currentTime=6, duration=9.9),
        watch("stop", "2014-07-21T11:00:01", currentTime=7),
    ]
    video_id = f"{COURSE}|v"
    assert one_week(*past_the_end)["video_timeline"] == [(video_id, 2, 1, 1)]
    both = one_week(*past_the_end, *last_segment)
    assert both["video_timeline"] == [(video_id, 1, 1, 1)]


# Any history.


@slow_to_generate
@given(histories())
def test_every_line_is_an_event_or_a_reject(history: History) -> None:
    lines, events, rejects = reference_totals(history.lines)
    assert lines == len(history.lines) == events + sum(rejects.values())


@slow_to_generate
@given(histories())
def test_the_breakdowns_add_up_to_the_whole(history: History) -> None:
    tables = reference_tables(history.lines, history.interval, history.lms, history.catalog)
    whole = {(course, day): counts for course, day, *counts in tables["course_enrollment_daily"]}
    for table in ("course_enrollment_mode_daily", "course_enrollment_gender_daily"):
        parts: dict[tuple[str, str], list[int]] = {}
        for course, day, _value, count, cumulative in tables[table]:
            counts = parts.setdefault((course, day), [0, 0])
            counts[0] += count
            counts[1] += cumulative
        assert parts == whole


@pytest.mark.parametrize("table", COLUMNS)
def test_histories_fill_every_table(table: str) -> None:
    find(
        histories(),
        lambda h: bool(reference_tables(h.lines, h.interval, h.lms, h.catalog)[table]),
        settings=settings(database=None, phases=[Phase.generate]),
    )


def test_the_lms_files_hold_what_was_written(tmp_path: Path) -> None:
    @given(lms_tables([1, 2, 3], COURSES))
    def check(lms: Lms) -> None:
        write_lms(lms, tmp_path)
        assert read_lms(tmp_path) == lms

    check()
