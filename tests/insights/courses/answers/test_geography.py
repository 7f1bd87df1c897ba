"""Where learners are."""

from __future__ import annotations

from typing import Any

from django.utils.translation import override

from insights.courses.answers.geography import geography


def rows(**counts: int) -> list[dict[str, Any]]:
    """What the Data API answers: a country a code; `UNKNOWN` has none."""
    return [
        {
            "date": "2026-05-04",
            "country": {"alpha2": None if code == "UNKNOWN" else code},
            "count": count,
        }
        for code, count in counts.items()
    ]


def test_tells_the_countries_with_most_learners_and_who_is_not_known() -> None:
    answer = geography(rows(UNKNOWN=20, DE=5, US=60, IN=10, FR=4, BR=1, PE=0))
    assert answer.finding == (
        "The 100 learners enrolled at the end of 4 May 2026 come from 5 countries, most of them"
        " from United States of America (60, 60%), India (10, 10%) and Germany (5, 5%)."
        " The country of 20 learners (20%) is not known."
    )
    assert answer.table.rows == (
        ("United States of America", "US", 60, 0.6),
        ("India", "IN", 10, 0.1),
        ("Germany", "DE", 5, 0.05),
        ("France", "FR", 4, 0.04),
        ("Brazil", "BR", 1, 0.01),
        ("Unknown", None, 20, 0.2),
    )


def test_speaks_of_one_country() -> None:
    assert geography(rows(KE=7)).finding == (
        "The 7 learners enrolled at the end of 4 May 2026 come from 1 country: Kenya (7, 100%)."
        " No country is unknown."
    )


def test_names_a_country_that_the_map_does_not_have() -> None:
    answer = geography(rows(RE=2, FR=7))
    assert answer.finding.endswith("The map has no shape of Réunion: see the table.")


def test_countries_are_named_in_the_language_of_the_page() -> None:
    with override("de"):
        assert geography(rows(DE=7)).table.rows[0][0] == "Deutschland"


def test_says_when_no_country_is_known() -> None:
    answer = geography(rows(UNKNOWN=3))
    assert answer.finding == (
        "The country of none of the 3 learners enrolled at the end of 4 May 2026 is known."
    )
    assert answer.table.rows == (("Unknown", None, 3, 1.0),)
    assert answer.chart is None


def test_says_when_there_is_nobody() -> None:
    for nobody in ([], rows(DE=0, UNKNOWN=0)):
        answer = geography(nobody)
        assert answer.finding == "Nobody is enrolled whose country could be known."
        assert answer.table.rows == ()
        assert answer.chart is None
