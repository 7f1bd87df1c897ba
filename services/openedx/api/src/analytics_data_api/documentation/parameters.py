"""The parameters of requests, as the documentation describes them; `Parameters` reads them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiParameter

from analytics_data_api import summaries
from analytics_data_api.roster import ORDERS, SEGMENTS

if TYPE_CHECKING:
    from collections.abc import Collection


def _any_case(*words: str) -> str:
    """A pattern of words in any case; there is no flag for it in a schema."""
    spelled = (
        "".join(f"[{c.upper()}{c}]" if c.isalpha() else re.escape(c) for c in word)
        for word in words
    )
    return f"^({'|'.join(spelled)})$"


_KEY_PART = "[A-Za-z0-9_.-]+"
COURSE_KEY = {
    "type": "string",
    "maxLength": 255,
    "pattern": (
        rf"^(course-v1:{_KEY_PART}\+{_KEY_PART}\+{_KEY_PART}|{_KEY_PART}/{_KEY_PART}/{_KEY_PART})$"
    ),
    "example": "course-v1:Ex+Demo+2026",
}
_TEXT = {"type": "string"}
_UUID = {"type": "string", "format": "uuid"}
_POSITIVE = {"type": "integer", "minimum": 1, "maximum": 10**18 - 1}
# Blank is as not given, here and in lists.
_DATE = {"type": "string", "anyOf": [{"format": "date"}, {"maxLength": 0}], "example": "2026-01-31"}
_KEY_OR_BLANK = {**COURSE_KEY, "pattern": rf"{COURSE_KEY['pattern']}|^$"}
# As `Parameters` takes them: true and false, in other words and as numbers too.
_FLAG = {
    "anyOf": [
        {"type": "boolean"},
        {"type": "integer", "enum": [0, 1]},
        {"type": "string", "pattern": _any_case("true", "t", "yes", "y", "on", "1")},
        {"type": "string", "pattern": _any_case("false", "f", "no", "n", "off", "0", "")},
    ]
}


def in_body(parameter: OpenApiParameter) -> dict[str, Any]:
    """What values of a parameter are like as a member of a JSON object."""
    schema: Any = parameter.type
    described = {"description": parameter.description, "nullable": True}
    if "anyOf" not in schema:
        return {**schema, **described}
    # Null has to fit one of several alternatives.
    kind = {key: schema[key] for key in ("type",) if key in schema}
    ways = [{**kind, **way, "nullable": True} for way in schema["anyOf"]]
    for way in ways:
        if "enum" in way:
            way["enum"] = [*way["enum"], None]
    return {**{k: v for k, v in schema.items() if k != "type"}, **described, "anyOf": ways}


def _one(name: str, meaning: str, schema: dict[str, Any], **more: Any) -> OpenApiParameter:
    return OpenApiParameter(name, schema, description=meaning, **more)


def _one_of(choices: Collection[str]) -> dict[str, Any]:
    """One of some words, in any case, or nothing."""
    spelled = {"pattern": _any_case(*choices, "")}
    return {"type": "string", "anyOf": [{"enum": [*choices]}, spelled]}


def _choice(name: str, meaning: str, choices: Collection[str]) -> OpenApiParameter:
    return _one(name, meaning, _one_of(choices))


def _list(name: str, meaning: str, schema: dict[str, Any]) -> OpenApiParameter:
    """Values between commas."""
    return _one(name, meaning, {"type": "array", "items": schema}, style="form", explode=False)


def _choices(name: str, meaning: str, choices: Collection[str]) -> OpenApiParameter:
    return _list(name, meaning, _one_of(choices))


def _in_path(name: str, meaning: str, schema: dict[str, Any]) -> OpenApiParameter:
    return _one(name, meaning, schema, location=OpenApiParameter.PATH)


def fields(names: Collection[str]) -> OpenApiParameter:
    """Chooses among the members of an answer."""
    return _choices("fields", "Members to show, in this order; all by default.", names)


def exclude(names: Collection[str]) -> OpenApiParameter:
    """Leaves out members of an answer."""
    return _choices("exclude", "Members to leave out.", names)


IN_PATHS = {
    "course_id": _in_path(
        "course_id", "The course, by either form of its id, percent-encoded or not.", COURSE_KEY
    ),
    "module_id": _in_path("module_id", "The block, by its id.", _TEXT),
    "pipeline_video_id": _in_path(
        "pipeline_video_id", "The video, by the `pipeline_video_id` of the list of videos.", _TEXT
    ),
    "username": _in_path("username", "The learner, by the name in the LMS.", _TEXT),
    "report_name": _in_path("report_name", "The report, by its name.", _TEXT),
    "link": _in_path("link", "What signs the link.", _TEXT),
    "enterprise_customer": _in_path("enterprise_customer", "The customer, by its UUID.", _UUID),
}
"""What a variable of a path stands for."""

COURSE_ID = _one("course_id", "The course.", COURSE_KEY, required=True)
ONE_COURSE_ID = _one("course_id", "Rows of this course alone.", COURSE_KEY)
COURSE_IDS = _list("course_ids", "The courses; all by default.", _KEY_OR_BLANK)
PROGRAM_IDS = _list("program_ids", "Programs; all by default.", _TEXT)

START_DATE = _one(
    "start_date",
    "Days from this one on, and weeks that begin on it or later. With neither date, the latest day,"
    " or week, alone. A time may follow: 2026-01-31T120000.",
    _DATE,
)
END_DATE = _one(
    "end_date", "Days before this one, and weeks that end before it. A time may follow.", _DATE
)

BLOCK_TYPES = _list(
    "block_types", "Blocks of these types, such as chapter or problem; all by default.", _TEXT
)

_ACTIVITY_TYPES = ("any", "attempted_problem", "played_video", "posted_forum")
ACTIVITY_TYPE = _choice("activity_type", "What learners did; any by default.", _ACTIVITY_TYPES)
LABEL = _choice("label", "The older name of activity_type; precedes it.", _ACTIVITY_TYPES)

COURSES_TEXT = _one("text_search", "A part of title or id, in any case.", _TEXT)
AVAILABILITY = _choices("availability", "States of the courses.", summaries.AVAILABILITIES)
PACING_TYPE = _choices("pacing_type", "How the courses are paced.", summaries.PACING_TYPES)
COURSES_ORDER = _choice(
    "order_by", "What to sort by; catalog_course_title by default.", summaries.SORT_KEYS
)
SORT_ORDER = _choice("sort_order", "Lowest or highest first; asc by default.", ("asc", "desc"))
PROGRAMS = _one("programs", "Whether to show the ids of each course's programs.", _FLAG)
RECENT_DATE = _one(
    "recent_date", "The day since whose end recent_count_change tells the change.", _DATE
)
PAGE = _one("page", "A page, from 1.", _POSITIVE)
PAGE_SIZE = _one("page_size", "Courses on a page; 100 by default.", _POSITIVE)
ALL = _one("all", "The whole list, whatever page says.", _FLAG)

LEARNERS_TEXT = _one(
    "text_search",
    "Words, each of which is a part of name, username or e-mail address, in any case.",
    _TEXT,
)
LEARNER_SEGMENTS = _choices("segments", "Learners in one of these segments at least.", SEGMENTS)
IGNORE_SEGMENTS = _choices("ignore_segments", "Learners in none of these segments.", SEGMENTS)
COHORT = _one("cohort", "Learners of this cohort.", _TEXT)
ENROLLMENT_MODE = _one("enrollment_mode", "Learners with this enrollment mode.", _TEXT)
LEARNERS_ORDER = _choice("order_by", "What to sort by; username by default.", ORDERS)
LEARNERS_PAGE_SIZE = _one("page_size", "Learners on a page; 25 by default, 100 at most.", _POSITIVE)

ENGAGEMENTS_PAGE_SIZE = _one("page_size", "Rows on a page; 25 by default, 100 at most.", _POSITIVE)

RUN_STATUS = _choice("status", "How the runs ended.", ("succeeded", "failed"))
LIMIT = _one("limit", "The number of runs; all by default.", _POSITIVE)
