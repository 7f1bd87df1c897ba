"""Who the learners are, and how many did not say."""

from __future__ import annotations

from datetime import date

from insights.courses.answers.demographics import ages, education, gender

MAY_4 = "2026-05-04"


def born(year: int | None, count: int) -> dict[str, object]:
    return {"date": MAY_4, "birth_year": year, "count": count}


def level(name: str | None, count: int) -> dict[str, object]:
    return {"date": MAY_4, "education_level": name, "count": count}


class TestAges:
    def test_groups_have_shares_of_all_and_unknown_is_one_of_them(self) -> None:
        groups, _ages = ages([born(2001, 2), born(2000, 3), born(1985, 4), born(None, 1)])
        assert groups.finding == (
            "Of the 10 learners enrolled at the end of 4 May 2026, 20% are 25 or younger,"
            " 30% are 26 to 40 and 40% are 41 or older. It is not known for 1 learner (10%)."
        )
        assert groups.table.rows == (
            ("25 and younger", 2, 0.2),
            ("26 to 40", 3, 0.3),
            ("41 and older", 4, 0.4),
            ("Unknown", 1, 0.1),
        )

    def test_median_is_an_age_that_half_do_not_exceed(self) -> None:
        _groups, by_age = ages([born(2006, 1), born(1996, 1), born(1986, 2), born(None, 90)])
        assert by_age.finding == (
            "Half of the learners whose age is known are 30 or younger;"
            " the youngest are 20, the oldest 40."
        )
        assert [row[:2] for row in by_age.table.rows] == [(20, 1), (30, 1), (40, 2), (None, 90)]

    def test_a_year_that_tells_no_age_is_unknown(self) -> None:
        _groups, by_age = ages([born(1899, 1), born(2027, 2), born(1990, 3)])
        assert [row[:2] for row in by_age.table.rows] == [(36, 3), (None, 3)]
        assert by_age.finding == "All 3 learners whose age is known are 36."

    def test_one_learner(self) -> None:
        groups, by_age = ages([born(1990, 1)])
        assert groups.finding == (
            "Of the 1 learner enrolled at the end of 4 May 2026, 0% are 25 or younger,"
            " 100% are 26 to 40 and 0% are 41 or older. All have stated it."
        )
        assert by_age.finding == "The one learner whose age is known is 36."

    def test_nobody_stated_it(self) -> None:
        groups, by_age = ages([born(None, 3)])
        assert groups.finding == (
            "None of the 3 learners enrolled at the end of 4 May 2026 has stated it."
        )
        assert by_age.finding == "No age is known."
        assert by_age.chart is None
        assert by_age.table.rows == ((None, 3, 1.0),)

    def test_says_when_there_is_nothing(self) -> None:
        for answer in ages([]):
            assert answer.table.rows == ()
            assert answer.chart is None


class TestEducation:
    def test_levels_are_in_order_under_readable_names(self) -> None:
        answer = education(
            [level("masters", 1), level("none", 2), level(None, 3), level("bachelors", 4)]
        )
        assert [row[:2] for row in answer.table.rows] == [
            ("No formal education", 2),
            ("Primary school", 0),
            ("Middle school", 0),
            ("High school", 0),
            ("Associate degree", 0),
            ("Bachelor’s degree", 4),
            ("Master’s degree", 1),
            ("Doctorate", 0),
            ("Other", 0),
            ("Unknown", 3),
        ]

    def test_names_the_most_frequent_ones(self) -> None:
        answer = education(
            [
                level("secondary", 2),
                level("bachelors", 5),
                level("doctorate", 1),
                level("primary", 1),
                level(None, 1),
            ]
        )
        assert answer.finding == (
            "Most often stated by the 10 learners enrolled at the end of 4 May 2026:"
            " bachelor’s degree (5, 50%), high school (2, 20%) and primary school (1, 10%)."
            " It is not known for 1 learner (10%)."
        )

    def test_a_level_that_nobody_knows_is_another_one(self) -> None:
        answer = education([level("apprenticeship", 2), level("other", 1)])
        assert ("Other", 3, 1.0) in answer.table.rows

    def test_says_when_there_is_nothing(self) -> None:
        answer = education([])
        assert answer.finding == "Nobody is enrolled who could have stated it."
        assert answer.chart is None


class TestGender:
    def test_takes_the_latest_day(self) -> None:
        answer = gender(
            [
                {"date": MAY_4, "female": 3, "male": 4, "other": 0, "unknown": 1},
                {"date": "2026-05-03", "female": 9, "male": 9, "other": 9, "unknown": 9},
            ]
        )
        assert answer.finding == (
            "Most often stated by the 8 learners enrolled at the end of 4 May 2026:"
            " male (4, 50%) and female (3, 38%). It is not known for 1 learner (12%)."
        )
        assert answer.table.rows == (
            ("Female", 3, 0.375),
            ("Male", 4, 0.5),
            ("Other", 0, 0.0),
            ("Unknown", 1, 0.125),
        )

    def test_one_learner_who_did_not_say(self) -> None:
        answer = gender([{"date": MAY_4, "female": 0, "male": 0, "other": 0, "unknown": 1}])
        assert answer.finding == (
            "The 1 learner enrolled at the end of 4 May 2026 has not stated it."
        )

    def test_nobody_is_enrolled_any_more(self) -> None:
        answer = gender([{"date": MAY_4, "female": 0, "male": 0, "other": 0, "unknown": 0}])
        assert answer.table.rows == ()
        assert answer.chart is None


def test_ages_are_those_at_the_day_of_the_data() -> None:
    _groups, by_age = ages([{"date": date(2020, 1, 1).isoformat(), "birth_year": 2000, "count": 1}])
    assert by_age.table.values("age") == [20]
