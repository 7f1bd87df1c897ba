"""Whatever the rows: tables hold their numbers, and findings hold the tables'."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from insights.courses.answers.demographics import education, gender
from insights.courses.answers.engagement import ACTIVITIES, weekly_activity
from insights.courses.answers.enrollment import enrollment, enrollment_modes
from insights.courses.answers.formats import percent, shown
from insights.courses.answers.performance import problem_list, problems
from insights.courses.answers.video import timeline, videos
from insights.courses.structure import Structure

if TYPE_CHECKING:
    from collections.abc import Iterable

    from insights.courses.answers.answer import Answer

SUBMISSIONS = ("total_submissions", "correct_submissions")
counts = st.integers(0, 12_000)
days = st.dates(date(2013, 1, 1), date(2030, 1, 1)).map(str)


def rows(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Rows of which no two have the same first member."""
    first = next(iter(members))
    return st.lists(st.fixed_dictionaries(members), max_size=20, unique_by=lambda row: row[first])


def unsupported_numbers(answer: Answer, also: Iterable[str] = ()) -> set[str]:
    """Numbers of the finding that are neither in the table nor among others that it may name."""
    table = answer.table
    in_table = {
        number
        for row in table.rows
        for value, column in zip(row, table.columns, strict=True)
        for number in numbers(shown(value, column))
    }
    return numbers(answer.finding) - in_table - set(also)


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d[\d,:]*(?<![,:])", text))


@given(rows(date=days, count=counts))
def test_enrollment(rows: list[dict[str, Any]]) -> None:
    answer = enrollment(rows)
    in_order = sorted(rows, key=lambda row: row["date"])
    assert answer.table.values("count") == [row["count"] for row in in_order]
    by_day = {row["date"]: row["count"] for row in rows}
    changes = set()
    if by_day:
        last = max(by_day)
        week_before = by_day.get(str(date.fromisoformat(last) - timedelta(days=7)))
        if week_before is not None:
            changes = {f"{abs(by_day[last] - week_before):,}", "7"}
    assert unsupported_numbers(answer, changes) == set()


@given(rows(date=days, audit=counts, verified=counts, others=counts))
def test_modes(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        row["count"] = row["audit"] + row["verified"] + row.pop("others")
    answer = enrollment_modes(rows)
    in_order = sorted(rows, key=lambda row: row["date"])
    assert answer.table.values("count") == [row["count"] for row in in_order]
    for row in answer.table.rows:
        assert sum(row[1:-1]) == row[-1]  # type: ignore[arg-type]
    shares = {share.rstrip("%") for share in re.findall(r"\d+%", answer.finding)}
    assert unsupported_numbers(answer, shares) == set()


@given(
    rows(
        education_level=st.sampled_from([None, "none", "primary", "masters", "other"]),
        count=counts,
        date=st.just("2026-05-04"),
    )
)
def test_education(rows: list[dict[str, Any]]) -> None:
    answer = education(rows)
    total = sum(row["count"] for row in rows)
    assert sum(answer.table.values("count")) == total  # type: ignore[arg-type]
    assert unsupported_numbers(answer, {f"{total:,}", "4", "2026"}) == set()


@given(rows(date=days, female=counts, male=counts, other=counts, unknown=counts))
def test_gender(rows: list[dict[str, Any]]) -> None:
    answer = gender(rows)
    latest = max(rows, key=lambda row: row["date"], default={})
    expected = [latest[name] for name in ("female", "male", "other", "unknown") if latest]
    assert answer.table.values("count") == (expected if sum(expected) else [])


@given(
    rows(
        interval_start=st.integers(0, 60).map(
            lambda week: f"{date(2026, 1, 5) + timedelta(weeks=week)}T000000"
        ),
        **dict.fromkeys(ACTIVITIES, counts),
    )
)
def test_weekly_activity(rows: list[dict[str, Any]]) -> None:
    answer = weekly_activity(rows)
    known = {row["interval_start"]: row for row in rows}
    for start, _end, *numbers_of_week in answer.table.rows:
        row = known.pop(f"{start}T000000", dict.fromkeys(ACTIVITIES, 0))
        assert numbers_of_week == [row[name] for name in ACTIVITIES]
    assert known == {}
    active = answer.table.values("any")
    change = {f"{abs(active[-1] - active[-2]):,}"} if len(active) > 1 else set()  # type: ignore[operator]
    assert unsupported_numbers(answer, change) == set()


@given(
    rows(
        encoded_module_id=st.text("abc", min_size=1, max_size=40),
        duration=st.integers(-1, 40_000),
        users_at_start=counts,
        users_at_end=counts,
    )
)
def test_videos(rows: list[dict[str, Any]]) -> None:
    answer = videos(rows, link=str, structure=Structure())
    table = {row[-1]: row for row in answer.table.rows}
    assert len(table) == len(rows)
    for row in rows:
        _name, _place, duration, start, end, _share, _id = table[row["encoded_module_id"]]
        assert (start, end) == (row["users_at_start"], row["users_at_end"])
        assert duration == (row["duration"] if row["duration"] >= 0 else None)
    lost = max((row["users_at_start"] - row["users_at_end"] for row in rows), default=0)
    assert unsupported_numbers(answer, {f"{len(rows)}", f"{lost:,}"}) == set()


@given(rows(module_id=st.text("abc", min_size=1), answered=counts, wrong=counts))
def test_problems(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        row["correct_submissions"] = max(0, row["answered"] - row.pop("wrong"))
        row["total_submissions"] = row.pop("answered")
    answer = problem_list(Structure(), problems(Structure(), rows), link=str)
    assert {row[-1]: row[1:3] for row in answer.table.rows} == {
        row["module_id"]: (row["total_submissions"], row["correct_submissions"]) for row in rows
    }
    total, correct = (sum(row[name] for row in rows) for name in SUBMISSIONS)
    share = percent(correct / total) if total else ""
    supported = {f"{total:,}", f"{correct:,}", *numbers(share)}
    assert unsupported_numbers(answer, supported) == set()


@given(rows(segment=st.integers(0, 80), num_users=counts, repeats=counts))
def test_timeline(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        row["num_views"] = row["num_users"] + row.pop("repeats")
    answer = timeline(rows, 5)
    watched = {row["segment"] * 5: (row["num_users"], row["num_views"]) for row in rows}
    for start, users, _repeats, views in answer.table.rows:
        assert (users, views) == watched.pop(start, (0, 0))  # type: ignore[arg-type]
    assert watched == {}
    assert unsupported_numbers(answer, {"5"}) == set()
