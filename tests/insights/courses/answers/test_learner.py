"""What one learner does."""

from __future__ import annotations

from datetime import date

from insights.courses.answers.learner import DONE, attention, timeline

MAY_4 = date(2026, 5, 4)


def day(number: int, *counts: int) -> dict[str, object]:
    """A day of May."""
    return {"date": date(2026, 5, number).isoformat(), **dict(zip(DONE, counts, strict=True))}


def test_shows_all_days_from_the_first_to_the_last_of_the_data() -> None:
    answer = timeline([day(1, 3, 2, 1, 0), day(3, 0, 0, 0, 2)], None, MAY_4)
    assert answer.finding == (
        "From 1 May 2026 to 4 May 2026: problems tried 3, solved 2, videos played 1, each counted"
        " once a day; contributions to discussions 2. Something was last done on 3 May 2026."
    )
    assert answer.table.rows == (
        (date(2026, 5, 1), 4, 3, 2, 1, 0),
        (date(2026, 5, 2), 0, 0, 0, 0, 0),
        (date(2026, 5, 3), 2, 0, 0, 0, 2),
        (MAY_4, 0, 0, 0, 0, 0),
    )


def test_compares_a_range_with_the_one_before_it() -> None:
    rows = [day(1, 3, 2, 1, 0), day(3, 0, 0, 0, 2)]
    answer = timeline(rows, date(2026, 5, 3), MAY_4, length=2)
    assert answer.finding.endswith("In all it was 2, 2 fewer than in the 2 days before (4).")
    assert [row[-1] for row in answer.table.rows] == [4, 0]
    assert answer.chart is not None
    assert answer.chart.before == "before"
    same = timeline(rows, date(2026, 5, 4), MAY_4, length=2)
    assert same.finding.startswith(
        "Nothing was done in this time. Something was last done on 3 May"
    )


def test_says_when_there_is_nothing() -> None:
    for nothing in (timeline([], None, MAY_4), timeline([], date(2026, 5, 1), MAY_4, length=4)):
        assert nothing.finding == "Nothing is known to have been done yet."
        assert nothing.table.rows == ()
        assert nothing.chart is None


def test_days_after_the_data_are_none() -> None:
    answer = timeline([day(1, 3, 2, 1, 0)], date(2026, 6, 1), MAY_4)
    assert answer.finding.startswith("Nothing was done in this time.")
    assert answer.table.rows == ()


def test_tells_who_may_need_attention() -> None:
    counts = {"struggling": 3, "disengaging": 1200, "highly_engaged": 7, "inactive": 9}
    assert attention(counts).table.rows == ((1203,),)
    assert (
        "3 needed many attempts at problems and 1,200 were no longer" in attention(counts).finding
    )
    assert attention(dict.fromkeys(counts, 0)).finding == "No learner’s profile is known yet."
