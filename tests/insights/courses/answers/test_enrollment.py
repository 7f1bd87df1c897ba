"""How many learners are enrolled, and in which modes."""

from __future__ import annotations

from datetime import date, timedelta

from insights.courses.answers.enrollment import enrollment, enrollment_modes

MAY_4 = date(2026, 5, 4)


def day(days_before: int, count: int, **modes: int) -> dict[str, object]:
    return {"date": (MAY_4 - timedelta(days=days_before)).isoformat(), "count": count, **modes}


class TestEnrollment:
    def test_tells_the_latest_count_its_change_and_its_range(self) -> None:
        answer = enrollment([day(0, 1203), day(7, 1191), day(3, 1210)])
        assert answer.finding == (
            "1,203 learners were enrolled at the end of 4 May 2026, 12 more than 7 days before."
            " From 27 Apr 2026 on, it was between 1,191 and 1,210."
        )
        assert answer.table.rows == (
            (date(2026, 4, 27), 1191),
            (date(2026, 5, 1), 1210),
            (date(2026, 5, 4), 1203),
        )

    def test_compares_with_that_very_day_or_not_at_all(self) -> None:
        answer = enrollment([day(6, 40), day(0, 42)])
        assert answer.finding == (
            "42 learners were enrolled at the end of 4 May 2026."
            " From 28 Apr 2026 on, it was between 40 and 42."
        )

    def test_speaks_of_one_learner(self) -> None:
        answer = enrollment([day(7, 2), day(0, 1)])
        assert answer.finding.startswith(
            "1 learner was enrolled at the end of 4 May 2026, 1 fewer than 7 days before."
        )

    def test_invents_no_change(self) -> None:
        answer = enrollment([day(7, 5), day(0, 5)])
        assert answer.finding == (
            "5 learners were enrolled at the end of 4 May 2026, as many as 7 days before."
            " It was the same from 27 Apr 2026 on."
        )

    def test_compares_with_days_that_it_does_not_show(self) -> None:
        answer = enrollment([day(7, 10), day(1, 12), day(0, 13)], start=date(2026, 5, 3))
        assert "13 learners were enrolled at the end of 4 May 2026, 3 more" in answer.finding
        assert [at for at, _count in answer.table.rows] == [date(2026, 5, 3), MAY_4]

    def test_compares_a_range_with_the_one_before_it(self) -> None:
        rows = [day(0, 13), day(1, 12), day(2, 10), day(3, 9)]
        answer = enrollment(rows, start=date(2026, 5, 3), length=2)
        assert answer.finding.startswith(
            "13 learners were enrolled at the end of 4 May 2026, 3 more than 2 days before."
        )
        assert answer.table.rows == ((date(2026, 5, 3), 12, 9), (MAY_4, 13, 10))
        assert answer.table.columns[-1].title == "2 days before"
        assert answer.chart is not None
        assert answer.chart.before == "before"

    def test_says_that_the_range_before_is_not_known(self) -> None:
        answer = enrollment([day(0, 13), day(1, 12)], start=date(2026, 5, 3), length=2)
        assert "How it was 2 days before is not known" in answer.finding
        assert answer.table.rows == ((date(2026, 5, 3), 12, None), (MAY_4, 13, None))

    def test_one_day_needs_no_chart(self) -> None:
        answer = enrollment([day(0, 3)])
        assert answer.finding == "3 learners were enrolled at the end of 4 May 2026."
        assert answer.chart is None

    def test_says_when_there_is_nothing(self) -> None:
        answer = enrollment([])
        assert answer.finding == "No learner is known to have been enrolled in this time."
        assert answer.table.rows == ()
        assert answer.chart is None


class TestModes:
    def test_shows_the_modes_that_someone_has_or_had(self) -> None:
        answer = enrollment_modes(
            [day(1, 12, audit=10, verified=0, credit=2), day(0, 12, audit=8, verified=4)]
        )
        assert answer.finding == (
            "Of the 12 learners enrolled at the end of 4 May 2026, there were 8 in audit (67%)"
            " and 4 in verified (33%)."
        )
        assert [column.title for column in answer.table.columns] == [
            "Date",
            "Audit",
            "Verified",
            "Credit",
            "All modes",
        ]
        assert answer.table.rows[-1] == (MAY_4, 8, 4, 0, 12)

    def test_compares_all_modes_with_the_range_before(self) -> None:
        rows = [day(0, 5, audit=3), day(1, 7, audit=7), day(2, 4, audit=4), day(3, 4, audit=4)]
        answer = enrollment_modes(rows, start=date(2026, 5, 3), length=2)
        assert answer.finding.endswith("All modes together are 1 more than 2 days before.")
        assert [row[-2:] for row in answer.table.rows] == [(7, 4), (5, 4)]
        same = enrollment_modes(rows[1:], start=date(2026, 5, 2), length=1)
        assert same.finding.endswith("All modes together are 3 more than 1 day before.")

    def test_counts_modes_that_the_data_api_does_not_name(self) -> None:
        answer = enrollment_modes([day(0, 5, audit=3)])
        assert "3 in audit (60%) and 2 in other modes (40%)" in answer.finding
        assert answer.table.rows == ((MAY_4, 3, 2, 5),)

    def test_one_mode_needs_no_shares(self) -> None:
        assert enrollment_modes([day(0, 5, audit=5)]).finding == (
            "The mode of all 5 learners enrolled at the end of 4 May 2026 was audit."
        )

    def test_a_day_without_learners_is_not_a_day_without_data(self) -> None:
        left = enrollment_modes([day(1, 2, audit=2), day(0, 0)])
        assert left.finding == "Nobody was enrolled at the end of 4 May 2026."
        assert len(left.table.rows) == 2

    def test_says_when_there_is_nothing(self) -> None:
        answer = enrollment_modes([])
        assert answer.finding == "No learner is known to have been enrolled in this time."
        assert answer.chart is None
