"""From log lines to events, as the contract's part B defines it."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from opaque_keys import InvalidKeyError
from opaque_keys.edx.keys import CourseKey

if TYPE_CHECKING:
    from collections.abc import Iterable

ENROLLMENT_PREFIX = "edx.course.enrollment."
LONGEST_COURSE_ID = 255
LARGEST_USER_ID = 2**63 - 1

JsonObject = dict[str, Any]


class LineError(Exception):
    """The line is not an event; the message is the reason."""


@dataclass(frozen=True)
class Event:
    """One event. `time` is in UTC; `payload` is None where `event` holds no JSON object.

    `record` is the whole line as it stands there.
    """

    time: datetime
    event_type: str
    event_source: object
    course_id: str | None
    user_id: int | None
    payload: JsonObject | None
    record: JsonObject
    username: str | None = None

    @property
    def day(self) -> date:
        return self.time.date()


def read(lines: Iterable[bytes]) -> tuple[list[Event], Counter[str]]:
    """Every line ends in exactly one place: in the events, or counted under its reason."""
    events, rejects = [], Counter[str]()
    for line in lines:
        try:
            events.append(read_line(line))
        except LineError as error:
            rejects[str(error)] += 1
    return events, rejects


def read_line(line: bytes) -> Event:
    record = json_record(line.decode("utf-8", errors="replace"))
    time = event_time(record)
    event_type = record.get("event_type")
    if not isinstance(event_type, str) or not event_type.strip():
        raise LineError("missing_event_type")
    context = record.get("context")
    if not isinstance(context, dict):
        context = {}
    payload = event_payload(record.get("event"))
    return Event(
        time=time,
        event_type=event_type,
        event_source=record.get("event_source"),
        course_id=event_course_id(event_type, payload or {}, context),
        user_id=user_id(context.get("user_id")),
        payload=payload,
        record=record,
        username=username(record.get("username")),
    )


def username(value: object) -> str | None:
    return (value.strip() or None) if isinstance(value, str) else None


def json_record(text: str) -> JsonObject:
    """The line's JSON object; a prefix before the first brace is skipped."""
    if not text.strip():
        raise LineError("blank")
    try:
        record = json.loads(text)
    except ValueError:
        if "{" not in text:
            raise LineError("not_json") from None
        try:
            record = json.loads(text[text.index("{") : text.rindex("}") + 1])
        except ValueError:
            raise LineError("cut_off") from None
    if not isinstance(record, dict):
        raise LineError("not_json")
    return record


def event_time(record: JsonObject) -> datetime:
    text = record.get("time")
    if text is None:
        raise LineError("missing_time")
    try:
        time = datetime.fromisoformat(text)
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        raise LineError("malformed_time") from None


def event_payload(event: object) -> JsonObject | None:
    if isinstance(event, str):
        try:
            event = json.loads(event)
        except ValueError:
            return None
    return event if isinstance(event, dict) else None


def event_course_id(event_type: str, payload: JsonObject, context: JsonObject) -> str | None:
    """Enrollment events carry the course in the payload first, all others in the context."""
    course_id = None
    if event_type.startswith(ENROLLMENT_PREFIX):
        course_id = normalise(payload.get("course_id"))
    if course_id is None:
        course_id = normalise(context.get("course_id"))
    if course_id is None:
        return None
    if not isinstance(course_id, str) or len(course_id) > LONGEST_COURSE_ID:
        raise LineError("invalid_course_id")
    try:
        CourseKey.from_string(course_id)
    except InvalidKeyError:
        raise LineError("invalid_course_id") from None
    return course_id


def normalise(course_id: Any) -> Any:
    """A key without white space and slashes around it, None for an empty one.

    What is not a string stays as it is, for the check that follows to refuse.
    """
    if not isinstance(course_id, str):
        return course_id
    return course_id.strip().rstrip("/").strip() or None


def user_id(value: object) -> int | None:
    """A positive 64-bit integer, also as a float or as a string of digits."""
    if isinstance(value, str) and re.fullmatch("0*[0-9]{1,19}", value.strip()):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 < value <= LARGEST_USER_ID else None
