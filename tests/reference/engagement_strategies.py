"""Random sites whose learners do things, and what their LMS knows of them.

Each is made from one number: enough happens in it for percentiles to differ, which lists that
hypothesis draws item by item are too short for.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from .lms import write_csv

if TYPE_CHECKING:
    from pathlib import Path

    from .engagement import LmsTables

FIRST_DAY = date(2014, 7, 21)
DAYS = 21
COURSES = ["edX/DemoX/Demo_Course", "course-v1:edX+DemoX+2014"]
NAMES = {
    **{1: "ann", 2: "Ann", 3: "é" * 30, 4: "r" * 31},
    **{number: f"learner_{number}" for number in range(5, 15)},
}
"""Learners' names by their user ids; the one too long is as a retired learner has it."""
VISITORS = "ANONYMOUS USER"
COLUMNS = {
    "auth_user": ("id", "username", "email"),
    "auth_userprofile": (
        *("user_id", "name", "gender", "year_of_birth", "level_of_education", "location"),
        *("language", "mailing_address", "city", "country", "goals"),
    ),
    "course_groups_courseusergroup": ("id", "name", "course_id", "group_type"),
    "course_groups_courseusergroup_users": ("courseusergroup_id", "user_id"),
    "enterprise_enterprisecustomeruser": ("enterprise_customer_id", "user_id", "linked"),
}
CUSTOMERS = [
    "7c9e6679-7425-40de-944b-e07fc1f90ae7",
    "7c9e6679742540de944be07fc1f90ae7",
    "0C2B7A6E-1111-4222-8333-944455556666",
    "no id",
    "",
]
"""The first two are one."""

_TEXTS = [None, "", "plain", "a\tb\nc\r\nd", "back\\slash", '"q", 😀']
_TEXTS += ["é" * 20_001, "\\" + "x" * 20_000]
_GOOD_IDS = [f"block-{number}" for number in range(6)]
_ODD_IDS = ["v" * 255 + "1", "v" * 255 + "2", " p1", "p1 ", "", " ", None, 7, ["p1"]]


@dataclass(frozen=True)
class EngagedSite:
    """Log lines without their ends, the interval, the LMS's tables, and the name for visitors."""

    lines: list[bytes]
    interval: tuple[date, date]
    lms: LmsTables
    visitors: str = ""

    def write_lms(self, folder: Path) -> Path:
        """Write the LMS's tables into a new folder; returns it."""
        folder.mkdir()
        for table, columns in COLUMNS.items():
            rows = (tuple(row[name] for name in columns) for row in self.lms[table])
            write_csv(folder / f"{table}.csv", columns, rows)
        return folder


def engaged_sites() -> st.SearchStrategy[EngagedSite]:
    """A few learners in two courses, within three weeks, of which the last two count most."""
    return st.integers(0, 2**32).map(engaged_site)


def engaged_site(seed: int) -> EngagedSite:
    """One of them, always the same."""
    random = Random(seed)
    lines = [
        _enrollment(random, learner, course)
        for course in COURSES
        for learner in (*NAMES, 99)
        for _ in range(random.choice([0, 1, 1, 1, 2, 3]))
    ]
    # Some are busy, most are not.
    busy = random.choices([*NAMES.values()], k=4)
    for _ in range(random.choice([0, 10, 40, 80])):
        username = random.choice(busy * 3 + [*NAMES.values()] * 2 + ["ann \n", "ANN", "", None])
        lines += _effort(random, username)
    random.shuffle(lines)
    start = FIRST_DAY + timedelta(days=random.choice([0, 0, 0, 8, 15]))
    end = FIRST_DAY + timedelta(days=random.choice([DAYS, DAYS, DAYS, 18, 16]))
    return EngagedSite(lines, (start, end), _lms(random), random.choice(["", "", VISITORS]))


def _line(random: Random, day: int, **fields: Any) -> bytes:
    moment = random.choice([time(0), time(12), time(23, 59, 59, 999_999)])
    at = datetime.combine(FIRST_DAY + timedelta(days=day), moment, UTC)
    return json.dumps({"time": at.isoformat(), **fields}).encode()


def _enrollment(random: Random, learner: int, course: str) -> bytes:
    kind = random.choice(["activated"] * 8 + ["deactivated", "mode_changed"])
    return _line(
        random,
        random.choice([0, 1, 9, 16, 20]),
        event_type=f"edx.course.enrollment.{kind}",
        event_source="server",
        context={"course_id": course},
        event={
            "course_id": course,
            "user_id": learner,
            "mode": random.choice(["audit", "verified"]),
        },
    )


def _effort(random: Random, username: str | None) -> list[bytes]:
    """Some attempts, plays or posts in one course."""
    course = random.choice(COURSES * 9 + [None])
    kind = random.choice(
        ["problem_check", "play_video", "edx.forum.thread.created"] * 6
        + ["edx.forum.created", "edx.forum.thread.viewed", "problem_show", "page_close"]
    )
    source = random.choice(["server"] * 9 + ["browser", "mobile", None])
    day = random.choice([random.randrange(DAYS), random.randrange(DAYS - 9, DAYS)])
    lines = []
    for _ in range(random.randint(1, 4)):
        payload = {
            name: random.choice(_GOOD_IDS * 6 + _ODD_IDS)
            for name in ("id", "problem_id", "commentable_id")
            if random.random() < 0.97
        }
        payload["success"] = random.choice(
            ["correct", "incorrect"] * 5 + ["CORRECT", " correct", None, True]
        )
        lines.append(
            _line(
                random,
                day,
                username=username,
                event_type=kind,
                event_source=source,
                context={"course_id": course},
                event=random.choice([payload, json.dumps(payload)]),
            )
        )
    return lines


def _lms(random: Random) -> LmsTables:
    """Most learners with account and profile; cohorts of which a learner may be in several."""
    accounts: list[dict[str, str | None]] = [
        {"id": str(number), "username": name, "email": random.choice(_TEXTS)}
        for number, name in NAMES.items()
        if random.random() < 0.9
    ]
    if random.random() < 0.3:
        accounts.append({"id": "5000", "username": "ann", "email": "another@example.org"})
    profiles = [
        {name: random.choice(_TEXTS) for name in COLUMNS["auth_userprofile"]}
        | {"user_id": str(number), "year_of_birth": random.choice(["1980", None])}
        for number in (*NAMES, 98, 5000)
        if random.random() < 0.9
    ]
    groups: list[dict[str, str | None]] = [
        {
            "id": str(number),
            "name": random.choice(["Green", "blue", "é\tred"]),
            "course_id": random.choice(COURSES),
            "group_type": "cohort",
        }
        for number in range(random.randrange(6))
    ]
    members = {(random.randrange(7), random.choice([*NAMES, 98])) for _ in range(20)}
    return {
        "auth_user": accounts,
        "auth_userprofile": profiles,
        "course_groups_courseusergroup": groups,
        "course_groups_courseusergroup_users": [
            {"courseusergroup_id": str(group), "user_id": str(learner)}
            for group, learner in sorted(members)
        ],
        "enterprise_enterprisecustomeruser": [
            {
                "enterprise_customer_id": random.choice(CUSTOMERS),
                "user_id": str(random.choice([*NAMES, 98])),
                "linked": random.choice(["1", "1", "0", None]),
            }
            for _ in range(random.choice([10, 3, 10, 0]))
        ],
    }
