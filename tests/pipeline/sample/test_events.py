from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from insights_pipeline.sample.events import IMPLICIT_EVENT_LIMIT, Clock

FIXTURES = Path(__file__).parents[4] / "shared" / "fixtures"
EXPLICIT_TYPES = {
    ("server", "edx.course.enrollment.activated"),
    ("server", "edx.course.enrollment.deactivated"),
    ("server", "edx.course.enrollment.mode_changed"),
    ("server", "edx.forum.thread.created"),
    ("server", "edx.forum.response.created"),
    ("server", "edx.forum.comment.created"),
    ("server", "edx.forum.thread.voted"),
    ("server", "edx.forum.response.voted"),
    ("server", "problem_check"),
    ("server", "showanswer"),
    ("browser", "problem_check"),
    ("browser", "problem_graded"),
    ("browser", "problem_show"),
    ("browser", "load_video"),
    ("browser", "play_video"),
    ("browser", "pause_video"),
    ("browser", "seek_video"),
    ("browser", "stop_video"),
    ("browser", "show_transcript"),
    ("browser", "seq_next"),
    ("browser", "seq_goto"),
    ("browser", "edx.ui.lms.sequence.next_selected"),
    ("browser", "edx.ui.lms.link_clicked"),
    ("browser", "book"),
    ("browser", "page_close"),
    ("mobile", "load_video"),
    ("mobile", "play_video"),
    ("mobile", "pause_video"),
    ("mobile", "seek_video"),
    ("mobile", "stop_video"),
}
# The LMS of 2014 wrote these a second time.
REPEATED_IN_CONTEXT = {"username", "ip", "agent", "host", "session"}
Event = dict[str, Any]


def kind(event: Event) -> tuple[str, str]:
    return event["event_source"], event["event_type"]


def is_implicit(event: Event) -> bool:
    return bool(event["event_type"].startswith("/"))


def payload(event: Event) -> Any:
    """What the event says, decoded where it is a string holding JSON."""
    content = event["event"]
    return json.loads(content) if isinstance(content, str) and content else content


def of(events: list[Event], source: str, event_type: str) -> list[Event]:
    return [event for event in events if kind(event) == (source, event_type)]


def test_every_type_of_event_occurs(clean_events: list[Event]) -> None:
    assert {kind(event) for event in clean_events if not is_implicit(event)} == EXPLICIT_TYPES


@pytest.mark.skipif(not FIXTURES.is_dir(), reason="the shared fixtures are not here")
def test_events_have_the_fields_of_real_ones(clean_events: list[Event]) -> None:
    """Each type that the fixtures have, too: the same fields, in it and in what it says."""
    ours = {kind(event): event for event in clean_events if not is_implicit(event)}
    compared = set()
    for log in ("activity/tracking.log-20140701", "answers/tracking.log-20140101"):
        for line in (FIXTURES / log).read_text().splitlines():
            real = json.loads(line)
            if kind(real) not in ours or "command" in real["context"]:
                continue
            same = ours[kind(real)]
            compared.add(kind(real))
            assert real.keys() <= same.keys()
            assert real["context"].keys() <= same["context"].keys() | REPEATED_IN_CONTEXT
            if isinstance(payload(real), dict):
                assert payload(real).keys() <= payload(same).keys()
            assert type(payload(real)) is type(payload(same))
    assert len(compared) >= 12


def test_a_browser_event_is_a_string_holding_json(clean_events: list[Event]) -> None:
    for event in of(clean_events, "browser", "play_video"):
        assert isinstance(event["event"], str)
        assert payload(event)["currentTime"] >= 0
    assert all(event["event"] == "" for event in of(clean_events, "browser", "page_close"))


def test_videos_of_new_style_courses_tell_their_duration(clean_events: list[Event]) -> None:
    for event in of(clean_events, "browser", "play_video"):
        new_style = event["context"]["course_id"].startswith("course-v1:")
        assert ("duration" in payload(event)) == new_style


def test_a_problem_check_tells_the_same_from_browser_and_server(clean_events: list[Event]) -> None:
    """Both name the same inputs, and the server's event is complete."""
    for event in of(clean_events, "server", "problem_check"):
        content = event["event"]
        parts = content["answers"].keys()
        assert content["correct_map"].keys() == parts
        if "submission" in content:
            assert content["submission"].keys() == parts
        assert content["max_grade"] == len(parts)
        assert (content["success"] == "correct") == (content["grade"] == content["max_grade"])
        assert event["context"]["module"]["usage_key"] == content["problem_id"]
        assert bool(content["state"]["student_answers"]) == (content["attempts"] > 1)
    for event in of(clean_events, "browser", "problem_check"):
        assert all(name.startswith("input_") for name in parse_qs(payload(event)))


def test_problem_checks_come_in_every_shape(clean_events: list[Event]) -> None:
    """With and without a submission, in variants, of several parts and kinds, tagged or not."""
    checks = of(clean_events, "server", "problem_check")
    submissions = [
        check["event"]["submission"] for check in checks if "submission" in check["event"]
    ]
    parts = [part for submission in submissions for part in submission.values()]
    tags = [check["context"]["asides"].get("tagging_aside") for check in checks]

    assert 0.02 < 1 - len(submissions) / len(checks) < 0.5
    assert {part["input_type"] for part in parts} == {
        "checkboxgroup",
        "choicegroup",
        "formulaequationinput",
        "imageinput",
        "optioninput",
        "textline",
    }
    assert {part["variant"] for part in parts} == {"", 1, 2, 3}
    assert {len(submission) for submission in submissions} == {1, 2, 3}
    assert any("<" in str(part["answer"]) for part in parts)
    saved = [aside["saved_tags"] for aside in tags if aside]
    assert 0 < len(saved) < len(tags)
    assert {type(value) for each in saved for value in each.values()} == {str, list}


def test_votes_are_for_and_against_and_taken_back(clean_events: list[Event]) -> None:
    votes = of(clean_events, "server", "edx.forum.thread.voted")
    votes += of(clean_events, "server", "edx.forum.response.voted")

    assert {vote["event"]["vote_value"] for vote in votes} == {"up", "down"}
    assert {vote["event"]["undo_vote"] for vote in votes} == {True, False}


def test_addresses_are_of_both_versions_and_some_are_of_nowhere(clean_events: list[Event]) -> None:
    addresses = {event["ip"] for event in clean_events}

    assert {"192.168.7.1"} < addresses
    assert any(address.startswith("2001:db8:") for address in addresses)
    assert any(address.startswith("10.1.") for address in addresses)


def test_long_parameters_of_requests_are_cut(clean_events: list[Event]) -> None:
    lengths = {len(event["event"]) for event in clean_events if is_implicit(event)}

    assert max(lengths) == IMPLICIT_EVENT_LIMIT


def test_only_requests_in_a_course_name_the_course(clean_events: list[Event]) -> None:
    for event in clean_events:
        if is_implicit(event):
            course_id = event["context"]["course_id"]
            path = event["event_type"]
            assert (
                path.startswith(f"/courses/{course_id}/") if course_id else "/courses/" not in path
            )


def test_anonymous_visitors_have_no_name_and_no_id(clean_events: list[Event]) -> None:
    anonymous = [event for event in clean_events if event["username"] == ""]

    assert {event["context"]["user_id"] for event in anonymous} == {"", None}
    assert any(event["event_type"].endswith("/about") for event in anonymous)


def test_course_keys_of_both_styles_occur(clean_events: list[Event]) -> None:
    keys = {event["context"]["course_id"] for event in clean_events} - {""}

    assert len(keys) == 4
    assert sum(key.count("/") == 2 for key in keys) == 1
    assert sum(key.startswith("course-v1:") for key in keys) == 3


@pytest.mark.parametrize(
    ("at", "time"),
    [
        (0, "2026-01-05T00:00:00+00:00"),
        (3661.25, "2026-01-05T01:01:01.250000+00:00"),
        (86_400.5, "2026-01-06T00:00:00.500000+00:00"),
    ],
)
def test_the_clock_writes_times_as_the_lms_does(at: float, time: str) -> None:
    assert Clock(date(2026, 1, 5)).time(at) == time
