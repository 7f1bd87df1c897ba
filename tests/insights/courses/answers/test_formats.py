"""Values for people and for programs."""

from __future__ import annotations

from datetime import date

import pytest

from insights.courses.answers.answer import Column, Kind, Value
from insights.courses.answers.formats import listed, minutes, percent, plain, shown, titled


@pytest.mark.parametrize(
    ("kind", "value", "for_people", "for_programs"),
    [
        (Kind.TEXT, "Audit", "Audit", "Audit"),
        (Kind.CODE, "i4x-1234", "i4x-1234", "i4x-1234"),
        (Kind.DATE, date(2026, 5, 4), "4 May 2026", "2026-05-04"),
        (Kind.COUNT, 1203, "1,203", 1203),
        (Kind.COUNT, 0, "0", 0),
        (Kind.SHARE, 1 / 3, "33%", 0.3333),
        (Kind.RATIO, 5 / 3, "1.7", 5 / 3),
        (Kind.DURATION, 3723, "1:02:03", 3723),
        (Kind.COUNT, None, "–", ""),
    ],
)
def test_each_kind_has_its_form(
    kind: Kind, value: Value, for_people: str, for_programs: object
) -> None:
    column = Column("value", "Value", kind)
    assert shown(value, column) == for_people
    assert plain(value, column) == for_programs


def test_what_is_missing_may_have_a_name() -> None:
    column = Column("age", "Age", Kind.COUNT, missing="Unknown")
    assert shown(None, column) == plain(None, column) == "Unknown"


def test_seconds_are_named_where_they_are_shown_as_such() -> None:
    assert titled(Column("length", "Length", Kind.DURATION)) == "Length (seconds)"
    assert titled(Column("count", "Learners", Kind.COUNT)) == "Learners"


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0%"),
        (0.001, "<1%"),
        (0.006, "1%"),
        (0.994, "99%"),
        (0.999, ">99%"),
        (1, "100%"),
        (2.5, "250%"),
    ],
)
def test_some_never_looks_like_none_nor_most_like_all(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (65, "1:05"), (3600, "1:00:00")])
def test_minutes(seconds: int, text: str) -> None:
    assert minutes(seconds) == text


@pytest.mark.parametrize(
    ("parts", "text"),
    [([], ""), (["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c")],
)
def test_listed(parts: list[str], text: str) -> None:
    assert listed(parts) == text
