"""Engagement, its ranges and the roster, one event and one learner at a time."""

from __future__ import annotations

import math
import re
import warnings
from collections import Counter, defaultdict
from contextlib import suppress
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np

from .enrollment import changes_by_learner, learner_days

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .reading import Event

Row = tuple[Any, ...]
LmsTables = dict[str, list[dict[str, str | None]]]
"""Rows of the LMS's tables, as their CSV files have them."""

WEEK = timedelta(days=7)
MEASURES = (
    "problem_attempts",
    "problems_attempted",
    "problems_completed",
    "problem_attempts_per_completed",
    "videos_viewed",
    "discussion_contributions",
)
WRITTEN = ("name", "location", "language", "gender", "level_of_education")
WRITTEN += ("mailing_address", "city", "country", "goals")


def engagement_tables(
    events: Iterable[Event], interval: tuple[date, date], lms: LmsTables, visitors: str = ""
) -> dict[str, list[dict[str, Any]]]:
    """All tables of engagement that are reports, rows in any order.

    Dates are strings as the reports database holds them, NULL is None.
    """
    start, end = interval
    events = [event for event in events if start <= event.day < end]
    engagement = module_engagement(events, visitors)
    week = learner_weeks(engagement, end - WEEK, end)
    ranges = metric_ranges(week)
    common = {"start_date": str(end - WEEK), "end_date": str(end)}
    return {
        "module_engagement": [
            {
                **dict(
                    zip(
                        ("course_id", "username", "date", "entity_type", "entity_id", "event"),
                        key,
                        strict=True,
                    )
                ),
                "date": str(key[2]),
                "count": count,
            }
            for key, count in engagement.items()
        ],
        "module_engagement_metric_ranges": [
            {
                "course_id": course_id,
                "metric": measure,
                "range_type": range_type,
                "low_value": finite(low),
                "high_value": finite(high),
                **common,
            }
            for course_id, measure, range_type, low, high in ranges
        ],
        "learner_roster": [
            learner | common
            for learner in roster(
                enrolled(events, end),
                week,
                learner_weeks(engagement, end - 2 * WEEK, end - WEEK),
                ranges,
                lms,
            )
        ],
        "enterprise_learner": enterprise_learners(lms),
    }


def module_engagement(events: Iterable[Event], visitors: str) -> Counter[Row]:
    """How often (course_id, username, date, entity_type, entity_id, event) happened."""
    counts: Counter[Row] = Counter()
    for event in events:
        username = event.username or visitors
        if event.course_id and username and len(username) <= 30:
            for entity_type, entity_id, action in interactions(event):
                if isinstance(entity_id, str) and entity_id:
                    key = (entity_type, entity_id[:255], action)
                    counts[event.course_id, username, event.day, *key] += 1
    return counts


def interactions(event: Event) -> Iterator[tuple[str, object, str]]:
    """What an event says about which entity."""
    payload = event.payload or {}
    if event.event_type == "problem_check" and event.event_source == "server":
        yield "problem", payload.get("problem_id"), "attempted"
        success = payload.get("success")
        if isinstance(success, str) and success.lower() == "correct":
            yield "problem", payload.get("problem_id"), "completed"
    elif event.event_type == "play_video":
        video = payload.get("id")
        yield "video", video.strip() if isinstance(video, str) else None, "viewed"
    elif event.event_type.startswith("edx.forum.") and event.event_type.endswith(".created"):
        yield "discussion", payload.get("commentable_id"), "contributed"


def learner_weeks(
    engagement: Counter[Row], start: date, end: date
) -> dict[tuple[str, str], dict[str, float]]:
    """The measures of each (course_id, username) who did anything on these days."""
    found: dict[tuple[str, str], list[tuple[str, str, str, int]]] = defaultdict(list)
    for (course_id, username, day, *what), count in engagement.items():
        if start <= day < end:
            entity_type, entity_id, action = what
            found[course_id, username].append((entity_type, entity_id, action, count))
    weeks = {}
    for learner, rows in found.items():

        def entities(wanted: str, rows: list[tuple[str, str, str, int]] = rows) -> set[str]:
            return {entity_id for _type, entity_id, action, _count in rows if action == wanted}

        attempts = sum(count for *_what, action, count in rows if action == "attempted")
        completed = len(entities("completed"))
        weeks[learner] = {
            "problem_attempts": attempts,
            "problems_attempted": len(entities("attempted")),
            "problems_completed": completed,
            "problem_attempts_per_completed": attempts / completed if completed else math.inf,
            "videos_viewed": len(entities("viewed")),
            "discussion_contributions": sum(
                count for *_what, action, count in rows if action == "contributed"
            ),
        }
    return weeks


def metric_ranges(week: dict[tuple[str, str], dict[str, float]]) -> list[Row]:
    """(course_id, measure, range_type, low, high) of every course in which anything was done."""
    ranges: list[Row] = []
    for course_id in {course_id for course_id, _username in week}:
        learners = [measures for (course, _), measures in week.items() if course == course_id]
        for measure in MEASURES:
            values = [
                learner[measure]
                for learner in learners
                if measure != "problem_attempts_per_completed" or learner["problem_attempts"]
            ]
            for range_type, low, high in ranges_of(values):
                ranges.append((course_id, measure, range_type, low, high))
    return ranges


def ranges_of(values: list[float]) -> list[tuple[str, float, float]]:
    if not values:
        return [("normal", 0, math.inf)]
    with warnings.catch_warnings():
        # What it makes of infinite values is no number, and taken for infinite.
        warnings.simplefilter("ignore")
        low, high = (
            math.inf if math.isnan(bound) else float(bound)
            for bound in np.percentile(values, [15, 85])
        )
    ranges = [("low", 0.0, low)] if low > 0 else []
    if low == high:
        return [*ranges, ("normal", low, math.inf)]
    return [*ranges, ("normal", low, high), ("high", high, math.inf)]


def enrolled(events: list[Event], end: date) -> dict[tuple[str, int], tuple[str, str]]:
    """(mode, first day enrolled) of each (course_id, user_id) enrolled at the end."""
    found = {}
    for (course_id, learner), changes in changes_by_learner(events).items():
        days = list(learner_days(course_id, learner, changes, end))
        if days[-1].enrolled:
            first = next(day.day for day in days if day.enrolled)
            found[course_id, learner] = (days[-1].mode, str(first))
    return found


def roster(
    enrollments: dict[tuple[str, int], tuple[str, str]],
    week: dict[tuple[str, str], dict[str, float]],
    week_before: dict[tuple[str, str], dict[str, float]],
    ranges: list[Row],
    lms: LmsTables,
) -> Iterator[dict[str, Any]]:
    newest = {row["username"]: row for row in sorted(lms["auth_user"], key=by_number("id"))}
    accounts = {int(row["id"] or 0): row for row in newest.values()}
    profiles = {int(row["user_id"] or 0): row for row in lms["auth_userprofile"]}
    for (course_id, user_id), (mode, enrollment_date) in enrollments.items():
        account, profile = accounts.get(user_id), profiles.get(user_id)
        if account is None or profile is None:
            continue
        username = account["username"] or ""
        did = week.get((course_id, username))
        measures = did or dict.fromkeys(MEASURES, 0) | {"problem_attempts_per_completed": math.inf}
        ratio = finite(measures["problem_attempts_per_completed"])
        attempts = measures["problem_attempts"]
        yield {
            "course_id": course_id,
            "username": username,
            "user_id": user_id,
            "email": spaced(account["email"]),
            "year_of_birth": int(profile["year_of_birth"]) if profile["year_of_birth"] else None,
            **{name: plain(profile[name]) for name in WRITTEN},
            "cohort": cohort(course_id, user_id, lms),
            "enrollment_mode": mode,
            "enrollment_date": enrollment_date,
            **measures,
            "problem_attempts_per_completed": ratio,
            "attempt_ratio_order": -attempts if ratio is None else attempts,
            "segments": ",".join(
                segments(did, (course_id, username) in week_before, course_id, ranges)
            ),
        }


def enterprise_learners(lms: LmsTables) -> list[dict[str, Any]]:
    names = {row["id"]: row["username"] for row in lms["auth_user"]}
    found = set()
    for row in lms["enterprise_enterprisecustomeruser"]:
        with suppress(ValueError):
            customer = str(UUID(row["enterprise_customer_id"]))
            if row["user_id"] in names and row["linked"] != "0":
                found.add((customer, names[row["user_id"]]))
    return [{"enterprise_customer_id": each, "username": name} for each, name in found]


def segments(
    did: dict[str, float] | None, active_before: bool, course_id: str, ranges: list[Row]
) -> Iterator[str]:
    if did is None:
        yield "disengaging" if active_before else "inactive"
        return
    high = {
        measure: low
        for course, measure, range_type, low, _high in ranges
        if (course, range_type) == (course_id, "high")
    }
    in_high = {measure for measure, low in high.items() if did[measure] >= low}
    if in_high - {"problem_attempts", "problem_attempts_per_completed"}:
        yield "highly_engaged"
    if "problem_attempts_per_completed" in in_high:
        yield "struggling"


def cohort(course_id: str, user_id: int, lms: LmsTables) -> str | None:
    mine = {
        row["courseusergroup_id"]
        for row in lms["course_groups_courseusergroup_users"]
        if row["user_id"] == str(user_id)
    }
    names = [
        row["name"] or ""
        for row in lms["course_groups_courseusergroup"]
        if row["id"] in mine and row["course_id"] == course_id
    ]
    return spaced(min(names)) if names else None


def spaced(text: str | None) -> str | None:
    return None if text is None else re.sub(r"[\t\n\r]", " ", text)[:20_000]


def plain(text: str | None) -> str | None:
    return None if text is None else spaced(text.replace("\\", ""))


def finite(value: float) -> float | None:
    return None if math.isinf(value) else value


def by_number(name: str) -> Any:
    return lambda row: int(row[name])
