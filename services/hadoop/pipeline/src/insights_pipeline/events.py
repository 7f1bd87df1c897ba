"""One line of a tracking log → an event, or the reason why it is none.

The cleaning rules of upstream's util/eventlog.py, defined here once for every engine.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec
from opaque_keys import InvalidKeyError

from insights_pipeline import course_keys, problem_checks

ENROLLMENT_EVENTS = "edx.course.enrollment."
MAXIMUM_INTEGER = 2**63 - 1
_TEXTS = ("event_type", "event_source", "username", "ip")


class Reject(StrEnum):
    """Why a line is no event."""

    BLANK = "blank"
    CUT_OFF = "cut_off"
    NOT_JSON = "not_json"
    MISSING_TIME = "missing_time"
    MALFORMED_TIME = "malformed_time"
    MISSING_EVENT_TYPE = "missing_event_type"
    INVALID_COURSE_ID = "invalid_course_id"
    TOO_LONG = "too_long"


class Rejected(Exception):
    """The line is no event; `args[0]` is the Reject."""


class Event(NamedTuple):
    """A row of the events table, without `date`, which is the UTC date of `time`.

    An enrollment event is about the learner and the course run in its payload; `actor_id` is who
    caused it (that learner, staff, or nobody: a management command), and None of other events.
    """

    time: datetime
    event_type: str
    event_source: str | None
    username: str | None
    user_id: int | None
    course_id: str | None
    ip: str | None
    module_display_name: str | None
    payload: str | None
    problem_check: str | None = None
    context_course_id: str | None = None
    actor_id: int | None = None


class _Module(msgspec.Struct, gc=False):
    display_name: str | None = None


class _Context(msgspec.Struct, gc=False):
    user_id: int | str | None = None
    course_id: str | None = None
    module: _Module | None = None
    asides: msgspec.Raw = msgspec.Raw()


class _Line(msgspec.Struct, gc=False):
    time: str | None = None
    event_type: str | None = None
    event_source: str | None = None
    username: str | None = None
    ip: str | None = None
    context: _Context | None = None
    event: msgspec.Raw = msgspec.Raw()


class _Enrollment(msgspec.Struct, gc=False):
    course_id: Any = None
    user_id: Any = None


_decode_line = msgspec.json.Decoder(_Line).decode
_decode_enrollment = msgspec.json.Decoder(_Enrollment).decode
_decode_text = msgspec.json.Decoder(str).decode
_check_json = msgspec.json.Decoder(msgspec.Raw).decode
_NO_CONTEXT = _Context()
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# UnicodeDecodeError is a ValueError; deep nesting ends in RecursionError.
_NOT_JSON = (msgspec.MsgspecError, ValueError, RecursionError)


def parse_line(line: bytes) -> Event:
    """Read one line of a tracking log, with or without its newline.

    Raises:
        Rejected: the line is no event.
    """
    try:
        fields = _decode_line(line)
        payload = _read_payload(bytes(fields.event), fields.event_type)
    except _NOT_JSON:
        fields, payload = _parse_untidy(line)
    return _clean(fields, payload)


def _parse_untidy(line: bytes) -> tuple[_Line, str | None]:
    """Read what the strict reader refuses.

    Stamps before the first brace, bytes that are not UTF-8, what Python's own json writes but the
    standard does not know (NaN, lone surrogates), and values of unexpected types.
    """
    text = line.decode(errors="replace").strip()
    if not text:
        raise Rejected(Reject.BLANK)
    begin, end = text.find("{"), text.rfind("}") + 1
    if begin < 0:
        raise Rejected(Reject.NOT_JSON)
    for candidate in (text, text[begin:end]):
        try:
            found = json.loads(candidate)
            break
        except (ValueError, RecursionError):
            continue
    else:
        raise Rejected(Reject.CUT_OFF)
    if not isinstance(found, dict):
        raise Rejected(Reject.NOT_JSON)
    try:
        fields = _decode_line(msgspec.json.encode(_with_known_types(_tidy(found))))
        return fields, _read_payload(bytes(fields.event), fields.event_type)
    except _NOT_JSON:
        raise Rejected(Reject.NOT_JSON) from None


def _with_known_types(found: dict[str, Any]) -> dict[str, Any]:
    """The line with nothing in its known fields that those cannot hold.

    Raises:
        Rejected: the line cannot be an event then.
    """
    time, context = found.get("time"), found.get("context")
    if time is not None and not isinstance(time, str):
        raise Rejected(Reject.MALFORMED_TIME)
    context = context if isinstance(context, dict) else {}
    course_id, module = context.get("course_id"), context.get("module")
    return {
        **{name: _if_text(found.get(name)) for name in _TEXTS},
        "time": time,
        "event": found.get("event"),
        "context": {
            "user_id": read_user_id(context.get("user_id")),
            # Of another type it is no course key, and is refused as one.
            "course_id": course_id if course_id is None else str(course_id),
            "asides": context.get("asides"),
            "module": {
                "display_name": _if_text(module.get("display_name"))
                if isinstance(module, dict)
                else None
            },
        },
    }


def _if_text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _tidy(value: Any) -> Any:
    """The value as the JSON standard can hold it: lone surrogates become U+FFFD."""
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_tidy(key): _tidy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    return value


def _read_payload(raw: bytes, event_type: str | None) -> str | None:
    """The event's own data as JSON text.

    It comes as an object, as a string that holds JSON, or empty, which is an object without fields.
    Other strings stay JSON strings: a form's query string (sometimes quoted once more), and JSON
    cut at 512 characters, of which nothing can be trusted.

    An implicit event's own data are the request's parameters, which nothing here reads: of them
    only remains whether they are an object.
    """
    if event_type and event_type.startswith("/"):
        return "{}" if _holds_object(raw) else None
    if raw == b'""':
        return "{}"
    if raw[:1] == b'"':
        text = _decode_text(raw).lstrip()
        if text[:1] in ("{", "["):
            try:
                return _standard_json(text)
            except _NOT_JSON:
                return raw.decode()
        return raw.decode() if text else None
    if raw[:1] in (b"{", b"["):
        return raw.decode()
    return None


def _holds_object(raw: bytes) -> bool:
    if raw[:1] != b'"':
        return raw[:1] == b"{"
    text = _decode_text(raw).lstrip()
    if text[:1] != "{":
        return raw == b'""'
    try:
        _standard_json(text)
    except _NOT_JSON:
        return False
    return True


def _standard_json(text: str) -> str:
    """The JSON text, rewritten only where it is Python's dialect.

    Raises:
        ValueError: it is not JSON.
    """
    try:
        _check_json(text)
        return text
    except msgspec.MsgspecError:
        return msgspec.json.encode(_tidy(json.loads(text))).decode()


def _clean(fields: _Line, payload: str | None) -> Event:
    time = _read_time(fields.time)
    event_type = fields.event_type
    if not event_type or event_type.isspace():
        raise Rejected(Reject.MISSING_EVENT_TYPE)
    context = fields.context or _NO_CONTEXT
    course_id, user_id, context_course_id, actor_id = None, context.user_id, None, None
    if event_type.startswith(ENROLLMENT_EVENTS):
        enrollment = _decode_enrollment(payload if payload and payload[0] == "{" else "{}")
        course_id, user_id = _read_course_id(enrollment.course_id), enrollment.user_id
        context_course_id = _course_id_or_none(context.course_id)
        actor_id = read_user_id(context.user_id)
    course_id = course_id or _read_course_id(context.course_id)
    title = _read_text(context.module.display_name) if context.module else None
    is_check = event_type == problem_checks.EVENT_TYPE and fields.event_source == "server"
    return Event(
        time,
        event_type,
        fields.event_source or None,
        _read_text(fields.username),
        read_user_id(user_id),
        course_id,
        fields.ip or None,
        title,
        payload,
        problem_checks.read(payload, course_id, title, bytes(context.asides)) if is_check else None,
        context_course_id,
        actor_id,
    )


def _read_time(text: str | None) -> datetime:
    if text is None:
        raise Rejected(Reject.MISSING_TIME)
    try:
        # The LMS writes UTC; without its offset a time is read three times as fast.
        time = datetime.fromisoformat(text.removesuffix("+00:00"))
        if time.tzinfo is not None:
            time = time.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError):
        raise Rejected(Reject.MALFORMED_TIME) from None
    return time


def _read_text(text: str | None) -> str | None:
    return (text.strip() or None) if text else None


def _read_course_id(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Rejected(Reject.INVALID_COURSE_ID)
    try:
        return course_keys.normalise(value) or None
    except InvalidKeyError:
        raise Rejected(Reject.INVALID_COURSE_ID) from None


def _course_id_or_none(value: str | None) -> str | None:
    try:
        return _read_course_id(value)
    except Rejected:
        return None


def read_user_id(value: Any) -> int | None:
    """The LMS's number of a learner: a positive integer, or a string of its digits."""
    if isinstance(value, str):
        value = value.strip()
        if not (value.isascii() and value.isdigit()):
            return None
        value = int(value.lstrip("0")[:20] or "0")
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    # type(), as a truth value is no number of a learner.
    return value if type(value) is int and 0 < value <= MAXIMUM_INTEGER else None
