"""Engagement and the roster: as a slow, independent reference has them, however they came about."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from embedded import Rows, Site, in_order
from insights_pipeline import schema
from insights_pipeline.errors import BadInput
from insights_pipeline.events import parse_line
from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval
from reference.engagement import engagement_tables
from reference.engagement_strategies import VISITORS, EngagedSite, engaged_sites
from reference.reading import read
from worked import compute_all

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

TABLES = (
    schema.MODULE_ENGAGEMENT,
    schema.MODULE_ENGAGEMENT_METRIC_RANGES,
    schema.LEARNER_ROSTER,
    schema.ENTERPRISE_LEARNER,
)
LMS = (
    schema.AUTH_USER,
    schema.AUTH_USERPROFILE,
    schema.COURSE_GROUPS_COURSEUSERGROUP,
    schema.COURSE_GROUPS_COURSEUSERGROUP_USERS,
    schema.ENTERPRISE_CUSTOMER_USER,
)
SUBJECT = (schema.ENGAGEMENT_EVENT, schema.LEARNER_WEEK, *TABLES)

generated = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None)


# Without shrinking, which takes minutes: `full` does that.
@settings(generated, max_examples=20, derandomize=True, phases=[Phase.generate])
@given(engaged_sites())
def test_same_tables(engaged: EngagedSite) -> None:
    check(engaged)


@pytest.mark.full
@settings(generated, max_examples=1000)
@given(engaged_sites())
def test_same_tables_of_ever_new_sites(engaged: EngagedSite) -> None:
    check(engaged)


def check(engaged: EngagedSite) -> None:
    events, _rejects = read(engaged.lines)
    expected = engagement_tables(events, engaged.interval, engaged.lms, engaged.visitors)
    rows = [parse_line(line)._asdict() for line in engaged.lines]
    for row in rows:
        row["date"] = row["time"].date()
    inputs = {table: typed(table, engaged.lms[table.name]) for table in LMS}
    inputs[schema.VISITOR_NAME] = [(engaged.visitors,)] * bool(engaged.visitors)
    found = compute_all(TABLES, rows, interval=Interval(*engaged.interval), inputs=inputs)
    for table in TABLES:
        as_published = [tuple(map(as_text, row)) for row in found[table]]
        wanted = [tuple(row[name] for name in table.names) for row in expected[table.name]]
        assert in_order(as_published) == in_order(wanted), table.name


def typed(table: schema.Table, rows: list[dict[str, str | None]]) -> Rows:
    """Rows of an LMS table as it is declared."""
    return [tuple(row[name] for name in table.names) for row in rows]


def as_text(value: Any) -> Any:
    """Dates as the reports have them."""
    return str(value) if isinstance(value, date) else value


@dataclass(frozen=True)
class Run:
    """What a run of a growing site gets beside new lines."""

    interval: Interval
    visitors: str
    with_lms: bool


@dataclass(frozen=True)
class Growth:
    """A site whose lines arrive in several runs, each line in any of them."""

    engaged: EngagedSite
    arrivals: list[int]
    runs: list[Run]


@st.composite
def growths(draw: DrawFn) -> Growth:
    engaged = draw(engaged_sites().filter(lambda engaged: bool(engaged.lines)))
    start, end = engaged.interval
    runs = draw(
        st.lists(
            st.builds(
                Run,
                st.integers(1, (end - start).days).map(
                    lambda days: Interval(start, start + timedelta(days=days))
                )
                | st.just(Interval(start - timedelta(days=3), end + timedelta(days=2))),
                st.sampled_from(["", VISITORS, "guest"]),
                st.booleans(),
            ),
            min_size=1,
            max_size=3,
        )
    )
    runs.append(Run(Interval(*engaged.interval), engaged.visitors, with_lms=True))
    arrivals = draw(
        st.lists(
            st.integers(0, len(runs) - 1),
            min_size=len(engaged.lines),
            max_size=len(engaged.lines),
        )
    )
    return Growth(engaged, arrivals, runs)


@settings(generated, max_examples=4, derandomize=True, phases=[Phase.generate])
@given(growths())
def test_runs_add_up_to_a_single_one(growth: Growth) -> None:
    check_growth(growth)


@pytest.mark.full
@settings(generated, max_examples=200)
@given(growths())
def test_any_runs_add_up_to_a_single_one(growth: Growth) -> None:
    check_growth(growth)


def check_growth(growth: Growth) -> None:
    engaged, last = growth.engaged, growth.runs[-1]
    with tempfile.TemporaryDirectory() as folder:
        inputs = Inputs(engaged.write_lms(Path(folder, "lms")))
        grown, at_once = Site(Path(folder, "grown")), Site(Path(folder, "at_once"))
        for number, run in enumerate(growth.runs):
            arrived = zip(engaged.lines, growth.arrivals, strict=True)
            grown.log([line for line, arrival in arrived if arrival == number])
            try:
                grown.update(run.interval, inputs if run.with_lms else None, visitors=run.visitors)
            except BadInput:
                assert number < len(growth.runs) - 1, "no event at all"
        at_once.log(engaged.lines)
        at_once.update(last.interval, inputs, visitors=last.visitors)
        assert subject_of(grown) == subject_of(at_once)


def subject_of(site: Site) -> dict[str, Any]:
    reports = site.reports()
    published = {f"{table.name} as published": reports[table.name] for table in TABLES}
    return published | site.warehouse(*SUBJECT)


def test_a_new_roster_takes_no_old_row_along(tmp_path: Path) -> None:
    """Who leaves the course, or the LMS, leaves the roster."""
    lines = [enrolls(1), enrolls(2), enrolls(3)]
    lms = {
        "auth_user": [account(1, "ann"), account(2, "bob"), account(3, "eve")],
        "auth_userprofile": [profile(1), profile(2), profile(3)],
        "course_groups_courseusergroup": [],
        "course_groups_courseusergroup_users": [],
        "enterprise_enterprisecustomeruser": [],
    }
    engaged = EngagedSite(lines, (date(2014, 7, 21), date(2014, 7, 28)), lms)
    site = Site(tmp_path)
    site.log(lines)
    site.update(Interval(*engaged.interval), Inputs(engaged.write_lms(tmp_path / "lms")))
    assert usernames(site) == ["ann", "bob", "eve"]

    without_eve = lms | {"auth_user": lms["auth_user"][:2]}
    later = replace(engaged, lms=without_eve)
    site.log([enrolls(2, kind="deactivated", day=22)])
    site.update(Interval(*engaged.interval), Inputs(later.write_lms(tmp_path / "lms-later")))
    assert usernames(site) == ["ann"]


def usernames(site: Site) -> list[str]:
    return [row[1] for row in site.reports()["learner_roster"]]


def enrolls(user: int, kind: str = "activated", day: int = 21) -> bytes:
    return (
        f'{{"time": "2014-07-{day}T10:00:00", "event_type": "edx.course.enrollment.{kind}",'
        f' "context": {{}}, "event": {{"course_id": "edX/DemoX/Demo", "user_id": {user},'
        ' "mode": "audit"}}'
    ).encode()


def account(number: int, username: str) -> dict[str, str | None]:
    return {"id": str(number), "username": username, "email": f"{username}@example.org"}


def profile(number: int) -> dict[str, str | None]:
    columns = ("name", "gender", "year_of_birth", "level_of_education", "location", "language")
    columns += ("mailing_address", "city", "country", "goals")
    return dict.fromkeys(columns) | {"user_id": str(number)}
