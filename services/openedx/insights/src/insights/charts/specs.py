"""Vega-Lite specifications of charts, as plain dictionaries.

Rows of a table become rows of data: `i`, their number, `x`, `label` and a member for each column
that is shown. The parameter `focus` is the number of the row that someone points at, or -1.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from datetime import date, timedelta
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from django.utils.translation import gettext as _

from insights.charts.chart import MOST_BARS, Form
from insights.charts.style import FONT_SIZE, LAND, MAP, MUTED, PALE, SURFACE, TEXT, colour, config
from insights.charts.world import COUNTRIES, point_of, shape_of, topology, world_url
from insights.courses.answers.answer import Kind, SoFar
from insights.courses.answers.formats import number, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from insights.charts.chart import Chart
    from insights.courses.answers.answer import Table, Value

Spec: TypeAlias = dict[str, Any]
Width: TypeAlias = "int | str"  # pixels, or "container"

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
HEIGHT = 220  # pixels, of charts over time
BAR = 28  # pixels, from one bar to the next
LINE = 16  # pixels, from one label to the next
WIDE_MAP = 720  # pixels, until a page's own script knows better
MAP_SHAPE = 0.49  # height of a map, as a part of its width
WIDE, NARROW = 720, 340  # pixels, of the pictures on wide pages and on phones
WIDTHS = (280, 400, 560, 720, 960)  # pixels, of charts as wide as their container
LEAST_PLOT = 30  # pixels
BESIDE = 70  # pixels, of a plot's counts and of what stands before the names of its series
LETTER = 7  # pixels, of a letter's or a digit's width
FLAG_SIZE = 11  # pixels, of the number of a flag
FLAG_GAP = 6  # pixels, from one flag's number to the next
DASHES = ((1, 0), (7, 3), (2, 3), (8, 3, 2, 3))  # pixels, of lines that differ by them
LONG_RANGE = timedelta(days=300)  # from here on, dates show the year rather than the day

EARLIER = "earlier"
FOCUS = "focus"
FOCUSED = f"datum.i === {FOCUS}"
NOT_DIMMED = f"{FOCUS} < 0 || {FOCUSED}"

# Of seconds, all but the seconds: 3, 1:03.
_WHOLE_MINUTES = (
    "(datum.value < 3600 ? floor(datum.value / 60)"
    " : floor(datum.value / 3600) + ':' + format(floor(datum.value % 3600 / 60), '02d'))"
)


def vega_lite(chart: Chart, table: Table, width: Width) -> Spec:
    """The specification of a chart, as wide as said."""
    if chart.form is Form.MAP:
        return {**_around(width), **_map(chart, table, width)}
    make = {
        Form.LINES: _lines,
        Form.AREAS: _areas,
        Form.COLUMNS: _columns,
        Form.BARS: _bars,
    }[chart.form]
    spec = {**_around(width), **make(chart, table)}
    if chart.flags:
        # Beneath all else.
        spec["layer"] = [*_flags(chart, table, width), *spec["layer"]]
    return spec


def _around(width: Width) -> Spec:
    """What all charts share."""
    return {
        "$schema": SCHEMA,
        "width": width,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": config(),
        "params": [{"name": FOCUS, "value": -1}],
    }


def points(chart: Chart, table: Table) -> list[dict[str, Any]]:
    """For each row that the chart shows, its place on the axis and what is to be read of it."""
    column = table.column(chart.x)
    keys = (*chart.y, *([chart.before] if chart.before else []))
    counted = [table.column(key) for key in keys]
    values = zip(*(table.values(key) for key in keys), strict=True)
    texts = [
        ", ".join(
            f"{shown(value, of)} {of.counted}"
            for value, of in zip(row, counted, strict=True)
            if value is not None
        )
        for row in values
    ]
    if chart.note:
        notes = _notes(chart.note, table)
        texts = [f"{text}, {note}" for text, note in zip(texts, notes, strict=True)]
    if chart.flags:
        flagged = _flagged(chart, table)
        texts = [" – ".join((text, *flags)) for text, flags in zip(texts, flagged, strict=True)]
    return [
        {
            "at": _milliseconds(x) if isinstance(x, date) else x,
            "name": chart.point.format(shown(x, column)),
            "text": text,
        }
        for x, text in _shown_rows(chart, table, texts)
    ]


def _flagged(chart: Chart, table: Table) -> list[list[str]]:
    """The texts of the flags in each row's days."""
    firsts = cast("list[date]", table.values(chart.x))
    lasts = cast("list[date]", table.values(chart.last_day or chart.x))
    return [
        [text for flag in chart.flags if first <= flag.day <= last for text in flag.texts]
        for first, last in zip(firsts, lasts, strict=True)
    ]


def _shown_rows(chart: Chart, table: Table, values: Any) -> list[tuple[Value, Any]]:
    rows = list(zip(table.values(chart.x), values, strict=True))
    if chart.form is Form.BARS:
        return rows[:MOST_BARS]
    if chart.place:
        return [row for row, code in zip(rows, table.values(chart.place), strict=True) if code]
    return [(x, row) for x, row in rows if x is not None]


def _milliseconds(day: date) -> int:
    return (day - date(1970, 1, 1)) // timedelta(milliseconds=1)


def _moment(day: date) -> Spec:
    """A day in a domain, where plain numbers and texts are something else."""
    return {"year": day.year, "month": day.month, "date": day.day, "utc": True}


def _counts(table: Table, key: str) -> list[int]:
    return cast("list[int]", table.values(key))


def _data(chart: Chart, table: Table, **members: Sequence[Any]) -> Spec:
    """Rows with their number and x, and with members by name; rows without an x are left out."""
    rows = zip(table.values(chart.x), *members.values(), strict=True)
    shown_rows = [(x, values) for x, *values in rows if x is not None]
    return {
        "values": [
            {
                "i": number,
                "x": x.isoformat() if isinstance(x, date) else x,
                **dict(zip(members, values, strict=True)),
            }
            for number, (x, values) in enumerate(shown_rows)
        ]
    }


def _lines(chart: Chart, table: Table) -> Spec:
    series = {key: table.values(key) for key in chart.y}
    known = {key: _known(chart, table, key) for key in chart.y}
    highest = [count for points in known.values() for _x, count in points]
    y = _CountAxis(max([0, *highest, *_earlier(chart, table)]))
    layers = [
        {
            "mark": {
                "type": "line",
                "color": colour(index),
                "strokeWidth": 2,
                "invalid": "break-paths-show-domains",
                **({"strokeDash": list(DASHES[index % len(DASHES)])} if chart.dashed else {}),
            },
            "encoding": {"y": y.encoding(key)},
        }
        for index, key in enumerate(series)
    ]
    ends = {key: points[-1] for key, points in known.items()}
    labels = (
        _labels_at_ends(table, ends, y)
        if _is_over_weeks(chart, table)
        else _end_labels(chart, table, {key: count for key, (_x, count) in ends.items()}, y)
    )
    return {
        "height": HEIGHT,
        "data": _data(chart, table, **series, **_earlier_values(chart, table)),
        "encoding": {"x": _x_axis(chart, table)},
        "layer": [
            _rule(),
            *_earlier_line(chart, y),
            *layers,
            *_so_far(chart, table, list(series), y),
            *_dots(list(series), y),
            *labels,
        ],
    }


def _known(chart: Chart, table: Table, key: str) -> list[tuple[Value, int]]:
    """The points of a line that are known, of which there is one at least."""
    points = zip(table.values(chart.x), table.values(key), strict=True)
    return [(x, count) for x, count in points if isinstance(count, int)]


def _areas(chart: Chart, table: Table) -> Spec:
    counts = [_counts(table, key) for key in chart.y]
    tops = [list(accumulate(row)) for row in zip(*counts, strict=True)]
    y = _CountAxis(max(*(row[-1] for row in tops), *_earlier(chart, table), 0))
    edges = {"edge0": [0] * len(tops)} | {
        f"edge{index}": [row[index - 1] for row in tops] for index in range(1, len(counts) + 1)
    }
    layers = [
        {
            "mark": {
                "type": "area",
                "color": colour(index),
                "fillOpacity": 0.25,
                "interpolate": "step-after" if _is_duration(chart, table) else "linear",
                "line": {"color": colour(index), "strokeWidth": 1.5},
            },
            "encoding": {
                "y": y.encoding(f"edge{index + 1}"),
                "y2": {"field": f"edge{index}"},
            },
        }
        for index in range(len(counts))
    ]
    middles = {key: tops[-1][index] - counts[index][-1] / 2 for index, key in enumerate(chart.y)}
    labels = _end_labels(chart, table, middles, y) if len(counts) > 1 or chart.before else []
    data = _data(chart, table, **edges, **_earlier_values(chart, table))
    if _is_duration(chart, table):
        # The last step needs an end as well.
        data["values"].append({**data["values"][-1], "i": None, "x": _end(chart, table)})
    return {
        "height": HEIGHT,
        "data": data,
        "encoding": {"x": _x_axis(chart, table)},
        "layer": [
            *layers,
            *_earlier_line(chart, y),
            *_so_far(chart, table, list(edges)[1:], y),
            _rule(),
            *_dots(list(edges)[1:], y),
            *labels,
        ],
    }


def _flags(chart: Chart, table: Table, width: Width) -> list[Spec]:
    """A line on each day that has a flag, and above it the flag's number.

    Where numbers have no room beside each other, they are one label: 3–5. A chart as wide as its
    container has the labels for several widths, and shows those that fit.
    """
    lines = {
        "data": {"values": [{"x": flag.day.isoformat()} for flag in chart.flags]},
        "mark": {"type": "rule", "color": MUTED, "opacity": 0.7, "strokeDash": [2, 3]},
    }
    if isinstance(width, int):
        return [lines, _flag_labels(chart, table, width)]
    least = [plot_width(chart, table, each) for each in WIDTHS]
    return [
        lines,
        *(
            {
                **_flag_labels(chart, table, each),
                "transform": [{"filter": f"{from_} <= width && width < {below}"}],
            }
            for each, from_, below in zip(
                WIDTHS, (0, *least[1:]), (*least[1:], 10_000), strict=True
            )
        ),
    ]


def plot_width(chart: Chart, table: Table, width: int) -> int:
    """At least so many pixels of a picture's width are the plot's, beside the names of series."""
    has_names = chart.form is Form.LINES or len(chart.y) > 1 or chart.before
    keys = (*chart.y, *filter(None, [chart.before])) if has_names else ()
    longest = max((len(table.column(key).title) for key in keys), default=0)
    return max(width - BESIDE - LETTER * longest, LEAST_PLOT)


def _flag_labels(chart: Chart, table: Table, width: int) -> Spec:
    first, last = _domain(chart, table)
    pixels = plot_width(chart, table, width) / max((last - first).days, 1)
    groups = _together([pixels * (flag.day - first).days for flag in chart.flags])
    return {
        "data": {
            "values": [
                {"x": chart.flags[start].day.isoformat(), "text": _flag_label(start, end)}
                for start, end in groups
            ]
        },
        # Its first digit stands above its line.
        "mark": {
            "type": "text",
            "align": "left",
            "baseline": "bottom",
            "dx": -LETTER // 2,
            "y": -8,
            "fontSize": FLAG_SIZE,
            "fontWeight": 600,
        },
        "encoding": {"text": {"field": "text"}},
    }


def _flag_label(start: int, end: int) -> str:
    """The numbers of flags, of which these are the first and the last one's places."""
    return str(start + 1) if start == end else f"{start + 1}–{end + 1}"


def _together(places: Sequence[float]) -> list[tuple[int, int]]:
    """Which flags share a label: the first and the last one of each group.

    Args:
        places: of the flags on the x axis, in pixels, in their order. A label begins with the
            first one of its group, and the next group where there is room.
    """
    groups: list[tuple[int, int]] = []
    for index, place in enumerate(places):
        if groups:
            start, end = groups[-1]
            if place < places[start] + LETTER * len(_flag_label(start, end)) + FLAG_GAP:
                groups[-1] = start, index
                continue
        groups.append((index, index))
    return groups


def _earlier(chart: Chart, table: Table) -> list[int]:
    """The values that are known of an earlier time."""
    values = _earlier_values(chart, table).get(EARLIER, ())
    return [value for value in values if value is not None]


def _earlier_values(chart: Chart, table: Table) -> dict[str, list[Any]]:
    """A member of the data with the values of an earlier time, if the chart has them."""
    return {EARLIER: table.values(chart.before)} if chart.before else {}


def _earlier_line(chart: Chart, y: _CountAxis) -> list[Spec]:
    """What was at an earlier time: beside the point, and never taken for a series."""
    if not chart.before:
        return []
    return [
        {
            "mark": {
                "type": "line",
                "color": MUTED,
                "strokeWidth": 1.5,
                "strokeDash": [4, 3],
                "invalid": "break-paths-show-domains",
            },
            "encoding": {"y": y.encoding(EARLIER)},
        }
    ]


def _columns(chart: Chart, table: Table) -> Spec:
    (key,) = chart.y
    at = [x for x in cast("list[int | None]", table.values(chart.x)) if x is not None]
    y = _CountAxis(max(_counts(table, key)[: len(at)]))
    first, last = min(at), max(at)
    step = _step(last - first, 6)
    layers: list[Spec] = [
        {
            "mark": {"type": "bar", "color": colour(0)},
            "encoding": {"y": y.encoding(key), "opacity": _dimmed()},
        }
    ]
    if chart.mark:
        layers.append(
            {
                "data": {"values": [{"x": chart.mark.value, "text": chart.mark.text}]},
                "layer": [
                    {"mark": {"type": "rule", "color": TEXT, "strokeDash": [4, 3]}},
                    {
                        "mark": {
                            "type": "text",
                            "align": "right" if chart.mark.value * 2 > first + last else "left",
                            "baseline": "bottom",
                            "y": -4,
                        },
                        "encoding": {"text": {"field": "text"}},
                    },
                ],
            }
        )
    return {
        "height": HEIGHT,
        "data": _data(chart, table, **{key: table.values(key)}),
        "encoding": {
            "x": {
                "field": "x",
                "type": "ordinal",
                "scale": {"domain": list(range(first, last + 1)), "paddingInner": 0.15},
                "axis": {"values": [x for x in range(first, last + 1) if x % step == 0]},
            }
        },
        "layer": layers,
    }


def _bars(chart: Chart, table: Table) -> Spec:
    names = cast("list[str]", table.values(chart.x))[:MOST_BARS]
    counts = [_counts(table, key)[:MOST_BARS] for key in chart.y]
    values = [
        {
            "i": number,
            "x": name,
            "label": label,
            "end": max(row),
            **dict(zip(chart.y, row, strict=True)),
        }
        for number, (name, label, row) in enumerate(
            zip(names, _bar_labels(chart, table), zip(*counts, strict=True), strict=False)
        )
    ]
    longest = max(1, *(value["end"] for value in values))
    scale = {"domain": [0, longest], "nice": False, "zero": True}
    titles = [table.column(key).title for key in chart.y]
    colours = {"domain": titles, "range": [PALE, colour(0)] if len(titles) > 1 else [colour(0)]}
    layers: list[Spec] = [
        {
            "mark": {"type": "bar", "height": {"band": 0.68}},
            "encoding": {
                "x": {"field": key, "type": "quantitative", "scale": scale, "axis": None},
                "color": {
                    "datum": title,
                    "type": "nominal",
                    "scale": colours,
                    "legend": {} if len(titles) > 1 else None,
                    **_paler(chart),
                },
                "opacity": _dimmed(),
            },
        }
        for index, (key, title) in enumerate(zip(chart.y, titles, strict=True))
    ]
    return {
        "height": BAR * len(values),
        "data": {"values": values},
        "encoding": {
            "y": {
                "field": "x",
                "type": "ordinal",
                "sort": None,
                "axis": {"grid": False, "labelColor": TEXT, "labelLimit": 180},
            }
        },
        "layer": [
            *layers,
            {
                "mark": {"type": "text", "align": "left", "dx": 6},
                "encoding": {
                    "x": {"field": "end", "type": "quantitative", "scale": scale},
                    "text": {"field": "label"},
                },
            },
        ],
    }


def _map(chart: Chart, table: Table, width: Width) -> Spec:
    """Countries in one of a few colours; those too small to be seen, as a dot.

    A page's own script gets the borders from a file of their own.
    """
    (key,) = chart.y
    codes = table.values(cast("str", chart.place))
    counted = [
        (str(code), count) for code, count in zip(codes, _counts(table, key), strict=True) if code
    ]
    bounds = _bounds(max(count for _code, count in counted))
    classes = _class_names(bounds)
    values = [
        {"i": index, "id": shape_of(code), "class": classes[_class_of(count, bounds)]}
        for index, (code, count) in enumerate(counted)
    ]
    dots = [
        {**value, "longitude": point[0], "latitude": point[1]}
        for value, (code, _count) in zip(values, counted, strict=True)
        if (point := point_of(shape_of(code)))
    ]
    fill = {
        "field": "class",
        "type": "nominal",
        "scale": {"domain": classes, "range": list(MAP[-len(classes) :])},
        "legend": {"orient": "bottom", "direction": "horizontal", "columns": 5},
    }
    world = {"url": world_url()} if isinstance(width, str) else {"values": topology()}
    place = {name: {"field": name, "type": "quantitative"} for name in ("longitude", "latitude")}
    return {
        "height": round((WIDE_MAP if isinstance(width, str) else width) * MAP_SHAPE),
        "projection": {"type": "identity", "reflectY": True},  # the file is projected
        "data": {**world, "format": {"type": "topojson", "feature": COUNTRIES}},
        "transform": [
            {
                "lookup": "id",
                "from": {"data": {"values": values}, "key": "id", "fields": ["i", "class"]},
            }
        ],
        "layer": [
            {
                "mark": {"type": "geoshape", "stroke": SURFACE, "strokeWidth": 0.5},
                "encoding": {
                    "fill": {**fill, "condition": {"test": "datum.class === null", "value": LAND}}
                },
            },
            {
                "data": {"values": dots},
                "mark": {"type": "circle", "size": 30, "opacity": 1, "stroke": SURFACE},
                "encoding": {**place, "fill": fill},
            },
            {
                "transform": [{"filter": FOCUSED}],
                "mark": {"type": "geoshape", "filled": False, "stroke": TEXT, "strokeWidth": 1.5},
            },
            {
                "data": {"values": dots},
                "transform": [{"filter": FOCUSED}],
                "mark": {"type": "point", "size": 60, "stroke": TEXT, "strokeWidth": 1.5},
                "encoding": place,
            },
        ],
    }


def _bounds(highest: int) -> list[int]:
    """The least counts of at most five classes: 1, 2 or 5 times powers of ten, evenly chosen."""
    powers = range(len(str(highest)))
    bounds = [factor * 10**power for power in powers for factor in (1, 2, 5)]
    possible = [bound for bound in bounds if bound <= highest]
    return possible[:: math.ceil(len(possible) / len(MAP))]


def _class_of(count: int, bounds: Sequence[int]) -> int:
    return bisect_right(bounds, count) - 1


def _class_names(bounds: Sequence[int]) -> list[str]:
    """Such as 1, 2–9, 10+."""
    names = [
        number(first)
        if first == after - 1
        else _("%(from)s–%(to)s") % {"from": number(first), "to": number(after - 1)}
        for first, after in pairwise(bounds)
    ]
    return [*names, _("%(count)s+") % {"count": number(bounds[-1])}]


def _bar_labels(chart: Chart, table: Table) -> list[str]:
    """What stands at the end of each bar: "304 of 622", or "204 (21%)" where shares are known."""
    columns = [table.column(key) for key in reversed(chart.y)]
    rows = zip(*(table.values(column.key) for column in columns), strict=True)
    labels = [
        _(" of ").join(shown(value, of) for value, of in zip(row, columns, strict=True))
        for row in rows
    ]
    if chart.share:
        of = table.column(chart.share)
        shares = table.values(chart.share)
        labels = [
            label if part is None else f"{label} ({shown(part, of)})"
            for label, part in zip(labels, shares, strict=True)
        ]
    if chart.note:
        notes = _notes(chart.note, table)
        labels = [f"{label} {note}".rstrip() for label, note in zip(labels, notes, strict=True)]
    return labels


def _notes(key: str, table: Table) -> list[str]:
    of = table.column(key)
    return [shown(value, of) for value in table.values(key)]


def _paler(chart: Chart) -> Spec:
    """Another colour for the category that is none of the others."""
    if chart.apart is None:
        return {}
    return {"condition": {"test": {"field": "x", "equal": chart.apart}, "value": PALE}}


class _CountAxis:
    """An axis of counts from 0 to at least `highest`, with few grid lines at whole numbers."""

    def __init__(self, highest: int) -> None:
        step = _step(highest, 4)
        self.top = max(math.ceil(highest / step), 1) * step
        self._ticks = list(range(0, self.top + 1, step))

    def encoding(self, field: str) -> Spec:
        return {
            "field": field,
            "type": "quantitative",
            "scale": {"domain": [0, self.top], "nice": False},
            "axis": {"values": self._ticks, "format": ",d"},
        }


def _step(span: int, parts: int) -> int:
    """1, 2 or 5 times a power of ten, so that a span has about so many parts."""
    least = max(span / parts, 1)
    power = 10 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * 0.8)


def _time_step(seconds: int) -> int:
    """Seconds from one label of a video's timeline to the next."""
    steps = (5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
    return next((step for step in steps if step * 6 >= seconds), steps[-1])


def _is_duration(chart: Chart, table: Table) -> bool:
    return table.column(chart.x).kind is Kind.DURATION


def _is_over_weeks(chart: Chart, table: Table) -> bool:
    return table.column(chart.x).kind is Kind.COUNT


def _end(chart: Chart, table: Table) -> Any:
    """Where the x axis ends: with the last day or week, or the end of a video's last segment."""
    if _is_over_weeks(chart, table):
        return table.values(chart.x)[-1]
    if not _is_duration(chart, table):
        return _domain(chart, table)[1].isoformat()
    starts = _counts(table, chart.x)
    return starts[-1] + starts[1] - starts[0]


def _domain(chart: Chart, table: Table) -> tuple[date, date]:
    """The first and the last day of an axis: that of the last point, or of a flag in its days."""
    days = cast("list[date]", table.values(chart.x))
    return days[0], max([days[-1], *(flag.day for flag in chart.flags)])


def _x_axis(chart: Chart, table: Table) -> Spec:
    """Time: of the calendar, in weeks, or within a video."""
    if _is_over_weeks(chart, table):
        first, end = _counts(table, chart.x)[0], _end(chart, table)
        return {
            "field": "x",
            "type": "quantitative",
            "scale": {"domain": [first, end], "nice": False},
            "axis": {
                "values": list(range(first, end + 1, _step(end - first, 8))),
                "title": table.column(chart.x).title,
            },
        }
    if _is_duration(chart, table):
        end = _end(chart, table)
        return {
            "field": "x",
            "type": "quantitative",
            "scale": {"domain": [0, end], "nice": False},
            "axis": {
                "values": list(range(0, end + 1, _time_step(end))),
                "labelExpr": f"{_WHOLE_MINUTES} + ':' + format(datum.value % 60, '02d')",
            },
        }
    start, last = _domain(chart, table)
    is_long = last - start >= LONG_RANGE
    labels: Spec = {"tickCount": min(6, (last - start).days)}
    if chart.last_day and not is_long:
        # By itself the axis has days between the points, such as the Sundays before the weeks.
        days = cast("list[date]", table.values(chart.x))
        labels = {"values": [_moment(day) for day in days[:: math.ceil(len(days) / 6)]]}
    return {
        "field": "x",
        "type": "temporal",
        "scale": {"type": "utc", "domain": [_moment(start), _moment(last)]},
        "axis": {
            **labels,
            "format": "%b %Y" if is_long else "%-d %b",
        },
    }


def _dimmed() -> Spec:
    """Other bars than the one that someone points at."""
    return {"condition": {"test": NOT_DIMMED, "value": 1}, "value": 0.4}


def _rule() -> Spec:
    """A line through the points that someone points at."""
    return {
        "transform": [{"filter": FOCUSED}],
        "mark": {"type": "rule", "color": MUTED},
    }


def _so_far(chart: Chart, table: Table, keys: Sequence[str], y: _CountAxis) -> list[Spec]:
    """An open point on each line's last day, where that is not over."""
    days = table.values(chart.x)
    if not isinstance(days[-1], SoFar):
        return []
    return [
        {
            "transform": [{"filter": f"datum.i === {len(days) - 1}"}],
            "mark": {
                "type": "point",
                "size": 50,
                "opacity": 1,
                "fill": SURFACE,
                "stroke": colour(index),
                "strokeWidth": 2,
            },
            "encoding": {"y": y.encoding(key)},
        }
        for index, key in enumerate(keys)
    ]


def _dots(keys: Sequence[str], y: _CountAxis) -> list[Spec]:
    """The points that someone points at."""
    return [
        {
            "transform": [{"filter": FOCUSED}],
            "mark": {"type": "point", "filled": True, "size": 50, "color": colour(index)},
            "encoding": {"y": y.encoding(key)},
        }
        for index, key in enumerate(keys)
    ]


def _end_labels(chart: Chart, table: Table, ends: dict[str, Any], y: _CountAxis) -> list[Spec]:
    """The name of each series where it ends, moved apart where ends are near to each other.

    What was at an earlier time is named so, too.
    """
    colours = {key: colour(index) for index, key in enumerate(ends)}
    if chart.before and (earlier := table.values(chart.before)[-1]) is not None:
        ends, colours = {**ends, chart.before: earlier}, {**colours, chart.before: MUTED}
    places = _apart(list(ends.values()), LINE * y.top / HEIGHT, y.top)
    data = {
        "values": [
            {
                "x": _end(chart, table),
                "y": place,
                "text": table.column(key).title,
                "colour": colours[key],
            }
            for key, place in zip(ends, places, strict=True)
        ]
    }
    return [
        {
            "data": data,
            "mark": {"type": "point", "filled": True, "size": 40, "opacity": 1, "xOffset": 10},
            "encoding": {
                "y": y.encoding("y"),
                "color": {"field": "colour", "type": "nominal", "scale": None},
            },
        },
        {
            "data": data,
            "mark": {"type": "text", "align": "left", "dx": 18, "fontSize": FONT_SIZE},
            "encoding": {"y": y.encoding("y"), "text": {"field": "text"}},
        },
    ]


def _labels_at_ends(
    table: Table, ends: Mapping[str, tuple[Value, int]], y: _CountAxis
) -> list[Spec]:
    """A dot where each series ends, which may be before the axis does, and its label beside it.

    Labels of series that end together are moved apart; other lines may pass beneath a label.
    """
    together: dict[Value, list[str]] = {}
    for key, (x, _count) in ends.items():
        together.setdefault(x, []).append(key)
    places = {
        key: place
        for keys in together.values()
        for key, place in zip(
            keys, _apart([ends[key][1] for key in keys], LINE * y.top / HEIGHT, y.top), strict=True
        )
    }
    data = {
        "values": [
            {
                "x": x,
                "y": count,
                "label": places[key],
                "text": table.column(key).label or table.column(key).title,
                "colour": colour(index),
            }
            for index, (key, (x, count)) in enumerate(ends.items())
        ]
    }
    label = {"type": "text", "align": "left", "dx": 8, "fontSize": FONT_SIZE, "fontWeight": 600}
    halo = {"fill": SURFACE, "stroke": SURFACE, "strokeWidth": 5, "strokeJoin": "round"}
    encoding = {"y": y.encoding("label"), "text": {"field": "text"}}
    return [
        {"data": data, "mark": {**label, **halo}, "encoding": encoding},
        {
            "data": data,
            "mark": {"type": "point", "filled": True, "size": 40, "opacity": 1},
            "encoding": {
                "y": y.encoding("y"),
                "color": {"field": "colour", "type": "nominal", "scale": None},
            },
        },
        {"data": data, "mark": label, "encoding": encoding},
    ]


def _apart(values: Sequence[float], gap: float, top: float) -> list[float]:
    """Places near the values, between 0 and top, at least `gap` apart if there is room."""
    order = sorted(range(len(values)), key=values.__getitem__)
    places, lowest = list(values), 0.0
    for index in order:
        places[index] = max(places[index], lowest)
        lowest = places[index] + gap
    highest = top
    for index in reversed(order):
        places[index] = min(places[index], highest)
        highest = places[index] - gap
    return places
