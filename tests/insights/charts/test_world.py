"""The map of the world: which countries it has, and how learners are shown on it."""

from __future__ import annotations

from typing import Any

import pytest
from django_countries import countries

from insights.charts.chart import Chart, Form
from insights.charts.figure import figure
from insights.charts.specs import points, vega_lite
from insights.charts.style import LAND, MAP
from insights.charts.svg import render
from insights.charts.world import point_of, shape_of, topology
from insights.courses.answers.answer import Column, Kind, Table

CHART = Chart(Form.MAP, "country", ("count",), place="code")

# ISO's countries that Natural Earth, at this scale, counts to another one or leaves out.
NOT_DRAWN = "AQ BQ BV CC CX GF GI GP MQ RE SJ TK TV UM YT"


def table(*counted: tuple[str | None, int]) -> Table:
    return Table(
        (
            Column("country", "Country", Kind.TEXT),
            Column("code", "Code", Kind.CODE),
            Column("count", "Learners", Kind.COUNT, counted="enrolled"),
        ),
        tuple((f"country {code}", code, count) for code, count in counted),
    )


def classes(*counts: int) -> list[str]:
    """The legend of a map of so many learners in countries."""
    codes = [code for code, _name in countries][: len(counts)]
    spec = vega_lite(CHART, table(*zip(codes, counts, strict=True)), 720)
    fill = spec["layer"][0]["encoding"]["fill"]
    assert fill["scale"]["range"] == list(MAP[-len(fill["scale"]["domain"]) :])
    rows = spec["transform"][0]["from"]["data"]["values"]
    assert {row["class"] for row in rows} <= {*fill["scale"]["domain"]}
    return list(fill["scale"]["domain"])


def test_every_country_is_on_the_map_but_for_a_few() -> None:
    not_drawn = sorted(code for code, _name in countries if shape_of(code) is None)
    assert " ".join(not_drawn) == NOT_DRAWN
    assert shape_of("DE") == "276"
    assert shape_of("nowhere") is None


def test_a_country_that_is_too_small_to_be_seen_has_a_place() -> None:
    assert point_of(shape_of("SG")) is not None
    assert point_of(shape_of("FR")) is None
    assert point_of(None) is None


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ([1, 1], ["1+"]),
        ([1, 2, 3], ["1", "2+"]),
        ([7, 1], ["1", "2–4", "5+"]),
        ([300, 5, 20, 100], ["1–4", "5–19", "20–99", "100+"]),
        ([1_234_567], ["1–19", "20–499", "500–9,999", "10,000–199,999", "200,000+"]),
    ],
)
def test_countries_are_of_a_few_classes(counts: list[int], expected: list[str]) -> None:
    assert classes(*counts) == expected


def test_the_picture_has_the_colours_and_a_dot_for_a_small_country() -> None:
    svg = render(vega_lite(CHART, table(("US", 300), ("SG", 2), (None, 9)), 720))
    assert 'width="720"' in svg
    assert f'fill="{MAP[-1]}"' in svg
    assert f'fill="{LAND}"' in svg
    assert svg.count('aria-roledescription="circle"') <= 1
    assert len(svg) < 180_000


def test_a_page_has_the_borders_once_and_its_script_gets_them_from_a_file() -> None:
    shown: dict[str, Any] = figure(CHART, table(("US", 3)), "Where?").interactive
    assert shown["spec"]["data"]["url"].startswith("/static/insights/world.")
    assert "arcs" not in str(shown)
    assert shown["axis"] is None
    assert shown["shape"] < 1
    assert "arcs" in topology()


def test_points_are_the_countries_that_are_known() -> None:
    assert points(CHART, table(("US", 300), (None, 9))) == [
        {"at": "country US", "name": "country US", "text": "300 enrolled"}
    ]
