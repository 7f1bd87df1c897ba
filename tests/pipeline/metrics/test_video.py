from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from insights_pipeline.schema import (
    VIDEO,
    VIDEO_EVENT,
    VIDEO_LENGTH,
    VIDEO_TIMELINE,
    VIDEO_VIEWING,
)
from worked import COURSE, Event, compute, event

VIDEO_ID = f"{COURSE}|v"


def play(time: str, position: object, user: int = 1, **fields: Any) -> Event:
    return event(time, "play_video", user, payload={"id": "v", "currentTime": position} | fields)


def pause(time: str, position: object, user: int = 1, **fields: Any) -> Event:
    return event(time, "pause_video", user, payload={"id": "v", "currentTime": position} | fields)


def stop(time: str, position: object, user: int = 1, **fields: Any) -> Event:
    return event(time, "stop_video", user, payload={"id": "v", "currentTime": position} | fields)


def seek(time: str, old: object, new: object) -> Event:
    return event(time, "seek_video", payload={"id": "v", "old_time": old, "new_time": new})


def watch(start: float, end: float, user: int = 1, **fields: Any) -> list[Event]:
    """One viewing, on a day of the learner's own."""
    return [play("21 10:00", start, user, **fields), stop("21 11:00", end, user, **fields)]


def viewings(events: list[Event]) -> list[tuple[float, float]]:
    """Start and end, in seconds into the video, in time order."""
    rows = compute(VIDEO_VIEWING, events)
    return [(start, end) for _course, _module, _user, _time, start, end, _duration in rows]


def timeline(events: list[Event]) -> list[tuple[int, int, int]]:
    """Segment, learners and viewings."""
    rows = compute(VIDEO_TIMELINE, events)
    assert {video_id for video_id, *_ in rows} <= {VIDEO_ID}
    return [(segment, users, views) for _video, segment, users, views in rows]


# Events.


@pytest.mark.parametrize("position", [12.5, "12.5", " 12.5 "])
def test_a_position_is_a_number_or_a_string_that_holds_one(position: object) -> None:
    ((*_fields, kind, found, _old, _duration),) = compute(VIDEO_EVENT, [play("21", position)])
    assert (kind, found) == ("play", 12.5)


@pytest.mark.parametrize("position", [None, "", "a", True, [], -0.5, 36_000.5, "NaN", "inf"])
def test_an_event_without_a_believable_position_is_left_out(position: object) -> None:
    events = [play("21", position), seek("21", 5, position), seek("21", position, 5)]
    assert compute(VIDEO_EVENT, events) == []


def test_a_pause_may_leave_its_position_out() -> None:
    ((*_fields, position, _old, _duration),) = compute(
        VIDEO_EVENT, [event("21", "pause_video", payload={"id": "v"})]
    )
    assert position == 0


@pytest.mark.parametrize("module_id", [None, "", " ", 7, True, ["v"], {"v": "w"}])
def test_an_event_without_a_text_for_an_id_is_left_out(module_id: object) -> None:
    assert compute(VIDEO_EVENT, [play("21", 5, id=module_id)]) == []


@pytest.mark.parametrize("module_id", ["v", " v\n", '"v"', "7", '{"id": 7}', "é"])
def test_an_id_is_a_text_without_white_space_around_it(module_id: str) -> None:
    ((_course, found, *_fields),) = compute(VIDEO_EVENT, [play("21", 5, id=module_id)])
    assert found == module_id.strip()


@pytest.mark.parametrize("duration", [None, 0, -30, "a", "NaN", "inf", 1e300])
def test_a_duration_that_makes_no_sense_is_unknown(duration: object) -> None:
    ((*_fields, found),) = compute(VIDEO_EVENT, [play("21", 0, duration=duration)])
    assert found == -1


# Viewings.


@pytest.mark.parametrize(
    "end", [pause("21 10:01", 42), stop("21 10:01", 42), seek("21 10:01", 42, 7)]
)
def test_a_viewing_ends_with_a_pause_a_stop_or_a_seek(end: Event) -> None:
    assert viewings([play("21 10:00", 2), end]) == [(2, 42)]


def test_a_seek_corrects_where_the_next_play_starts() -> None:
    events = [
        play("21 10:00:00", 0),
        seek("21 10:00:10", old=10, new=100),
        play("21 10:00:11", 10),  # the player still reports the old position
        pause("21 10:00:20", 109),
    ]
    assert viewings(events) == [(0, 10), (100, 109)]


def test_a_seek_while_nothing_plays_corrects_nothing() -> None:
    events = [seek("21 10:00", 0, 50), play("21 10:01", 60), stop("21 10:02", 70)]
    assert viewings(events) == [(60, 70)]


def test_a_play_right_after_another_replaces_it() -> None:
    assert viewings([play("21 10:00", 0), play("21 10:01", 30), stop("21 10:02", 35)]) == [(30, 35)]


def test_a_viewing_may_go_on_over_midnight() -> None:
    assert viewings([play("21 23:59:58", 0), stop("22 00:00:03", 5)]) == [(0, 5)]


@pytest.mark.parametrize(
    "events",
    list(
        permutations(
            [
                play("21 10:00:00.999999", 2),
                play("21 10:00:00.999999", 1),
                seek("21 10:00:00.999999", old=5, new=20),
                stop("21 10:00:00.999999", 30),
            ]
        )
    ),
)
def test_events_of_one_microsecond_go_by_kind_then_position(events: tuple[Event, ...]) -> None:
    """Plays before seeks and stops, and the later play counts, however the log has them."""
    assert viewings([*events, stop("21 10:00:01", 40)]) == [(2, 5)]


def test_a_viewing_without_an_end_is_none() -> None:
    assert viewings([play("21 10:00", 0), stop("21 10:00", 9, user=2)]) == []


@pytest.mark.parametrize(
    ("end", "found"), [(9, []), (10.2, []), (10.25, [(10, 10.25)]), (31, [(10, 31)]), (31.1, [])]
)
def test_a_viewing_is_long_enough_and_ends_with_the_video(
    end: float, found: list[tuple[float, float]]
) -> None:
    assert viewings(watch(10, end, duration=30)) == found


# Segments.


def test_a_viewing_counts_in_every_segment_that_it_touches() -> None:
    assert timeline(watch(4.9, 10)) == [(0, 1, 1), (1, 1, 1), (2, 1, 1)]


def test_who_watches_again_is_one_learner_with_two_viewings() -> None:
    again = [play("22 10:00", 0), stop("22 10:01", 4)]
    assert timeline([*watch(0, 7), *again, *watch(0, 4, user=2)]) == [(0, 2, 3), (1, 1, 1)]


def test_segments_past_a_known_end_count_only_while_nobody_watched_the_last_one() -> None:
    past_the_end = watch(10, 10.5, duration=9.9)
    assert timeline(past_the_end) == [(2, 1, 1)]
    assert timeline([*past_the_end, *watch(6, 7, user=2, duration=9.9)]) == [(1, 1, 1)]


# Lengths.


@pytest.mark.parametrize(("crowd", "duration"), [(19, 59), (20, 9)])
def test_a_video_of_unknown_length_ends_where_one_in_twenty_goes_on(
    crowd: int, duration: int
) -> None:
    events = watch(0, 59, user=1)
    for user in range(2, crowd + 1):
        events += watch(0, 7, user)
    assert compute(VIDEO_LENGTH, events) == [(VIDEO_ID, COURSE, "v", duration)]


def test_a_length_is_the_longest_that_is_known_if_all_know_one() -> None:
    known = [*watch(0, 8, user=1, duration=20.5), *watch(0, 8, user=2, duration=30)]
    assert compute(VIDEO_LENGTH, known) == [(VIDEO_ID, COURSE, "v", 30)]
    assert compute(VIDEO_LENGTH, [*known, *watch(0, 8, user=3)]) == [(VIDEO_ID, COURSE, "v", 9)]


# Videos.


@pytest.mark.parametrize(("duration", "moment"), [(120, 114), (1200, 1170)])
def test_users_at_end_watched_a_twentieth_or_half_a_minute_before_it(
    duration: int, moment: int
) -> None:
    events = [
        *watch(0, duration, user=1, duration=duration),
        *watch(moment, moment + 1, user=2, duration=duration),
        *watch(0, moment - 5, user=3, duration=duration),
        *watch(moment + 5, duration, user=4, duration=duration),
    ]
    ((*_others, users_at_start, users_at_end, _seconds),) = compute(VIDEO, events)
    assert (users_at_start, users_at_end) == (2, 2)


def test_viewed_seconds_are_of_whole_segments() -> None:
    events = [*watch(6, 11, user=1, duration=20), *watch(8, 9, user=2, duration=20.9)]
    assert compute(VIDEO, events) == [(VIDEO_ID, COURSE, "v", 20, 5, 0, 0, 15)]
