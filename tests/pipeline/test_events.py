"""What becomes of one line of a tracking log."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from insights_pipeline.events import Event, Reject, Rejected, parse_line
from insights_pipeline.sample import SampleOptions, write_sample

if TYPE_CHECKING:
    from pathlib import Path

COURSE = "course-v1:edX+DemoX+2026"
ENROLLED = "edx.course.enrollment.activated"


def line(**fields: Any) -> bytes:
    """A line of a tracking log: an ordinary event with some fields replaced."""
    event = {
        "username": "ada",
        "event_type": "page_close",
        "event_source": "browser",
        "time": "2026-01-05T10:11:12.131415+00:00",
        "ip": "203.0.113.7",
        "session": "8e996d76fa1b3c0402a712f60fc9609a",
        "context": {"user_id": 7, "course_id": COURSE},
        "event": {},
    }
    return json.dumps(event | fields).encode()


def rejected(content: bytes) -> Reject:
    with pytest.raises(Rejected) as caught:
        parse_line(content)
    reason = caught.value.args[0]
    assert isinstance(reason, Reject)
    return reason


def payload(content: bytes) -> Any:
    text = parse_line(content).payload
    return None if text is None else json.loads(text)


def test_an_ordinary_event() -> None:
    problem = {"module": {"display_name": "Ohm's law", "usage_key": "…"}}
    context = {"user_id": 7, "course_id": COURSE} | problem

    assert parse_line(line(context=context, event={"attempts": 2})) == Event(
        time=datetime(2026, 1, 5, 10, 11, 12, 131415),
        event_type="page_close",
        event_source="browser",
        username="ada",
        user_id=7,
        actor_id=None,
        course_id=COURSE,
        ip="203.0.113.7",
        module_display_name="Ohm's law",
        payload='{"attempts": 2}',
    )


def test_time_and_event_type_are_enough() -> None:
    event = parse_line(b'{"time": "2026-01-05T00:00:00", "event_type": "page_close"}')

    assert event == Event(datetime(2026, 1, 5), "page_close", *[None] * 8)


# --- lines that are not quite JSON ------------------------------------------------------------


@pytest.mark.parametrize(
    "prefix",
    [
        b"Jan  5 10:11:12 lms-1 [service_variant=lms][tracking] INFO - ",
        b"\xef\xbb\xbf",  # a byte order mark
        b"\xff\xfe ",
        b"   ",
    ],
)
def test_what_stands_before_the_first_brace_is_skipped(prefix: bytes) -> None:
    assert parse_line(prefix + line()) == parse_line(line())


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r", b"  ", b" #"])
def test_what_stands_behind_the_last_brace_is_skipped(end: bytes) -> None:
    assert parse_line(line() + end) == parse_line(line())


def test_bytes_that_are_not_utf8_are_replaced() -> None:
    latin1 = line(username="ada").replace(b"ada", "Zoë".encode("latin-1"))

    assert parse_line(latin1).username == "Zo\ufffd"


def test_half_of_a_surrogate_pair_is_replaced() -> None:
    event = parse_line(line(username="\ud83d", event={"text": "\ude00"}))

    assert event.username == "\ufffd"
    assert event.payload == '{"text":"\ufffd"}'


def test_what_python_writes_as_nan_is_null() -> None:
    assert payload(line(event={"new_time": float("nan")})) == {"new_time": None}
    assert payload(line(event='{"new_time": NaN}')) == {"new_time": None}


# --- time -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-05T10:11:12.131415+00:00", datetime(2026, 1, 5, 10, 11, 12, 131415)),
        ("2026-01-05T10:11:12.131415Z", datetime(2026, 1, 5, 10, 11, 12, 131415)),
        ("2026-01-05T10:11:12.131415", datetime(2026, 1, 5, 10, 11, 12, 131415)),
        ("2026-01-05T10:11:12+00:00", datetime(2026, 1, 5, 10, 11, 12)),
        ("2026-01-05T23:30:00-05:00", datetime(2026, 1, 6, 4, 30)),
        ("2026-01-05T01:30:00+02:00", datetime(2026, 1, 4, 23, 30)),
    ],
)
def test_time_is_kept_in_utc_to_the_microsecond(text: str, time: datetime) -> None:
    assert parse_line(line(time=text)).time == time


@given(
    st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
)
def test_any_offset_is_the_same_moment(time: datetime, minutes: int) -> None:
    moment = time.replace(tzinfo=timezone(timedelta(minutes=minutes)))

    read = parse_line(line(time=moment.isoformat())).time

    assert read.replace(tzinfo=UTC) == moment


# --- event: the payload -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        {"id": "v1", "currentTime": 4.5},
        '{"id": "v1", "currentTime": 4.5}',
        '  {"id": "v1", "currentTime": 4.5}',
    ],
    ids=["object", "text", "indented text"],
)
def test_a_payload_is_an_object_or_text_that_holds_one(event: Any) -> None:
    assert payload(line(event=event)) == {"id": "v1", "currentTime": 4.5}


@pytest.mark.parametrize("event", [[{"id": "v1"}], '[{"id": "v1"}]'])
def test_a_payload_may_be_a_list(event: Any) -> None:
    assert payload(line(event=event)) == [{"id": "v1"}]


@pytest.mark.parametrize(
    "event",
    ["input_1=a&input_2%5B%5D=b", '"input_1=a"', json.dumps({"text": "x" * 600})[:512], "a text"],
    ids=["form", "form, quoted once more", "cut off", "text"],
)
def test_other_text_stays_a_json_string(event: str) -> None:
    assert payload(line(event=event)) == event


def test_an_empty_payload_is_an_object_without_fields() -> None:
    assert payload(line(event="")) == {}


@pytest.mark.parametrize("event", [" ", None, 5, True])
def test_of_no_payload_nothing_is_kept(event: Any) -> None:
    assert parse_line(line(event=event)).payload is None


@pytest.mark.parametrize(
    ("event", "kept"),
    [
        ('{"POST": {"password": ["secret"]}, "GET": {}}', "{}"),
        ({"POST": {}, "GET": {}}, "{}"),
        ('{"POST": {}, "GET": {"position": NaN}}', "{}"),
        ("", "{}"),
        (json.dumps({"POST": {"text": "x" * 600}})[:512], None),
        ("[]", None),
        ([], None),
        (None, None),
    ],
)
def test_of_an_implicit_event_only_remains_whether_it_has_data(event: Any, kept: Any) -> None:
    """Its event is the request's parameters, mostly cut at 512 characters."""
    read = parse_line(line(event_type="/courses/x/about", event=event))

    assert read.event_type == "/courses/x/about"
    assert read.payload == kept


# --- who --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("username", "read"),
    [("ada ", "ada"), ("ada\n", "ada"), ("", None), ("  ", None), (None, None), (7, None)],
)
def test_username(username: Any, read: str | None) -> None:
    assert parse_line(line(username=username)).username == read


@pytest.mark.parametrize(
    ("user_id", "read"),
    [
        (7, 7),
        ("7", 7),
        (" 7\n", 7),
        ("0000000000000000000000007", 7),
        (7.0, 7),
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        (str(2**63), None),
        ("9" * 5000, None),
        (0, None),
        (-7, None),
        (7.5, None),
        (1e300, None),
        (True, None),
        ("", None),
        ("seven", None),
        ("७", None),
        ([7], None),
        ({"id": 7}, None),
        (None, None),
    ],
)
def test_user_id(user_id: Any, read: int | None) -> None:
    context = {"user_id": user_id, "course_id": COURSE}
    assert parse_line(line(context=context)).user_id == read

    enrollment = {"user_id": user_id, "course_id": COURSE}
    assert parse_line(line(event_type=ENROLLED, event=enrollment)).user_id == read


@pytest.mark.parametrize("context", [None, "", "text", [], 5, {}])
def test_a_context_may_be_missing(context: Any) -> None:
    event = parse_line(line(context=context))

    assert (event.user_id, event.course_id, event.module_display_name) == (None, None, None)


@pytest.mark.parametrize("module", [None, "", [], {}, {"display_name": None}, {"display_name": 5}])
def test_a_module_may_have_no_name(module: Any) -> None:
    event = parse_line(line(context={"course_id": COURSE, "module": module}))

    assert event.course_id == COURSE
    assert event.module_display_name is None


# --- which course -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "read"),
    [
        (COURSE, COURSE),
        ("edX/DemoX/Demo_Course", "edX/DemoX/Demo_Course"),
        ("ccx-v1:edX+DemoX+2026+ccx@1", "ccx-v1:edX+DemoX+2026+ccx@1"),
        (f"{COURSE}\n", COURSE),
        (f" {COURSE}/", COURSE),
        ("edX/DemoX/Demo_Course/\n", "edX/DemoX/Demo_Course"),
        (f"{COURSE}//", COURSE),
        ("course-v1:Universität+É1+2026", "course-v1:Universität+É1+2026"),
        ("", None),
        (" ", None),
        ("/", None),
        (None, None),
    ],
)
def test_course_keys_are_normalised(key: str | None, read: str | None) -> None:
    assert parse_line(line(context={"course_id": key})).course_id == read


@pytest.mark.parametrize(
    "key",
    [
        "edX",
        "edX/DemoX",
        "edX/DemoX/a/b",
        "course-v1:edX+DemoX",
        "course-v1:edX+DemoX+2026?next=x",
        "course-v1:edX+Demo X+2026",
        "block-v1:edX+DemoX+2026+type@video+block@v1",
        f"course-v1:edX+DemoX+{'x' * 250}",
        5,
        ["edX/DemoX/Demo_Course"],
    ],
)
def test_what_is_no_course_key_is_rejected(key: Any) -> None:
    assert rejected(line(context={"course_id": key})) is Reject.INVALID_COURSE_ID
    enrollment = {"course_id": key, "user_id": 7}
    assert rejected(line(event_type=ENROLLED, event=enrollment)) is Reject.INVALID_COURSE_ID


def test_an_enrollment_is_about_the_course_and_learner_in_its_payload() -> None:
    by_staff = {"user_id": 1, "course_id": "edX/Other/Course"}
    enrollment = {"user_id": 7, "course_id": f"{COURSE}\n", "mode": "honor"}

    for event in (enrollment, json.dumps(enrollment)):
        read = parse_line(line(event_type=ENROLLED, context=by_staff, event=event))
        assert (read.course_id, read.user_id) == (COURSE, 7)
        assert read.context_course_id == "edX/Other/Course"


@pytest.mark.parametrize("context", [{}, {"course_id": ""}, {"course_id": "no key"}])
def test_an_enrollment_may_happen_outside_of_any_course(context: dict[str, str]) -> None:
    enrollment = {"user_id": 7, "course_id": COURSE}
    read = parse_line(line(event_type=ENROLLED, context=context, event=enrollment))
    assert (read.course_id, read.context_course_id) == (COURSE, None)


def test_an_enrollment_without_a_course_is_one_in_the_contexts() -> None:
    event = parse_line(line(event_type=ENROLLED, event={"user_id": 9}))

    assert (event.course_id, event.user_id) == (COURSE, 9)


def test_an_enrollment_whose_payload_was_lost_is_nobodys() -> None:
    event = parse_line(line(event_type=ENROLLED, event='{"user_id": 9, "cou'))

    assert (event.course_id, event.user_id) == (COURSE, None)


# --- rejects ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "blank"),
        (b" \t\r\n", "blank"),
        (b"Jan  5 10:11:12 lms-1 restarted", "not_json"),
        (b"\x00\x01\x02", "not_json"),
        (b"[1, 2]", "not_json"),
        (b'[{"time": 1}]', "not_json"),
        (b"null", "not_json"),
        (line()[:-20], "cut_off"),
        (line()[5:], "cut_off"),
        (line()[:50] + line(), "cut_off"),
        (line() + line(), "cut_off"),
        (b"{" * 100_000, "cut_off"),
        (b"{}", "missing_time"),
        (line(time=None), "missing_time"),
        (line(time=""), "malformed_time"),
        (line(time="yesterday"), "malformed_time"),
        (line(time=1767607872), "malformed_time"),
        (line(time="2026-02-30T00:00:00+00:00"), "malformed_time"),
        (line(time="0001-01-01T00:00:00+05:00"), "malformed_time"),
        (line(event_type=None), "missing_event_type"),
        (line(event_type=" "), "missing_event_type"),
        (line(event_type={"x": 1}), "missing_event_type"),
        (line(context={"course_id": "nowhere"}), "invalid_course_id"),
    ],
)
def test_a_line_that_is_no_event_has_its_reason(content: bytes, reason: str) -> None:
    assert rejected(content) == reason


# --- whatever comes ---------------------------------------------------------------------------


def is_json(text: str) -> bool:
    """Whether the engine takes it for JSON."""
    row = duckdb.execute("SELECT json_valid(?)", [text]).fetchone()
    return row == (True,)


def check(content: bytes) -> None:
    """An event that the engine can hold, or Rejected; nothing else."""
    try:
        event = parse_line(content)
    except Rejected:
        return
    for value in event:
        if isinstance(value, str):
            value.encode()
    if event.payload is not None:
        assert is_json(event.payload)


@pytest.fixture(scope="module")
def real_lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """One line of each type of event that a simulated site writes, and a few broken ones."""
    options = SampleOptions(days=7, learners=100, dirty=0.01, compress=False)
    logs = write_sample(tmp_path_factory.mktemp("sample") / "out", options).logs
    by_type: dict[bytes, bytes] = {}
    for path in sorted(logs.rglob("tracking.log*")):
        for content in read_lines(path):
            by_type.setdefault(content.partition(b'"event_type": ')[2][:40], content)
    assert len(by_type) > 20
    return list(by_type.values())


def read_lines(path: Path) -> list[bytes]:
    return [content for content in path.read_bytes().split(b"\n") if content]


def test_real_lines(real_lines: list[bytes]) -> None:
    for content in real_lines:
        check(content)


@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    check(content)


DEEP = st.integers(1, 3_000).map(lambda depth: "[" * depth + "]" * depth)
ODD = st.sampled_from(
    [
        *("NaN", "Infinity", "-0", "1e999", "1" * 400, "1" * 5_000, "01", "1.", "+1"),
        *('"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"\\x41"', '"\\q"', '"\x01"', '"\x7f"'),
        *("{}", "[]", "[1,]", '{"a":1,"a":2}', "'a'", "/**/1", "true", "null", '""', "\ufeff"),
    ]
)
VALUES = st.one_of(
    DEEP,
    ODD,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=5,
    ).map(json.dumps),
    st.text(max_size=20).map(json.dumps),
)


@given(
    fields=st.dictionaries(
        st.sampled_from(["time", "event_type", "username", "context", "event", "ip"]),
        st.one_of(
            VALUES,
            VALUES.map(lambda value: f'{{"course_id": {value}, "user_id": {value}}}'),
            VALUES.map(lambda value: f'{{"module": {{"display_name": {value}}}}}'),
            VALUES.map(json.dumps),
            VALUES.map(json.dumps).map(json.dumps),
        ),
        max_size=3,
    ),
    enrollment=st.booleans(),
    prefix=st.sampled_from([b"", b"\xff", b"Jan  5 "]),
)
@example(fields={"event": "[" * 5_000 + "]" * 5_000}, enrollment=False, prefix=b"")
@example(
    fields={"event": json.dumps('{"a":' * 5_000 + "1" + "}" * 5_000)}, enrollment=True, prefix=b""
)
def test_any_values_in_the_fields(fields: dict[str, str], enrollment: bool, prefix: bytes) -> None:
    known = {
        "time": '"2026-01-05T10:11:12"',
        "event_type": json.dumps(ENROLLED if enrollment else "page_close"),
    }
    text = ", ".join(f'"{name}": {value}' for name, value in (known | fields).items())

    check(prefix + f"{{{text}}}".encode(errors="surrogatepass"))


@given(data=st.data())
def test_real_lines_that_were_damaged(real_lines: list[bytes], data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(real_lines)))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content)))
        match data.draw(st.sampled_from(["cut", "flip", "insert", "remove", "repeat"])):
            case "cut":
                del content[place:]
            case "flip" if place < len(content):
                content[place] ^= 1 << data.draw(st.integers(0, 7))
            case "insert":
                content[place:place] = data.draw(st.binary(max_size=5) | ODD.map(str.encode))
            case "remove":
                del content[place : place + data.draw(st.integers(1, 40))]
            case "repeat":
                content[place:place] = content[: data.draw(st.integers(0, 200))]

    check(bytes(content))
