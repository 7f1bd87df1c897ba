"""Hypothesis strategies for logs of what learners do, and the accounts that the LMS has of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from .strategies import MISSING, enrollments, instants, intervals, json_line, mostly, present
from .strategies import event as logged
from .student_engagement import Accounts

if TYPE_CHECKING:
    from datetime import date

    from hypothesis.strategies import DrawFn, SearchStrategy

COURSES = ["edX/DemoX/Demo_Course", "course-v1:edX+DemoX+2014"]
NAMES = ["ada", "Ada", "zoë"]
CHAPTER = "/courses/edX/DemoX/Demo_Course/courseware/week_1/"

event_types: SearchStrategy[str] = st.sampled_from(
    [
        *["problem_check", "play_video", "book", "page_close"],
        *["edx.forum.thread.created", "edx.forum.response.created", "edx.forum.comment.created"],
        *["edx.forum.thread.voted", "edx.forum.response.voted", "edx.forum.comment.voted"],
        *["edx.forum.thread.voted.again", "edx.forum.é.voted", "edx.forumXthread.voted"],
        *[f"{CHAPTER}{page}/" for page in ("a", "b", "b/2")],
        "/courses/course-v1:edX+DemoX+2014/courseware/w/s/",
        "/courses/course-v1:edX+DemoX+2014/courseware/w/",
    ]
)
usernames: SearchStrategy[object] = mostly(
    [*NAMES, " ada "], ["", " ", "n" * 256, 7, None, MISSING]
)
ids: SearchStrategy[object] = mostly(["p1", "p2", " p1"], ["", " ", 7, None, MISSING, ["p1"]])
payloads: SearchStrategy[object] = mostly([None], ["", [], "a text", '{"cut', "[]", MISSING])


@st.composite
def acts(draw: DrawFn) -> dict[str, Any]:
    """What a learner does, with all fields that an event of any kind could have."""
    course = draw(st.sampled_from(COURSES))
    payload: object = draw(payloads)
    if payload is None:
        payload = present(
            problem_id=draw(ids),
            id=draw(ids),
            success=draw(mostly(["correct", "incorrect", "Correct"], [None, 1, MISSING])),
            vote_value=draw(mostly(["up", "down"], ["sideways", None, MISSING])),
            undo_vote=draw(mostly([False, True, MISSING], ["true", None])),
            target_username=draw(usernames),
        )
        payload = draw(st.sampled_from([payload, json.dumps(payload)]))
    found = logged(
        draw,
        1,
        course,
        draw(instants),
        {},
        event_type=draw(event_types),
        event_source=draw(st.sampled_from(["server", "server", "browser", "task"])),
    )
    return found | present(username=draw(usernames), event=payload)


@st.composite
def arrivals(draw: DrawFn) -> dict[str, Any]:
    """An enrollment, by whom and where ever."""
    (found,) = draw(enrollments([1, 2, 3], COURSES).filter(lambda events: len(events) == 1))
    return found | present(username=draw(usernames))


@st.composite
def lms(draw: DrawFn) -> Accounts:
    known = draw(st.sets(st.integers(1, 3)))
    courses = st.sampled_from(COURSES)
    groups = draw(st.lists(st.tuples(st.sampled_from(["red", "blue, big", "Rot"]), courses)))
    numbered = [(number, *group) for number, group in enumerate(groups, 1)]
    members = st.tuples(st.integers(1, len(groups) + 1), st.integers(1, 4))
    return Accounts(
        [(user, NAMES[user - 1], f"{user}@example.com") for user in sorted(known)],
        numbered,
        draw(st.lists(members, unique=True, max_size=5)),
    )


@dataclass(frozen=True)
class History:
    """Lines that arrive in two runs with their intervals and accounts, in the order of runs."""

    runs: list[tuple[list[bytes], tuple[date, date], Accounts]]

    @property
    def lines(self) -> list[bytes]:
        return [line for lines, _, _ in self.runs for line in lines]


@st.composite
def histories(draw: DrawFn, runs: int) -> History:
    found = draw(st.lists(acts(), max_size=25)) + draw(st.lists(arrivals(), max_size=8))
    lines = draw(st.permutations([json_line(event, {}) for event in found]))
    cuts = sorted(draw(st.integers(0, len(lines))) for _ in range(runs - 1))
    pieces = zip([0, *cuts], [*cuts, len(lines)], strict=True)
    accounts = draw(lms())
    interval = draw(intervals())
    return History(
        [
            (
                lines[begin:end],
                draw(st.just(interval) | intervals()),
                draw(st.just(accounts) | lms()),
            )
            for begin, end in pieces
        ]
    )
