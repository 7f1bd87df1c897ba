from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from embedded import Site, in_order
from insights_pipeline import schema
from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval
from insights_pipeline.metrics.geography import METRICS
from insights_pipeline.sample.geo import write_countries
from reference.geography import Enrollment, location_table
from reference.lms import write_csv
from reference.reading import read
from worked import COURSE, WEEK, compute, event

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

    from embedded import Rows
    from insights_pipeline.runs import RunRecord

OLD_COURSE = "edX/DemoX/Demo_Course"
SUNDAY = date(2014, 7, 27)
ENROLLED = "edx.course.enrollment.activated"
TABLES = [metric.table for metric in METRICS]


def seen(time: str, ip: str | None, user: int | None = 1, **fields: Any) -> dict[str, Any]:
    return event(time, "page_close", user, ip=ip, **fields)


def latest(*events: dict[str, Any]) -> list[tuple[int, str]]:
    rows = compute(schema.LEARNER_ADDRESS, events)
    return [(user, ip) for user, _time, ip in rows]


def test_the_latest_address_counts() -> None:
    assert latest(seen("22 10:00", "a"), seen("23 10:00", "b"), seen("23 09:00", "c")) == [(1, "b")]


def test_an_event_without_an_address_tells_nothing() -> None:
    events = [seen("22 10:00", "a"), seen("23 10:00", None), seen("24 10:00", "")]
    assert latest(*events) == [(1, "a")]


def test_of_addresses_at_one_moment_the_greatest_counts() -> None:
    assert latest(*(seen("22 10:00", ip) for ip in ("b", "c", "a"))) == [(1, "c")]


def test_nobody_is_a_visitor_without_a_number() -> None:
    assert latest(seen("22 10:00", "a", None, username="ada")) == []


def test_days_outside_the_interval_do_not_count() -> None:
    assert latest(seen("20 23:59", "a"), seen("28 00:00", "b")) == []


def test_an_enrollment_tells_where_its_actor_is() -> None:
    by_staff = event("22 10:00", ENROLLED, 1, actor_id=9, ip="a")
    by_a_program = event("22 10:00", ENROLLED, 2, actor_id=None, ip="b")
    assert latest(by_staff, by_a_program) == [(9, "a")]


def location(
    enrollments: Rows, addresses: dict[int, str], countries: dict[str, str | None]
) -> Rows:
    return compute(
        schema.COURSE_ENROLLMENT_LOCATION_CURRENT,
        [],
        inputs={
            schema.STUDENT_COURSEENROLLMENT: [
                (user, course, None, is_active, "audit") for user, course, is_active in enrollments
            ],
            schema.LEARNER_ADDRESS: [
                (user, datetime(2014, 7, 22), ip) for user, ip in addresses.items()
            ],
            schema.ADDRESS_COUNTRY: list(countries.items()),
        },
    )


def test_learners_are_counted_by_course_and_country() -> None:
    enrollments = [
        (1, COURSE, True),
        (2, COURSE, False),
        (3, COURSE, True),
        (1, OLD_COURSE, False),
    ]
    addresses = {1: "a", 2: "b", 3: "c", 4: "a"}
    assert location(enrollments, addresses, {"a": "DE", "b": "DE", "c": "BR"}) == [
        (COURSE, SUNDAY, "BR", 1, 1),
        (COURSE, SUNDAY, "DE", 1, 2),
        (OLD_COURSE, SUNDAY, "DE", 0, 1),
    ]


def test_unknown_is_where_nobody_says_and_null_is_who_never_came() -> None:
    enrollments = [(1, COURSE, True), (2, COURSE, True), (3, COURSE, True)]
    assert location(enrollments, {1: "a", 2: "b"}, {"a": "UNKNOWN", "b": None}) == [
        (COURSE, SUNDAY, None, 1, 1),
        (COURSE, SUNDAY, "UNKNOWN", 2, 2),
    ]


# Against the reference, over runs in which logs, LMS and database come and change.

FIRST = date(2014, 7, 21)
WHOLE = Interval(FIRST, FIRST + timedelta(days=7))
DATABASES = [
    {"10.1.0.0/16": "DE", "10.1.7.0/24": "AT", "2001:db8::/32": "BR", "8.0.0.0/8": "US"},
    {"10.1.0.0/16": "CH", "192.168.0.0/16": "FR"},
]
ADDRESSES = [
    "10.1.0.1",
    "10.1.7.1",
    " 10.1.7.2",
    "2001:db8::7",
    "::ffff:8.8.8.8",
    "192.168.0.1",
    "::1",
    "8.8.8.8:443",
    "nowhere",
    "",
    None,
    7,
]

learners = st.sampled_from([1, 2, 3])
courses = st.sampled_from([COURSE, OLD_COURSE])
moments = st.sampled_from(
    [
        datetime.combine(FIRST, datetime.min.time(), UTC) + timedelta(hours=hours)
        for hours in (-30, -1, 0, 12, 23, 24, 36, 100, 167, 168, 200)
    ]
)


@st.composite
def lines(draw: DrawFn) -> bytes:
    """A line of an event of some learner, now and then an enrollment by somebody."""
    context = {"user_id": draw(learners | st.sampled_from(["2", None, "", 0]))}
    found: dict[str, Any] = {
        "time": draw(moments).isoformat(),
        "event_type": draw(st.sampled_from(["page_close", "page_close", ENROLLED])),
        "ip": draw(st.sampled_from(ADDRESSES)),
        "context": context,
    }
    if found["event_type"] == ENROLLED:
        found["event"] = {"user_id": draw(learners), "course_id": COURSE, "mode": "audit"}
    return json.dumps(found).encode()


@dataclass(frozen=True)
class Run:
    """What a run finds: new lines, an interval, enrollments (None: no LMS) and a database."""

    lines: list[bytes]
    interval: Interval
    enrollments: list[Enrollment] | None
    networks: dict[str, str] | None


enrollments = st.lists(
    st.builds(
        Enrollment, user_id=learners | st.just(4), course_id=courses, is_active=st.booleans()
    ),
    max_size=6,
)
intervals = st.sampled_from(
    [WHOLE, Interval(FIRST, FIRST + timedelta(days=2)), Interval(FIRST - timedelta(days=3), FIRST)]
)
earlier_runs = st.builds(
    Run,
    st.lists(lines(), max_size=8),
    intervals,
    st.none() | enrollments,
    st.none() | st.sampled_from(DATABASES),
)
last_runs = st.builds(
    Run, st.lists(lines(), max_size=8), intervals, enrollments, st.sampled_from(DATABASES)
)

generated = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None)


@settings(generated, max_examples=6, derandomize=True, phases=[Phase.generate])
@given(st.lists(earlier_runs, max_size=2), last_runs)
def test_runs_add_up_to_what_the_reference_tells(earlier: list[Run], last: Run) -> None:
    check(earlier, last)


@pytest.mark.full
@settings(generated, max_examples=200)
@given(st.lists(earlier_runs, max_size=3), last_runs)
def test_any_runs_add_up_to_what_the_reference_tells(earlier: list[Run], last: Run) -> None:
    check(earlier, last)


def check(earlier: list[Run], last: Run) -> None:
    with tempfile.TemporaryDirectory() as folder:
        grown, at_once = Site(Path(folder, "grown")), Site(Path(folder, "at_once"))
        # Without any event no run publishes.
        everything = [line("2014-06-01T00:00:00", user=None)]
        grown.log(everything)
        for run in (*earlier, last):
            everything += run.lines
            update(grown, run)
        update(at_once, Run(everything, last.interval, last.enrollments, last.networks))

        reports = grown.reports()
        assert grown.warehouse(*TABLES) == at_once.warehouse(*TABLES)
        assert reports == at_once.reports()
    start, end = last.interval.start, last.interval.end
    events = [event for event in read(everything)[0] if start <= event.day < end]
    expected = location_table(events, last.enrollments or [], last.networks or {}, end)
    assert reports["course_enrollment_location_current"] == in_order(expected)


def line(time: str, user: int | None = 1, ip: str | None = None) -> bytes:
    """A line of an event of no course."""
    context = {"user_id": user}
    found = {"time": time, "event_type": "page_close", "ip": ip, "context": context}
    return json.dumps(found).encode()


def update(site: Site, run: Run) -> RunRecord:
    site.log(run.lines)
    place = site.folder / f"inputs-{len(list(site.folder.glob('inputs-*')))}"
    place.mkdir()
    lms = geo = None
    if run.enrollments is not None:
        lms = place
        columns = ("user_id", "course_id", "is_active", "created", "mode")
        rows = ((*each[:2], int(each.is_active), None, None) for each in run.enrollments)
        write_csv(lms / "student_courseenrollment.csv", columns, rows)
    if run.networks is not None:
        geo = place / "geo.mmdb"
        write_countries(geo, run.networks, made=1)
    return site.update(run.interval, Inputs(lms=lms, geo=geo))


def countries_of(site: Site) -> dict[str, str | None]:
    return dict(site.warehouse(schema.ADDRESS_COUNTRY)["address_country"])


def test_an_address_is_looked_up_once_and_again_in_another_database(tmp_path: Path) -> None:
    site = Site(tmp_path)
    first, second = DATABASES
    one, other = (
        line("2014-07-22T10:00:00", user, ip) for user, ip in ((1, "10.1.0.1"), (2, "::1"))
    )

    update(site, Run([one], WEEK, None, None))
    assert countries_of(site) == {"10.1.0.1": None}
    update(site, Run([], WEEK, None, first))
    assert countries_of(site) == {"10.1.0.1": "DE"}
    record = update(site, Run([other], WEEK, None, None))
    assert countries_of(site) == {"10.1.0.1": "DE", "::1": None}
    assert (
        "no database of addresses and countries, so countries are unknown, but of addresses that"
        " were looked up before: give --geo (GEOIP_DATABASE)"
    ) in record.notes
    update(site, Run([], WEEK, None, second))
    assert countries_of(site) == {"10.1.0.1": "CH", "::1": "UNKNOWN"}


def test_a_run_without_a_database_says_what_it_lacks(tmp_path: Path) -> None:
    record = update(
        Site(tmp_path), Run([line("2014-07-22T10:00:00", ip="10.1.0.1")], WEEK, [], None)
    )
    assert (
        "no database of addresses and countries, so countries are unknown: give --geo"
        " (GEOIP_DATABASE)"
    ) in record.notes


def test_a_file_that_is_no_database_is_named_and_fails_no_run(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.log([line("2014-07-22T10:00:00", ip="10.1.0.1")])
    file = tmp_path / "geo.mmdb"
    file.write_text("no database")

    record = site.update(WEEK, Inputs(geo=file))

    assert record.notes[-1] == (
        "no database of addresses and countries, so countries are unknown:"
        f" {file} is no database in MaxMind's format"
    )
