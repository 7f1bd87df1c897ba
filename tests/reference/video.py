"""Videos and their timelines, from the viewings of each learner."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from .reading import Event, JsonObject

PLAY = "play_video"
PAUSE = "pause_video"
SEEK = "seek_video"
STOP = "stop_video"

UNKNOWN = -1.0
LONGEST_POSITION = 36_000.0
LONGEST_VIDEO_ID = 255
SHORTEST_VIEWING = 0.25
SEGMENT_LENGTH = 5
DROPOFF_THRESHOLD = 0.05

Row = tuple[Any, ...]


class Video(NamedTuple):
    """A video module of a course."""

    course_id: str
    module_id: str

    @property
    def pipeline_video_id(self) -> str:
        return f"{self.course_id}|{self.module_id}"


class Action(NamedTuple):
    """What a learner did in the player; sorts in the order of processing.

    Times are in UTC, positions and durations in seconds. `left` is the position that a seek
    started from, None for the other kinds.
    """

    time: datetime
    event_type: str
    position: float
    left: float | None
    duration: float


class Viewing(NamedTuple):
    """A stretch of a video that a learner watched, in seconds."""

    user_id: int
    start: float
    end: float
    duration: float


def video_tables(events: Iterable[Event]) -> dict[str, list[Row]]:
    watched: dict[Video, list[Viewing]] = defaultdict(list)
    for (video, learner), actions in actions_by_learner(events).items():
        for viewing in viewings(learner, actions):
            watched[video].append(viewing)
    videos: list[Row] = []
    timeline: list[Row] = []
    for video, its_viewings in watched.items():
        duration, users_at_start, users_at_end, segments = usage(its_viewings)
        views = sum(num_views for _segment, _users, num_views in segments)
        videos.append(
            (
                video.pipeline_video_id,
                video.course_id,
                video.module_id,
                int(duration),
                SEGMENT_LENGTH,
                users_at_start,
                users_at_end,
                views * SEGMENT_LENGTH,
            )
        )
        timeline += [(video.pipeline_video_id, *segment) for segment in segments]
    return {"video": videos, "video_timeline": timeline}


def actions_by_learner(events: Iterable[Event]) -> dict[tuple[Video, int], list[Action]]:
    """The actions of each learner in each video, in order."""
    actions: dict[tuple[Video, int], list[Action]] = defaultdict(list)
    for event in events:
        payload = event.payload or {}
        module_id = payload.get("id")
        if event.course_id is None or event.user_id is None or not isinstance(module_id, str):
            continue
        video = Video(event.course_id, module_id.strip())
        action = player_action(event, payload)
        if action is None or not video.module_id:
            continue
        if len(video.pipeline_video_id) <= LONGEST_VIDEO_ID:
            actions[video, event.user_id].append(action)
    return {key: sorted(group) for key, group in actions.items()}


def player_action(event: Event, payload: JsonObject) -> Action | None:
    """None for another kind of event, or for one whose positions cannot be trusted."""
    left = None
    if event.event_type == SEEK:
        position = read_position(payload.get("new_time"))
        left = read_position(payload.get("old_time"))
        if left is None:
            return None
    elif event.event_type == PAUSE:
        position = read_position(payload.get("currentTime", 0))
    elif event.event_type in (PLAY, STOP):
        position = read_position(payload.get("currentTime"))
    else:
        return None
    if position is None:
        return None
    return Action(event.time, event.event_type, position, left, read_duration(payload))


def read_position(value: object) -> float | None:
    seconds = read_number(value)
    return seconds if seconds is not None and 0 <= seconds <= LONGEST_POSITION else None


def read_duration(payload: JsonObject) -> float:
    seconds = read_number(payload.get("duration"))
    return seconds if seconds is not None and seconds > 0 else UNKNOWN


def read_number(value: object) -> float | None:
    """A finite number, or a string that `float` takes."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def viewings(learner: int, actions: list[Action]) -> Iterable[Viewing]:
    """A viewing runs from a play to the next action that is no play.

    A play after a viewing that ended with a seek starts where the seek went: the play's own
    position is often still the one before the seek.
    """
    start: float | None = None
    duration = UNKNOWN
    sought: float | None = None
    for action in actions:
        if action.event_type == PLAY:
            start = action.position if sought is None else sought
            duration = action.duration
            sought = None
        elif start is not None:
            end = action.position if action.left is None else action.left
            if is_plausible(start, end, duration):
                yield Viewing(learner, start, end, duration)
            sought = None if action.left is None else action.position
            start = None


def is_plausible(start: float, end: float, duration: float) -> bool:
    """The end lies in the video, with a second's grace, and not too close to the start."""
    if duration != UNKNOWN and end > duration + 1:
        return False
    return end - start >= SHORTEST_VIEWING


def usage(its_viewings: list[Viewing]) -> tuple[float, int, int, list[tuple[int, int, int]]]:
    """Duration, users at the start, users at the end, and (segment, users, views) in order."""
    users: dict[int, set[int]] = defaultdict(set)
    views: dict[int, int] = defaultdict(int)
    for viewing in its_viewings:
        for segment in range(segment_of(viewing.start), segment_of(viewing.end) + 1):
            users[segment].add(viewing.user_id)
            views[segment] += 1
    durations = [viewing.duration for viewing in its_viewings]
    if UNKNOWN in durations:
        final = last_popular_segment({segment: len(group) for segment, group in users.items()})
        duration: float = (final + 1) * SEGMENT_LENGTH - 1
    else:
        duration = max(durations)
        final = segment_of(duration)
    end = segment_of(max(duration - 30, duration * 0.95))
    segments = []
    for segment in sorted(users):
        segments.append((segment, len(users[segment]), views[segment]))
        # A viewing may run a second past the video. Such segments are left out only where
        # somebody watched the final one: as upstream does it.
        if segment == final:
            break
    return duration, len(users.get(0, ())), len(users.get(end, ())), segments


def segment_of(seconds: float) -> int:
    return int(seconds) // SEGMENT_LENGTH


def last_popular_segment(num_users: dict[int, int]) -> int:
    """From the last watched segment backwards, the first before a sharp drop in learners.

    Without a drop it is the last one watched.
    """
    watched = sorted(num_users, reverse=True)
    for later, segment in pairwise(watched):
        if num_users[later] <= num_users[segment] * DROPOFF_THRESHOLD:
            return segment
    return watched[0]
