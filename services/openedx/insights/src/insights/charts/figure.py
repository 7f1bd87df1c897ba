"""A chart as a page holds it: two pictures, and what a script needs to replace them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from insights.charts.chart import Form
from insights.charts.specs import MAP_SHAPE, NARROW, WIDE, points, vega_lite
from insights.charts.svg import svg

if TYPE_CHECKING:
    from django.utils.safestring import SafeString

    from insights.charts.chart import Chart
    from insights.courses.answers.answer import Table

_AXES = {Form.BARS: "y", Form.MAP: None}  # along which points lie; of others it is x


@dataclass(frozen=True)
class Figure:
    """A picture for wide pages, one for phones; `interactive` is for charts.js, as JSON.

    That has the specification, the axis along which the points lie (null: a map has none), the
    points, and the height of the picture as a part of its width (null: it is always as high).
    """

    name: str
    wide: SafeString
    narrow: SafeString
    interactive: dict[str, Any]


def figure(chart: Chart, table: Table, name: str) -> Figure:
    """The figure of a chart; `name` is what a screen reader says it is."""
    return Figure(
        name=name,
        wide=svg(vega_lite(chart, table, WIDE), name),
        narrow=svg(vega_lite(chart, table, NARROW), name),
        interactive={
            "spec": vega_lite(chart, table, "container"),
            "axis": _AXES.get(chart.form, "x"),
            "shape": MAP_SHAPE if chart.form is Form.MAP else None,
            "points": points(chart, table),
        },
    )
