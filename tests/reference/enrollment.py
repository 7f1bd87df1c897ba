"""The six enrollment tables and the enrollment summary, one learner and one day at a time."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from .lms import Profile
from .reading import ENROLLMENT_PREFIX, Event, user_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .lms import Grade, Lms

ACTIVATED = ENROLLMENT_PREFIX + "activated"
DEACTIVATED = ENROLLMENT_PREFIX + "deactivated"
MODE_CHANGED = ENROLLMENT_PREFIX + "mode_changed"

EDUCATION_LEVELS = {
    "el": "primary",
    "jhs": "junior_secondary",
    "hs": "secondary",
    "a": "associates",
    "b": "bachelors",
    "m": "masters",
    "p": "doctorate",
    "p_se": "doctorate",
    "p_oth": "doctorate",
    "none": "none",
    "other": "other",
}

ONE_DAY = timedelta(days=1)

Row = tuple[Any, ...]


class Change(NamedTuple):
    """An enrollment event of one learner in one course; sorts in the order of processing."""

    time: datetime
    event_type: str
    mode: str


class DayRecord(NamedTuple):
    """One learner in one course at the end of one day."""

    course_id: str
    user_id: int
    day: date
    enrolled: bool
    mode: str


def enrollment_tables(
    events: Iterable[Event], end: date, lms: Lms, catalog: list[dict[str, Any]]
) -> dict[str, list[Row]]:
    """The tables over `events`, which all lie before the day `end`."""
    histories = changes_by_learner(events)
    records = [
        record
        for (course_id, learner), changes in histories.items()
        for record in learner_days(course_id, learner, changes, end)
    ]
    last_records = [record for record in records if record.day == end - ONE_DAY]
    profiles = defaultdict(Profile, lms.profiles)

    def gender(record: DayRecord) -> str | None:
        return profiles[record.user_id].gender or None

    def birth_year(record: DayRecord) -> int | None:
        return profiles[record.user_id].year_of_birth

    def education_level(record: DayRecord) -> str | None:
        return EDUCATION_LEVELS.get(profiles[record.user_id].level_of_education or "")

    modes = daily_counts(records, lambda record: record.mode)
    return {
        "course_enrollment_daily": [
            (course_id, day, count, cumulative)
            for course_id, day, _all, count, cumulative in daily_counts(records, lambda _: None)
        ],
        "course_enrollment_mode_daily": modes,
        "course_enrollment_gender_daily": daily_counts(records, gender),
        "course_enrollment_birth_year_daily": daily_counts(last_records, birth_year),
        "course_enrollment_education_level_daily": daily_counts(last_records, education_level),
        "course_meta_summary_enrollment": course_summaries(
            modes, end, catalog, passing_users(records, lms.grades)
        ),
        "course_enrollment_summary": [
            row
            for (course_id, learner), changes in histories.items()
            for row in learner_summary(course_id, learner, changes, end)
        ],
    }


def changes_by_learner(events: Iterable[Event]) -> dict[tuple[str, int], list[Change]]:
    """The changes of each (course_id, user_id), in order."""
    histories: dict[tuple[str, int], list[Change]] = defaultdict(list)
    for event in events:
        if event.event_type not in (ACTIVATED, DEACTIVATED, MODE_CHANGED):
            continue
        payload = event.payload or {}
        learner = user_id(payload.get("user_id"))
        mode = payload.get("mode")
        if event.course_id is None or learner is None or not isinstance(mode, str):
            continue
        if mode.strip():
            change = Change(event.time, event.event_type, mode.strip())
            histories[event.course_id, learner].append(change)
    return {key: sorted(changes) for key, changes in histories.items()}


def learner_days(
    course_id: str, learner: int, changes: list[Change], end: date
) -> Iterable[DayRecord]:
    """A record for each day from the learner's first change to the day before `end`."""
    enrolled = False
    mode = ""
    day = changes[0].time.date()
    while day < end:
        for change in changes:
            if change.time.date() == day:
                if change.event_type == ACTIVATED:
                    enrolled = True
                elif change.event_type == DEACTIVATED:
                    enrolled = False
                mode = change.mode
        yield DayRecord(course_id, learner, day, enrolled, mode)
        day += ONE_DAY


def daily_counts(
    records: Iterable[DayRecord], dimension: Callable[[DayRecord], object]
) -> list[Row]:
    """Per course, day and value of the dimension: who is enrolled, and who has a record."""
    groups: dict[Row, list[DayRecord]] = defaultdict(list)
    for record in records:
        groups[record.course_id, record.day.isoformat(), dimension(record)].append(record)
    return [
        (*group, sum(member.enrolled for member in members), len(members))
        for group, members in groups.items()
    ]


def passing_users(records: list[DayRecord], grades: list[Grade]) -> dict[tuple[str, str], int]:
    """How many learners pass, by (course_id, mode); 0 for a mode in which nobody does.

    A learner passes with a time of passing and a letter grade (who loses the pass loses the
    letter but keeps the time), and counts in the mode of the last day that the grade covers.
    """
    passing = {(record.course_id, record.mode): 0 for record in records}
    for grade in grades:
        covered = [
            record
            for record in records
            if (record.course_id, record.user_id) == (grade.course_id, grade.user_id)
            and record.day <= grade.modified.date()
        ]
        if covered and grade.passed_timestamp is not None and grade.letter_grade:
            last = max(covered, key=lambda record: record.day)
            passing[last.course_id, last.mode] += 1
    return passing


def course_summaries(
    modes: list[Row],
    end: date,
    catalog: list[dict[str, Any]],
    passing: dict[tuple[str, str], int],
) -> list[Row]:
    """The modes of the last day, with what the catalog tells about the course."""
    last_day = (end - ONE_DAY).isoformat()
    week_before = (end - 8 * ONE_DAY).isoformat()
    runs = {run["key"]: run for run in catalog}
    earlier = {
        (course_id, mode): count
        for course_id, day, mode, count, _cumulative in modes
        if day == week_before
    }
    return [
        (
            course_id,
            *catalog_columns(runs.get(course_id, {})),
            mode,
            count,
            count - earlier.get((course_id, mode), 0),
            cumulative,
            passing[course_id, mode],
        )
        for course_id, day, mode, count, cumulative in modes
        if day == last_day
    ]


def catalog_columns(run: dict[str, Any]) -> Row:
    title = run.get("title")
    return (
        None if title is None else re.sub(r"\s+", " ", title),
        run.get("course"),
        sql_seconds(run.get("start")),
        sql_seconds(run.get("end")),
        run.get("pacing_type"),
        run.get("availability"),
    )


def learner_summary(
    course_id: str, learner: int, changes: list[Change], end: date
) -> Iterable[Row]:
    """The learner's course in one row; none where the learner was never seen to enroll.

    Only what can be true counts: an activation while not enrolled, and a change of mode or a
    deactivation while enrolled.
    """
    enrolled = False
    entered: list[Change] = []
    left: list[Change] = []
    moded: list[Change] = []
    for change in changes:
        if change.event_type == ACTIVATED and not enrolled:
            enrolled = True
            entered.append(change)
            moded.append(change)
        elif change.event_type == DEACTIVATED and enrolled:
            enrolled = False
            left.append(change)
        elif change.event_type == MODE_CHANGED and enrolled:
            moded.append(change)
    if entered:
        yield (
            course_id,
            learner,
            moded[-1].mode,
            int(enrolled),
            entered[0].mode,
            sql_microseconds(entered[0].time),
            sql_microseconds(left[-1].time) if left else None,
            first_time_in("verified", moded),
            first_time_in("credit", moded),
            f"{end} 00:00:00.000000",
        )


def first_time_in(mode: str, changes: list[Change]) -> str | None:
    times = [change.time for change in changes if change.mode == mode]
    return sql_microseconds(times[0]) if times else None


def sql_microseconds(time: datetime) -> str:
    return time.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")


def sql_seconds(text: str | None) -> str | None:
    if text is None:
        return None
    time = datetime.fromisoformat(text)
    if time.tzinfo is not None:
        time = time.astimezone(UTC)
    return time.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
