"""What the numbers made from a sample will show."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

import pytest

from insights_pipeline.sample import SampleOptions
from insights_pipeline.sample.behaviour import Simulation

Event = dict[str, Any]


def test_evenings_are_busier_than_nights(clean_events: list[Event]) -> None:
    hours = Counter(int(event["time"][11:13]) for event in clean_events)

    assert sum(hours[hour] for hour in (18, 19, 20)) > 3 * sum(hours[hour] for hour in (2, 3, 4))


def test_weekends_are_quieter_than_weekdays(clean_events: list[Event]) -> None:
    days = Counter(datetime.fromisoformat(event["time"]).weekday() for event in clean_events)

    assert (days[5] + days[6]) / 2 < 0.8 * sum(days[day] for day in range(5)) / 5


def test_most_learners_enroll_when_their_course_opens() -> None:
    options = SampleOptions(days=100, learners=2000, courses=1)
    first_days = Counter(learner.first_day // 10 for learner in Simulation(options).learners)

    assert first_days[0] > 3 * first_days[5]


def test_leavers_come_back(clean_events: list[Event]) -> None:
    changes = defaultdict(list)
    for event in sorted(clean_events, key=lambda event: str(event["time"])):
        name = event["event_type"].removeprefix("edx.course.enrollment.")
        if name != event["event_type"]:
            content = event["event"]
            changes[content["course_id"], content["user_id"]].append(name)

    assert ["activated", "deactivated", "activated"] in [
        history[:3] for history in changes.values()
    ]


def test_some_sessions_cross_midnight(clean_events: list[Event]) -> None:
    dates = defaultdict(set)
    for event in clean_events:
        if event.get("session"):
            dates[event["session"]].add(event["time"][:10])

    assert max(len(each) for each in dates.values()) == 2


def test_videos_lose_viewers_and_have_spots_that_are_watched_again(
    clean_events: list[Event],
) -> None:
    videos = [event for event in clean_events if event["event_type"].endswith("_video")]
    contents = [(event["event_type"], json.loads(event["event"])) for event in videos]
    starts = [each for name, each in contents if name == "play_video" and not each["currentTime"]]
    ends = [each for name, each in contents if name == "stop_video"]
    back = [each for name, each in contents if name == "seek_video"]

    assert len(ends) < 0.7 * len(starts)
    assert sum(each["new_time"] < each["old_time"] for each in back) > len(back) / 2


def test_playing_takes_as_long_as_what_was_played(clean_events: list[Event]) -> None:
    """Positions and times agree, at one of the speeds that the player offers."""
    playing: dict[tuple[str, str], Event] = {}
    speeds: Counter[float] = Counter()
    for event in sorted(clean_events, key=lambda event: str(event["time"])):
        if event["event_type"] not in {"play_video", "pause_video"}:
            continue
        content = json.loads(event["event"])
        key = event["session"], content["id"]
        if event["event_source"] == "browser" and event["event_type"] == "play_video":
            playing[key] = event
        elif start := playing.pop(key, None):
            begun = json.loads(start["event"])["currentTime"]
            elapsed = datetime.fromisoformat(event["time"]) - datetime.fromisoformat(start["time"])
            if elapsed.total_seconds() > 10:
                speed = (content["currentTime"] - begun) / elapsed.total_seconds()
                speeds[round(speed, 2)] += 1

    assert speeds.keys() == {1.0, 1.25, 1.5}


def test_problems_differ_in_difficulty(clean_events: list[Event]) -> None:
    first_answers = defaultdict(list)
    for event in clean_events:
        content = event["event"]
        is_check = (event["event_source"], event["event_type"]) == ("server", "problem_check")
        if is_check and content["attempts"] == 1:
            first_answers[content["problem_id"]].append(content["success"] == "correct")

    shares = [sum(each) / len(each) for each in first_answers.values() if len(each) >= 20]
    assert max(shares) - min(shares) > 0.3


def test_attempts_of_a_learner_are_numbered(clean_events: list[Event]) -> None:
    attempts = defaultdict(list)
    for event in sorted(clean_events, key=lambda event: str(event["time"])):
        if event["event_type"] == "problem_check" and event["event_source"] == "server":
            content = event["event"]
            attempts[event["username"], content["problem_id"]].append(content["attempts"])

    assert all(each == list(range(1, len(each) + 1)) for each in attempts.values())
    assert max(len(each) for each in attempts.values()) >= 3


@pytest.mark.parametrize("field", ["learners", "days"])
def test_size_grows_about_linearly(field: str) -> None:
    base = {"days": 40, "learners": 100}

    def lines(factor: int) -> int:
        size = base | {field: factor * base[field]}
        simulation = Simulation(SampleOptions(days=size["days"], learners=size["learners"]))
        return sum(len(simulation.day(number)) for number in range(size["days"]))

    assert 1.5 < lines(2) / lines(1) < 2.4
