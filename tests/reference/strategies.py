"""Hypothesis strategies for small, wild histories of a site: its logs, LMS and catalog.

A history has a few learners and courses, within three weeks that cross borders of weeks and of a
month. Most of it is what a real site logs; some of it is broken, in the ways that the reading
rules name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Any, TypeVar

from hypothesis import strategies as st

from .lms import Grade, Lms, Profile, write_lms

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hypothesis.strategies import DrawFn, SearchStrategy

    Form = Callable[[Any], Any]

T = TypeVar("T")
JsonObject = dict[str, Any]

FIRST_DAY = date(2014, 7, 21)  # a Monday
DAYS = 21
AFTERWARDS = date(2014, 9, 1)

COURSES = ["edX/DemoX/Demo_Course", "course-v1:edX+DemoX+2014", "ccx-v1:edX+DemoX+2014+ccx@1"]

MISSING = object()
NOT_A_NUMBER = float("nan")
NOT_UTF8 = "\ue000"  # becomes bytes that are not UTF-8 where the line is encoded


@dataclass(frozen=True)
class History:
    """Log lines without their ends, the interval to report on, the LMS and the catalog."""

    lines: list[bytes]
    interval: tuple[date, date]
    lms: Lms
    catalog: list[JsonObject]

    def write(self, folder: Path) -> None:
        """Write tracking.log, lms/*.csv and course_runs.json into the empty `folder`."""
        (folder / "tracking.log").write_bytes(b"".join(line + b"\n" for line in self.lines))
        (folder / "lms").mkdir()
        write_lms(self.lms, folder / "lms")
        runs = "".join(json.dumps(run) + "\n" for run in self.catalog)
        (folder / "course_runs.json").write_text(runs, encoding="utf-8")


@st.composite
def histories(draw: DrawFn) -> History:
    """Whole histories of up to about 70 lines; what follows are their parts."""
    learners = list(range(1, 1 + draw(st.integers(1, 4))))
    courses = COURSES[: draw(st.integers(2, 3))]
    events = [
        *flatten(draw(st.lists(enrollments(learners, courses), max_size=6))),
        *draw(st.lists(activity_events(learners, courses), max_size=12)),
    ]
    if draw(st.integers(0, 7)) == 7:
        events += draw(crowds(courses))
    else:
        events += flatten(draw(st.lists(video_sessions(learners, courses), max_size=5)))
    lines = [draw(line_forms)(json_line(event, draw(json_styles))) for event in events]
    lines += draw(st.lists(lines_of_no_event, max_size=4))
    return History(
        lines=draw(st.permutations(lines)),
        interval=draw(intervals()),
        lms=draw(lms_tables(learners, courses)),
        catalog=draw(st.lists(course_runs(courses), unique_by=lambda run: run["key"], max_size=3)),
    )


def flatten(lists: list[list[T]]) -> list[T]:
    return [item for items in lists for item in items]


# Fields. A form is a function from the true value to what the log holds.


def mostly(common: list[T], rare: list[T]) -> SearchStrategy[T]:
    """One of `rare` about once in 30 times, as an event has some ten fields that can be broken."""
    return st.sampled_from([*common * (29 * len(rare) // len(common)), *rare])


def unchanged(value: Any) -> Any:
    return value


def always(*values: object) -> list[Form]:
    """Forms that do not care for the true value."""

    def form(value: object) -> Form:
        return lambda _true: value

    return [form(value) for value in values]


user_forms: SearchStrategy[Form] = mostly(
    [unchanged, unchanged, str, " {}\n".format],
    [float, lambda user: user + 0.5, *always(True, 0, -1, 2**63, "anna", "", [], None, MISSING)],
)
course_forms: SearchStrategy[Form] = mostly(
    [unchanged, unchanged, unchanged, "{}\n".format, " {}// ".format],
    always("edX/DemoX", "course-v1:edX+DemoX", "edX/Demo X/run", "edX/X/" + "r" * 250, 42)
    + always("", "  ", " / ", None, MISSING),
)
context_forms: SearchStrategy[Form] = mostly([unchanged], always({}, [], "", None, MISSING))
payload_forms: SearchStrategy[Form] = mostly(
    [unchanged, json.dumps],
    [
        lambda payload: json.dumps(json.dumps(payload)),
        lambda payload: json.dumps(payload)[:-3],
        lambda payload: json.dumps([payload]),
        *always("input_1=2&input_2=", "", 7, None, MISSING),
    ],
)
time_forms: SearchStrategy[Form] = mostly(
    [
        lambda instant: instant.isoformat(),
        lambda instant: instant.isoformat(timespec="microseconds"),
        lambda instant: instant.replace(tzinfo=None).isoformat(),
        lambda instant: instant.replace(tzinfo=None).isoformat(timespec="microseconds") + "999Z",
        lambda instant: instant.astimezone(timezone(timedelta(hours=5, minutes=30))).isoformat(),
        lambda instant: instant.astimezone(timezone(timedelta(hours=-8))).isoformat(),
    ],
    always("yesterday", "2014-13-01T00:00:00", "", 1_406_000_000, None, MISSING),
)
position_forms: SearchStrategy[Form] = mostly(
    [unchanged, unchanged, unchanged, str, " {}\n".format],
    always("1e1", 36_000, 36_000.5, "36001", -0.5, "-1", 10**400, NOT_A_NUMBER, float("inf"))
    + always("nan", "a", "", True, [], None, MISSING),
)

modes: SearchStrategy[object] = mostly(
    ["audit", "honor", "verified", "credit"],
    [" verified\n", f"hon{NOT_UTF8}r", "", " ", 7, None, MISSING],
)
enrollment_kinds = mostly(
    ["activated", "activated", "deactivated", "mode_changed"],
    ["upgrade.clicked", "activated ", ""],
)
event_types: SearchStrategy[object] = mostly(
    [
        "problem_check",
        "edx.forum.thread.created",
        "edx.forum.thread.viewed",
        "edx.forum.created",
        "play_video",
        "page_close",
        "/courses/edX/DemoX/Demo_Course/info",
    ],
    [" problem_check", "", " ", 5, None, MISSING],
)
event_sources: SearchStrategy[object] = mostly(
    ["server", "server", "browser", "mobile", "task"], ["Server", "", {}, None, MISSING]
)
module_ids: SearchStrategy[object] = mostly(
    ["i4x-edX-DemoX-video-1", "0b9e39477cf3", "\n0b9e39477cf3 "],
    [f"v{NOT_UTF8}", "é", "v" * 240, "", " ", 7, None, MISSING],
)
durations: SearchStrategy[object] = mostly(
    [MISSING, MISSING, None, 9.9, 10.2, 30, 44.4, "61.5"],
    [0, -30, 30_000, 10**400, NOT_A_NUMBER, "0", "a", "inf", "", True, []],
)
agents: SearchStrategy[object] = mostly(["é", "e"], [f"caf{NOT_UTF8}", NOT_A_NUMBER, 10**30])

positions: SearchStrategy[float] = st.sampled_from(
    [0, 1, 4.75, 4.999, 5.0, 9.75, 10, 10.25, 29, 30.0, 30.9, 59.9]
) | st.integers(0, 60_000).map(lambda milliseconds: milliseconds / 1000)
lengths: SearchStrategy[float] = st.sampled_from([-1, 0, 0.249, 0.25, 0.5, 5, 10, 20]) | positions

# Often one of few, so that events share them; often next to midnight.
instants = st.builds(
    datetime.combine,
    st.sampled_from([FIRST_DAY + timedelta(days=day) for day in range(DAYS)]),
    st.sampled_from(
        [time(0), time(0, 0, 0, 1), time(12), time(12, 0, 0, 500_000), time(23, 59, 59, 999_999)]
    )
    | st.times(),
    st.just(UTC),
)


# Events: dictionaries as the LMS logs them; a field that is MISSING is left out.


def present(**fields: object) -> JsonObject:
    return {name: value for name, value in fields.items() if value is not MISSING}


def event(
    draw: DrawFn,
    learner: int,
    course: str,
    instant: datetime,
    payload: JsonObject,
    **fields: object,
) -> JsonObject:
    context = present(
        course_id=draw(course_forms)(course), user_id=draw(user_forms)(learner), path="/event"
    )
    return present(
        username=f"learner_{learner}",
        agent=draw(agents),
        time=draw(time_forms)(instant),
        context=draw(context_forms)(context),
        event=draw(payload_forms)(payload),
        **fields,
    )


@st.composite
def enrollments(draw: DrawFn, learners: list[int], courses: list[str]) -> list[JsonObject]:
    """A learner's changes in a course, in any order: also such as could not have happened."""
    learner = draw(st.sampled_from(learners))
    course = draw(st.sampled_from(courses))
    return [
        event(
            draw,
            learner,
            draw(st.sampled_from([course, *courses])),
            draw(instants),
            present(
                user_id=draw(user_forms)(learner),
                course_id=draw(course_forms)(course),
                mode=draw(modes),
            ),
            event_type=f"edx.course.enrollment.{kind}",
            event_source="server",
        )
        for kind in draw(st.lists(enrollment_kinds, min_size=1, max_size=6))
    ]


@st.composite
def activity_events(draw: DrawFn, learners: list[int], courses: list[str]) -> JsonObject:
    """Answers, posts, plays and implicit events, from every source."""
    return event(
        draw,
        draw(st.sampled_from(learners)),
        draw(st.sampled_from(courses)),
        draw(instants),
        {"problem_id": "p1", "success": "correct"},
        event_type=draw(event_types),
        event_source=draw(event_sources),
    )


@st.composite
def viewings(draw: DrawFn) -> list[tuple[str, JsonObject]]:
    """A play and what ends it, mostly later in the video."""
    start = draw(positions)
    end = start + draw(lengths)
    play = ("play_video", present(currentTime=draw(position_forms)(start)))
    ending = draw(st.sampled_from(["pause_video", "stop_video", "seek_video"]))
    if ending == "seek_video":
        return [play, (ending, seek_fields(draw, end, draw(positions)))]
    return [play, (ending, present(currentTime=draw(position_forms)(end)))]


@st.composite
def stray_actions(draw: DrawFn) -> list[tuple[str, JsonObject]]:
    """One action out of order, perhaps with the fields of another kind."""
    kind = draw(st.sampled_from(["play_video", "pause_video", "stop_video", "seek_video"]))
    fields = seek_fields(draw, draw(positions), draw(positions))
    fields["currentTime"] = draw(positions)
    names = draw(st.sampled_from([list(fields), ["currentTime"], ["new_time"], []]))
    return [(kind, {name: fields[name] for name in fields if name in names})]


def seek_fields(draw: DrawFn, old_time: float, new_time: float) -> JsonObject:
    return present(old_time=draw(position_forms)(old_time), new_time=draw(position_forms)(new_time))


actions = viewings() | viewings() | stray_actions()


@st.composite
def video_sessions(draw: DrawFn, learners: list[int], courses: list[str]) -> list[JsonObject]:
    """A learner at a video; time may stand still, or run over midnight."""
    learner = draw(st.sampled_from(learners))
    course = draw(st.sampled_from(courses))
    module_id = draw(module_ids)
    duration = draw(durations)
    instant = draw(instants)
    session = []
    for kind, fields in flatten(draw(st.lists(actions, min_size=1, max_size=4))):
        payload = present(id=module_id, duration=duration, **fields)
        session.append(
            event(draw, learner, course, instant, payload, event_type=kind, event_source="browser")
        )
        instant += timedelta(seconds=draw(st.sampled_from([1, 0, 5.5, 60, 3_600])))
        if draw(st.integers(0, 9)) == 9:
            duration = draw(durations)
    return session


@st.composite
def crowds(draw: DrawFn, courses: list[str]) -> list[JsonObject]:
    """About twenty learners who start a video, and one of them who goes on.

    Where the duration is unknown, one in twenty decides where the video ends.
    """
    course = draw(st.sampled_from(courses))
    duration = draw(st.sampled_from([MISSING, MISSING, 44.4]))
    size = draw(st.sampled_from([19, 20, 21]))
    ends = [draw(positions)] + [draw(positions)] * (size - 1)
    return [
        present(
            event_type=kind,
            event_source="browser",
            time=f"{FIRST_DAY}T10:00:00.{learner:06}+00:00",
            context={"user_id": 100 + learner, "course_id": course},
            event=present(id="crowded", currentTime=position, duration=duration),
        )
        for learner, end in enumerate(ends)
        for kind, position in (("play_video", 0), ("stop_video", end))
    ]


# Lines.

json_styles: SearchStrategy[JsonObject] = st.sampled_from(
    [{}, {"ensure_ascii": False}, {"separators": (",", ":")}]
)
line_forms: SearchStrategy[Form] = mostly(
    [unchanged],
    [
        lambda line: line[:-1],
        lambda line: line[: len(line) // 2],
        lambda line: line[:1],
        lambda line: line + b"}",
        lambda line: line + b" # end",
        lambda line: line + b" \r",
        lambda line: b"\xef\xbb\xbf" + line,
        lambda line: b"Jul 22 10:00:00 host-1 [tracking] " + line,
        lambda line: b"{2} " + line,
        lambda line: b"[" + line + b"]",
    ],
)
GZIP = b"\x1f\x8b"
"""What makes a log a gzip where it comes first, and its line no line."""
lines_of_no_event = st.sampled_from(
    [b"", b" \t", b"\r", b"# comment", b"}{", b"{", b"{}", b"null", b"[1, 2]", b'"{}"', b"NaN"]
) | st.binary(max_size=8).filter(lambda line: b"\n" not in line and not line.startswith(GZIP))


def json_line(event: JsonObject, style: JsonObject) -> bytes:
    return json.dumps(event, **style).encode().replace(NOT_UTF8.encode(), b"\xe9\xff")


# The interval, the LMS and the catalog.


@st.composite
def intervals(draw: DrawFn) -> tuple[date, date]:
    """All three weeks and more, or a part of them; never empty."""
    if draw(st.booleans()):
        return FIRST_DAY - timedelta(days=2), FIRST_DAY + timedelta(days=DAYS + 2)
    start = FIRST_DAY + timedelta(days=draw(st.integers(-1, DAYS - 2)))
    return start, start + timedelta(days=draw(st.integers(1, DAYS)))


@st.composite
def lms_tables(draw: DrawFn, learners: list[int], courses: list[str]) -> Lms:
    """Profiles of some learners, grades of some learners in some courses."""
    profiles = st.builds(
        Profile,
        gender=st.sampled_from(["m", "f", "o", "", None]),
        year_of_birth=st.sampled_from([1975, 2000, None]),
        level_of_education=st.sampled_from(["a", "p", "p_se", "p_oth", "none", "zzz", "", None]),
    )
    times = instants.map(lambda instant: instant.replace(tzinfo=None))
    grades = st.builds(
        Grade,
        user_id=st.sampled_from(learners),
        course_id=st.sampled_from(courses),
        letter_grade=st.sampled_from(["A", "C", "Pass", "", None]),
        passed_timestamp=times | st.none(),
        modified=times | st.just(datetime.combine(AFTERWARDS, time())),
    )
    return Lms(
        profiles=draw(st.dictionaries(st.sampled_from(learners), profiles)),
        grades=draw(
            st.lists(grades, unique_by=lambda grade: (grade.user_id, grade.course_id), max_size=6)
        ),
    )


@st.composite
def course_runs(draw: DrawFn, courses: list[str]) -> JsonObject:
    """A course run as the discovery service describes it, also of a course without events."""
    nothing = st.sampled_from([None, MISSING])
    times = st.sampled_from(["2014-07-01T00:00:00Z", "2014-12-31T23:30:15Z"]) | nothing
    return present(
        key=draw(st.sampled_from([*courses, "course-v1:edX+Other+1"])),
        course="edX+DemoX",
        title=draw(st.sampled_from(["Demo", "Déjà  vu\tand \n more"]) | nothing),
        start=draw(times),
        end=draw(times),
        pacing_type=draw(st.just("self_paced") | nothing),
        availability=draw(st.just("Current") | nothing),
    )
