"""Weekly course activity: distinct learners by course, whole week and label."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from .reading import ENROLLMENT_PREFIX, Event

if TYPE_CHECKING:
    from collections.abc import Iterable

ONE_WEEK = timedelta(days=7)


def activity_table(events: Iterable[Event], interval: tuple[date, date]) -> list[tuple[Any, ...]]:
    """Only weeks, Monday to Monday, that lie in the interval from end to end have rows."""
    start, end = interval
    learners: dict[tuple[str, date, str], set[int]] = defaultdict(set)
    for event in events:
        monday = event.day - timedelta(days=event.day.weekday())
        if event.course_id is None or event.user_id is None:
            continue
        if start <= monday and monday + ONE_WEEK <= end:
            for label in labels(event):
                learners[event.course_id, monday, label].add(event.user_id)
    return [
        (course_id, f"{monday} 00:00:00", f"{monday + ONE_WEEK} 00:00:00", label, len(members))
        for (course_id, monday, label), members in learners.items()
    ]


def labels(event: Event) -> Iterable[str]:
    if event.event_source == "task" or event.event_type.startswith(ENROLLMENT_PREFIX):
        return
    yield "ACTIVE"
    if event.event_source == "server" and event.event_type == "problem_check":
        yield "ATTEMPTED_PROBLEM"
    if event.event_source in ("browser", "mobile") and event.event_type == "play_video":
        yield "PLAYED_VIDEO"
    if event.event_source == "server" and is_forum_post(event.event_type):
        yield "POSTED_FORUM"


def is_forum_post(event_type: str) -> bool:
    return event_type.startswith("edx.forum.") and event_type.endswith(".created")
