"""Pictures on a page."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from django.core.cache import cache

from insights.charts import svg as module
from insights.charts.chart import Chart, Form
from insights.charts.figure import figure
from insights.charts.specs import vega_lite
from insights.charts.svg import svg
from insights.courses.answers.answer import Column, Kind, Table

BARS = Chart(Form.BARS, "name", ("count",))


def table(*counts: int) -> Table:
    return Table(
        (Column("name", "Name", Kind.TEXT), Column("count", "Learners", Kind.COUNT)),
        tuple((f"group {number}", count) for number, count in enumerate(counts)),
    )


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The specifications that are rendered during a test, with nothing rendered before."""
    cache.clear()
    specs: list[object] = []
    render = module.render
    monkeypatch.setattr(module, "render", lambda spec: specs.append(spec) or render(spec))
    return specs


def test_a_picture_has_a_role_and_a_name() -> None:
    name = 'How many? "2" <b>&'
    root = ElementTree.fromstring(svg(vega_lite(BARS, table(1, 2), 340), name))
    assert root.get("role") == "img"
    assert root.get("aria-label") == name


def test_the_same_numbers_are_rendered_once(rendered: list[object]) -> None:
    first = svg(vega_lite(BARS, table(1, 2), 340), "a name")
    second = svg(vega_lite(BARS, table(1, 2), 340), "another name")
    assert len(rendered) == 1
    assert second == first.replace("a name", "another name")
    svg(vega_lite(BARS, table(1, 3), 340), "a name")
    assert len(rendered) == 2


def test_a_figure_has_a_picture_for_each_width_and_what_a_script_needs() -> None:
    shown = figure(BARS, table(1, 2), "How many?")
    assert 'width="720"' in shown.wide
    assert 'width="340"' in shown.narrow
    assert shown.interactive["axis"] == "y"
    assert shown.interactive["spec"]["width"] == "container"
    assert len(shown.interactive["points"]) == 2
