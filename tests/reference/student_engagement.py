"""Student engagement, one event and one learner at a time: two tables, and all CSV files."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from .enrollment import ONE_DAY, changes_by_learner, learner_days
from .lms import write_csv
from .reading import ENROLLMENT_PREFIX, Event, event_course_id, event_payload

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

LONGEST_NAME = 255
RUN = r"[^/+]+[/+][^/+]+[/+][^/]+"
SUBSECTION = re.compile(f"/courses/{RUN}/courseware/[^/]+/[^/]+/")
VOTED = re.compile(r"edx\.forum\.(\w+)\.voted", re.ASCII)
CREATED = {
    "edx.forum.thread.created": "forum_posts",
    "edx.forum.response.created": "forum_responses",
    "edx.forum.comment.created": "forum_comments",
    "book": "textbook_pages_viewed",
}
NUMBERS = (
    "days_active",
    "problems_attempted",
    "problem_attempts",
    "problems_correct",
    "videos_played",
    "forum_posts",
    "forum_responses",
    "forum_comments",
    "forum_upvotes_given",
    "forum_downvotes_given",
    "forum_upvotes_received",
    "forum_downvotes_received",
    "textbook_pages_viewed",
)
COLUMNS = ("end_date", "course_id", "username", *NUMBERS, "last_subsection_viewed")
HEADER = {
    "daily": ("Date", "Was Active"),
    "weekly": ("End Date", "Days Active This Week"),
    "all": ("End Date", "Days Active"),
}

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Accounts:
    """What the LMS knows: accounts (id, username, email), groups (id, name, course), members."""

    users: list[tuple[int, str, str]] = field(default_factory=list)
    groups: list[tuple[int, str, str]] = field(default_factory=list)
    members: list[tuple[int, int]] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Write the LMS's three tables as CSV."""
        write_csv(folder / "auth_user.csv", ("id", "username", "email"), self.users)
        write_csv(
            folder / "course_groups_courseusergroup.csv",
            ("id", "name", "course_id", "group_type"),
            [(*group, "cohort") for group in self.groups],
        )
        write_csv(
            folder / "course_groups_courseusergroup_users.csv",
            ("courseusergroup_id", "user_id"),
            self.members,
        )


class Act(NamedTuple):
    """What one event says of one learner; `number` is the column that it adds `amount` to."""

    event: Event
    course_id: str
    username: str
    number: str | None = None
    amount: int = 1
    entity: tuple[str, str] | None = None
    correct: bool = False
    path: str = ""


def engagement_tables(events: Iterable[Event], interval: tuple[date, date]) -> dict[str, list[Row]]:
    """student_engagement_daily and _weekly, columns as in `COLUMNS`."""
    done = [act for event in events for act in acts(event)]
    return {
        "student_engagement_daily": engagement(done, {day: day for day in days(interval)}),
        "student_engagement_weekly": engagement(done, weeks(interval)),
    }


def engagement_files(
    events: list[Event], interval: tuple[date, date], accounts: Accounts
) -> dict[str, str]:
    """The content of all CSV files, by their paths below the folder of reports."""
    done = [act for event in events for act in acts(event)]
    start, end = interval
    last_day = end - ONE_DAY
    periods = {
        "daily": {day: day for day in days(interval)},
        "weekly": weeks(interval),
        "all": dict.fromkeys(days(interval), last_day),
    }
    files: dict[str, list[Row]] = defaultdict(list)
    for kind, period in periods.items():
        found = {row[:3]: row[3:] for row in engagement(done, period)}
        for day, course_id, user_id in enrolled(events, end):
            if day not in set(period.values()):
                continue
            when = f"{start}-{end}" if kind == "all" else day
            digest = hashlib.sha1(course_id.encode()).hexdigest()
            path = f"student_engagement/{kind}/{digest}/student_engagement_{kind}_{when}.csv"
            for number, username, email in accounts.users:
                if number == user_id:
                    numbers = found.get((day, course_id, username), (0,) * 13 + ("",))
                    cohort = cohort_of(accounts, user_id, course_id)
                    files[path].append((course_id, day, username, email, cohort, *numbers))
    return {
        path: csv_text([header(path.split("/")[1]), *sorted(rows)]) for path, rows in files.items()
    }


def header(kind: str) -> Row:
    when, active = HEADER[kind]
    return (
        *("Course ID", when, "Username", "Email", "Cohort", active),
        "Unique Problems Attempted",
        "Total Problem Attempts",
        "Unique Problems Correct",
        "Unique Videos Played",
        *("Discussion Posts", "Discussion Responses", "Discussion Comments"),
        *("Discussion Upvotes Given", "Discussion Downvotes Given"),
        *("Discussion Upvotes Received", "Discussion Downvotes Received"),
        *("Textbook Pages Viewed", "URL of Last Subsection Viewed"),
    )


def csv_text(rows: Iterable[Row]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def cohort_of(accounts: Accounts, user_id: int, course_id: str) -> str:
    names = {number: name for number, name, course in accounts.groups if course == course_id}
    return min(
        (names[group] for group, user in accounts.members if user == user_id and group in names),
        default="",
    )


def enrolled(events: list[Event], end: date) -> Iterable[tuple[date, str, int]]:
    """Each day, course run and user of an enrollment at the day's end."""
    for (course_id, user_id), changes in changes_by_learner(events).items():
        for record in learner_days(course_id, user_id, changes, end):
            if record.enrolled:
                yield record.day, course_id, user_id


def days(interval: tuple[date, date]) -> list[date]:
    start, end = interval
    return [start + timedelta(days=number) for number in range((end - start).days)]


def weeks(interval: tuple[date, date]) -> dict[date, date]:
    """The end of each day's week, of seven days back from the interval's last."""
    last_day = interval[1] - ONE_DAY
    return {
        day: last_day - (last_day - day) // timedelta(days=7) * 7 * ONE_DAY
        for day in days(interval)
    }


def acts(event: Event) -> list[Act]:
    """What the event says of the learner, and of another whom it names."""
    return [act for act in all_acts(event) if len(act.username) <= LONGEST_NAME]


def all_acts(event: Event) -> Iterable[Act]:
    """The same, also of names that no LMS gives."""
    record, kind = event.record, event.event_type
    username = record.get("username")
    username = username.strip() if isinstance(username, str) else ""
    data = {} if record.get("event") == "" else event_payload(record.get("event"))
    course_id = event.course_id
    if kind.startswith(ENROLLMENT_PREFIX):
        course_id = course_of_context(record)
    if not username or course_id is None or data is None:
        return
    vote = VOTED.match(kind)
    if kind == "problem_check":
        if event.event_source == "server" and (problem := text(data, "problem_id")):
            correct = text(data, "success").lower() == "correct"
            entity = ("problem", problem)
            yield Act(event, course_id, username, "problem_attempts", 1, entity, correct)
    elif kind == "play_video":
        if video := text(data, "id"):
            yield Act(event, course_id, username, entity=("video", video))
    elif SUBSECTION.match(kind):
        yield Act(event, course_id, username, path=kind)
    elif vote:
        direction = text(data, "vote_value")
        if direction not in ("up", "down"):
            return
        amount = -1 if data.get("undo_vote") in (True, "true") else 1
        column = f"forum_{direction}votes"
        plain = kind in ("edx.forum.thread.voted", "edx.forum.response.voted")
        counts = vote[1] in ("thread", "response")
        yield Act(event, course_id, username, f"{column}_given" if plain else None, amount)
        target = text(data, "target_username")
        if target:
            yield Act(event, course_id, target, f"{column}_received" if counts else None, amount)
    else:
        yield Act(event, course_id, username, CREATED.get(kind))


def course_of_context(record: dict[str, Any]) -> str | None:
    context = record.get("context")
    try:
        return event_course_id("", {}, context if isinstance(context, dict) else {})
    except Exception:  # it is no course key
        return None


def text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    return value.strip() if isinstance(value, str) else ""


def engagement(done: Iterable[Act], periods: dict[date, date]) -> list[Row]:
    """One row a learner, course run and period with an act; `periods` gives each day's end."""
    groups: dict[Row, list[Act]] = defaultdict(list)
    for act in done:
        if act.event.day in periods:
            groups[periods[act.event.day], act.course_id, act.username].append(act)
    return [(*key, *numbers(group)) for key, group in groups.items()]


def numbers(group: list[Act]) -> Row:
    counted = Counter[str]()
    for act in group:
        if act.number:
            counted[act.number] += act.amount
    counted["days_active"] = len({act.event.day for act in group})
    tried = {act.entity for act in group if act.entity and act.entity[0] == "problem"}
    counted["problems_attempted"] = len(tried)
    counted["problems_correct"] = len({act.entity for act in group if act.correct})
    counted["videos_played"] = len({act.entity for act in group if act.entity} - tried)
    seen = max(((act.event.time, act.path) for act in group if act.path), default=(None, ""))
    return (*(counted[name] for name in NUMBERS), seen[1])
