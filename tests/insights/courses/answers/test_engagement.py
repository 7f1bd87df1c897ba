"""How many learners are active, week by week."""

from __future__ import annotations

from datetime import date, timedelta

from insights.courses.answers.engagement import weekly_activity

APRIL_27 = date(2026, 4, 27)  # a Monday


def week(weeks_before: int, *counts: int) -> dict[str, object]:
    start = APRIL_27 - timedelta(weeks=weeks_before)
    names = ("any", "attempted_problem", "played_video", "posted_forum")
    return {"interval_start": f"{start}T000000", **dict(zip(names, counts, strict=True))}


def test_tells_the_latest_week_and_what_was_done_in_it() -> None:
    answer = weekly_activity([week(1, 180, 90, 150, 20), week(0, 166, 121, 130, 21)])
    assert answer.finding == (
        "166 learners were active in the week from 27 Apr 2026 to 3 May 2026,"
        " 14 fewer than in the week before."
        " 121 tried a problem, 130 played a video, 21 posted in the forum."
    )
    assert answer.table.rows == (
        (date(2026, 4, 20), date(2026, 4, 26), 180, 90, 150, 20),
        (date(2026, 4, 27), date(2026, 5, 3), 166, 121, 130, 21),
    )


def test_a_week_without_a_row_is_one_in_which_nobody_was_active() -> None:
    answer = weekly_activity([week(2, 5, 0, 5, 0), week(0, 1, 0, 0, 0)])
    assert answer.table.values("any") == [5, 0, 1]
    assert answer.finding.startswith(
        "1 learner was active in the week from 27 Apr 2026 to 3 May 2026,"
        " 1 more than in the week before."
    )


def test_whole_weeks_up_to_the_end_of_the_data_are_shown() -> None:
    rows = [week(2, 5, 0, 5, 0)]
    assert weekly_activity(rows, until=date(2026, 5, 2)).table.values("any") == [5, 0]
    quiet = weekly_activity(rows, until=date(2026, 5, 3))
    assert quiet.table.values("any") == [5, 0, 0]
    assert quiet.finding.startswith(
        "0 learners were active in the week from 27 Apr 2026 to 3 May 2026,"
        " as many as in the week before."
    )


def test_compares_with_a_week_that_it_does_not_show() -> None:
    answer = weekly_activity([week(1, 7, 0, 0, 0), week(0, 9, 0, 0, 0)], start=APRIL_27)
    assert answer.table.values("any") == [9]
    assert "2 more than in the week before" in answer.finding


def test_weeks_are_compared_with_as_many_before_them() -> None:
    rows = [week(number, count, 0, 0, 0) for number, count in enumerate((9, 6, 4, 5))]
    answer = weekly_activity(rows, start=APRIL_27 - timedelta(weeks=1))
    assert answer.finding.endswith(
        " In these 2 weeks, 8 were active a week on average; in the 2 weeks before, it was 4"
        " (now 4 more)."
    )
    assert [(row[2], row[-1]) for row in answer.table.rows] == [(6, 5), (9, 4)]
    assert answer.table.columns[-1].title == "Any activity 2 weeks before"
    assert answer.chart is not None
    assert answer.chart.before == "before"


def test_weeks_before_the_data_are_not_known() -> None:
    rows = [week(number, 9, 0, 0, 0) for number in range(3)]
    answer = weekly_activity(rows, start=APRIL_27 - timedelta(weeks=1))
    assert "How it was 2 weeks before is not known" in answer.finding
    assert [row[-1] for row in answer.table.rows] == [None, 9]


def test_one_week_is_compared_with_nothing_and_needs_no_chart() -> None:
    answer = weekly_activity([week(0, 2, 1, 0, 0)])
    assert answer.finding == (
        "2 learners were active in the week from 27 Apr 2026 to 3 May 2026."
        " 1 tried a problem, 0 played a video, 0 posted in the forum."
    )
    assert answer.chart is None


def test_says_when_there_is_nothing() -> None:
    answer = weekly_activity([], until=date(2026, 5, 4))
    assert (
        answer.finding
        == "There is no whole week, Monday to Sunday, with an active learner in this time."
    )
    assert answer.table.rows == ()
