"""Charts as Vega-Lite specifications, and the pictures that become of them."""

from __future__ import annotations

import math
import re
from datetime import date, timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.charts.chart import Chart, Flag, Form, Mark
from insights.charts.specs import LETTER, MOST_BARS, plot_width, points, vega_lite
from insights.charts.style import MUTED, SURFACE
from insights.charts.svg import render
from insights.courses.answers.answer import Column, Kind, SoFar, Table

DAYS = [date(2026, 1, 5) + timedelta(days=number) for number in range(40)]


def table(kind: Kind, x: list[Any], *counts: list[Any]) -> Table:
    columns = [
        Column(f"y{number}", f"Series {number}", Kind.COUNT, counted=f"of {number}")
        for number in range(len(counts))
    ]
    return Table((Column("x", "X", kind), *columns), tuple(zip(x, *counts, strict=True)))


def chart(form: Form, series: int, **options: Any) -> Chart:
    return Chart(form, "x", tuple(f"y{number}" for number in range(series)), **options)


CHARTS = {
    "lines": (chart(Form.LINES, 2), table(Kind.DATE, DAYS, [5] * 40, [0, 1] * 20)),
    "areas": (chart(Form.AREAS, 2), table(Kind.DATE, DAYS, [5] * 40, [0, 1] * 20)),
    "one area": (chart(Form.AREAS, 1), table(Kind.DATE, DAYS[:2], [0, 0])),
    "areas and before": (
        chart(Form.AREAS, 2, before="y2"),
        table(Kind.DATE, DAYS, [5] * 40, [0, 1] * 20, [None, *range(39)]),
    ),
    "lines and before": (
        chart(Form.LINES, 1, before="y1"),
        table(Kind.DATE, DAYS[:3], [0, 0, 0], [7, None, 9]),
    ),
    "lines and flags": (
        chart(Form.LINES, 1, flags=(Flag(1, DAYS[1], ("Exam",)), Flag(2, DAYS[2], ("A", "B")))),
        table(Kind.DATE, DAYS[:3], [4, 5, 6]),
    ),
    "areas so far": (
        chart(Form.AREAS, 2),
        table(Kind.DATE, [*DAYS[:2], SoFar(2026, 1, 7)], [4, 5, 6], [1, 0, 1]),
    ),
    "weeks": (
        chart(Form.LINES, 3, dashed=True),
        table(Kind.COUNT, [1, 2, 3, 4], [4, 5, 6, 7], [3, 2, None, None], [None, 1, None, 1]),
    ),
    "segments": (chart(Form.AREAS, 2), table(Kind.DURATION, [0, 5, 10], [9, 5, 4], [0, 3, 0])),
    "columns": (
        chart(Form.COLUMNS, 1, mark=Mark(20, "half")),
        table(Kind.COUNT, [18, 20, 71, None], [4, 5, 1, 3]),
    ),
    "one column": (chart(Form.COLUMNS, 1), table(Kind.COUNT, [18], [1])),
    "bars": (chart(Form.BARS, 1, apart="b"), table(Kind.TEXT, ["a", "b"], [3, 0])),
    "bars in bars": (chart(Form.BARS, 2), table(Kind.TEXT, ["a", "b"], [3, 2], [2, 4])),
}


@pytest.fixture(params=CHARTS.values(), ids=list(CHARTS))
def example(request: pytest.FixtureRequest) -> tuple[Chart, Table]:
    return request.param


def picture(chart: Chart, table: Table, width: int = 720) -> ElementTree.Element:
    return ElementTree.fromstring(render(vega_lite(chart, table, width)))


def texts(picture: ElementTree.Element) -> list[str]:
    return [text for element in picture.iter() if (text := element.text)]


@pytest.mark.parametrize("width", [720, 340])
def test_pictures_are_as_wide_as_they_should_be_and_need_no_style_or_script(
    example: tuple[Chart, Table], width: int
) -> None:
    svg = picture(*example, width)
    assert svg.get("width") == str(width)
    for element in svg.iter():
        assert element.tag.rpartition("}")[2] in {"svg", "g", "path", "line", "rect", "text"}
        assert "style" not in element.attrib
        assert not any(name.startswith("on") or "href" in name for name in element.attrib)


def test_colours_are_the_pages(example: tuple[Chart, Table]) -> None:
    used = {
        element.get(name)
        for element in picture(*example).iter()
        for name in ("fill", "stroke")
        if element.get(name) not in (None, "none", "transparent")
    }
    assert used
    assert all(str(colour).startswith("var(--") for colour in used)


def test_a_name_that_is_html_is_a_text() -> None:
    name = '</b><script>"1"&amp;'
    bars = chart(Form.BARS, 1), table(Kind.TEXT, [name], [1])
    assert name in texts(picture(*bars))


def test_counts_begin_at_0_and_have_whole_numbers() -> None:
    svg = picture(chart(Form.LINES, 1), table(Kind.DATE, DAYS[:3], [0, 1, 1]))
    assert [text for text in texts(svg) if text.isdigit()] == ["0", "1"]
    svg = picture(chart(Form.LINES, 1), table(Kind.DATE, DAYS[:3], [0, 1999, 7]))
    assert [text for text in texts(svg) if text[0].isdigit() and " " not in text] == [
        "0",
        "500",
        "1,000",
        "1,500",
        "2,000",
    ]


def test_dates_name_the_day_or_in_a_long_range_the_year() -> None:
    short = texts(picture(*CHARTS["lines"]))
    assert "8 Feb" in short
    years = [date(2024, 1, 1), date(2026, 1, 1)]
    long = texts(picture(chart(Form.LINES, 1), table(Kind.DATE, years, [1, 2])))
    assert "Jan 2025" in long


def test_positions_in_a_video_are_minutes_and_seconds() -> None:
    svg = picture(
        chart(Form.AREAS, 1), table(Kind.DURATION, list(range(0, 300, 5)), list(range(60)))
    )
    assert {"0:00", "1:00", "5:00"} <= set(texts(svg))


def test_series_are_named_where_they_end_and_names_keep_apart() -> None:
    svg = picture(chart(Form.LINES, 3), table(Kind.DATE, DAYS[:2], [9, 5], [9, 5], [9, 5]))
    heights = [
        float(element.get("transform", "").partition(",")[2].rstrip(")"))
        for element in svg.iter()
        if (element.text or "").startswith("Series")
    ]
    assert len(heights) == 3
    heights.sort()
    assert heights[1] - heights[0] >= 15
    assert heights[2] - heights[1] >= 15


def test_bars_say_their_counts() -> None:
    assert {"3", "0"} <= set(texts(picture(*CHARTS["bars"])))
    assert {"2 of 3", "4 of 2", "Series 0", "Series 1"} <= set(
        texts(picture(*CHARTS["bars in bars"]))
    )


def test_only_so_many_bars_are_shown_as_an_eye_takes_in() -> None:
    names = [f"video {number}" for number in range(100)]
    bars = chart(Form.BARS, 1), table(Kind.TEXT, names, [100 - number for number in range(100)])
    shown = set(texts(picture(*bars))) & set(names)
    assert shown == set(names[:MOST_BARS])
    assert [point["at"] for point in points(*bars)] == names[:MOST_BARS]


def test_points_say_what_a_reader_hears() -> None:
    lines, numbers = CHARTS["lines"]
    assert points(lines, numbers)[1] == {
        "at": 1767657600000,  # 2026-01-06 in UTC
        "name": "6 Jan 2026",
        "text": "5 of 0, 1 of 1",
    }
    ages = chart(Form.COLUMNS, 1, point="Age {}"), CHARTS["columns"][1]
    assert [point["name"] for point in points(*ages)] == ["Age 18", "Age 20", "Age 71"]


def test_points_and_data_are_numbered_alike(example: tuple[Chart, Table]) -> None:
    data = vega_lite(*example, "container")["data"]["values"]
    numbers = [row["i"] for row in data if row["i"] is not None]
    assert numbers == list(range(len(points(*example))))


def test_an_earlier_time_is_a_dashed_line_with_a_name_and_in_what_is_read() -> None:
    lines, numbers = CHARTS["lines and before"]
    svg = picture(lines, numbers)
    (dashed,) = [element for element in svg.iter() if element.get("stroke-dasharray")]
    assert dashed.get("stroke") == MUTED
    assert {"Series 1", "10"} <= set(texts(svg))
    assert [point["text"] for point in points(lines, numbers)] == [
        "0 of 0, 7 of 1",
        "0 of 0",
        "0 of 0, 9 of 1",
    ]


@given(
    form=st.sampled_from([Form.LINES, Form.AREAS, Form.BARS]),
    counts=st.lists(st.tuples(*[st.integers(0, 10**6)] * 2), min_size=2, max_size=40),
)
def test_specifications_hold_the_tables_numbers(form: Form, counts: list[tuple[int, int]]) -> None:
    first, second = map(list, zip(*counts, strict=True))
    kind, x = (
        (Kind.TEXT, [str(n) for n in range(len(counts))])
        if form is Form.BARS
        else (
            Kind.DATE,
            DAYS[: len(counts)],
        )
    )
    rows = vega_lite(chart(form, 2), table(kind, x, first, second), 720)["data"]["values"][
        :MOST_BARS
    ]
    edges = ("edge1", "edge2") if form is Form.AREAS else ("y0", "y1")
    for row, (one, two) in zip(rows, counts, strict=False):
        assert [row[name] for name in edges] == [one, one + two if form is Form.AREAS else two]


def test_a_long_video_is_told_in_hours() -> None:
    starts = list(range(0, 7200, 5))
    long = table(Kind.DURATION, starts, [1] * len(starts), [0] * len(starts))

    labels = texts(picture(chart(Form.AREAS, 2), long))

    assert {"0:00", "20:00", "40:00", "1:00:00", "1:20:00"} <= set(labels)


def test_a_flag_is_a_line_with_a_number_and_its_texts_are_read() -> None:
    lines, numbers = CHARTS["lines and flags"]
    svg = picture(lines, numbers)

    dashed = [element for element in svg.iter() if element.get("stroke-dasharray")]
    assert len(dashed) == 2
    assert {"1", "2"} <= set(texts(svg))
    assert not {"Exam", "A", "B"} & set(texts(svg))
    assert [point["text"] for point in points(lines, numbers)] == [
        "4 of 0",
        "5 of 0 – Exam",
        "6 of 0 – A – B",
    ]


@pytest.mark.parametrize("form", [Form.LINES, Form.AREAS])
def test_a_day_that_is_not_over_is_an_open_point_and_read_so(form: Form) -> None:
    today = SoFar(2026, 1, 7)

    def open_points(days: list[date]) -> int:
        spec = vega_lite(chart(form, 2), table(Kind.DATE, days, [4, 5, 6], [1, 0, 1]), 700)
        return sum(layer["mark"].get("fill") == SURFACE for layer in spec["layer"])

    assert open_points([*DAYS[:2], today]) == 2
    assert open_points(DAYS[:3]) == 0
    (*_others, last) = points(chart(form, 1), table(Kind.DATE, [*DAYS[:2], today], [4, 5, 6]))
    assert last["name"].endswith(" (so far)")


@pytest.mark.parametrize("count", [2, 6, 9, 17, 40])
def test_weeks_are_labelled_with_the_days_on_which_they_begin(count: int) -> None:
    mondays = [DAYS[0] + timedelta(weeks=number) for number in range(count)]
    numbers = Table(
        (
            Column("x", "From", Kind.DATE),
            Column("end", "to", Kind.DATE),
            Column("y0", "Y", Kind.COUNT),
        ),
        tuple((monday, monday + timedelta(days=6), 1) for monday in mondays),
    )

    drawn = ElementTree.fromstring(
        render(vega_lite(chart(Form.LINES, 1, last_day="end"), numbers, 720))
    )

    texts = [element.text for element in drawn.iter() if element.tag.endswith("text")]
    labels = [text for text in texts if text and re.fullmatch(r"\d+ [A-Z][a-z]{2}", text)]
    assert 2 <= len(labels) <= 6
    assert labels[0] == "5 Jan"
    assert set(labels) <= {f"{monday.day} {monday:%b}" for monday in mondays}


def test_an_axis_reaches_to_a_flag_within_the_last_points_days() -> None:
    weeks = [DAYS[0], DAYS[7]]
    numbers = Table(
        (
            Column("x", "From", Kind.DATE),
            Column("end", "to", Kind.DATE),
            Column("y0", "Y", Kind.COUNT),
        ),
        tuple((monday, monday + timedelta(days=6), 1) for monday in weeks),
    )
    for day, last in ((DAYS[2], DAYS[7]), (DAYS[12], DAYS[12])):
        lines = chart(Form.LINES, 1, last_day="end", flags=(Flag(1, day, ("Exam",)),))
        assert lines.days(numbers) == (DAYS[0], DAYS[13])
        axis = vega_lite(lines, numbers, 720)["encoding"]["x"]["scale"]["domain"]
        assert axis[1] == {"year": last.year, "month": last.month, "date": last.day, "utc": True}


@given(
    st.sets(st.integers(0, 399), max_size=200).map(sorted),
    st.sampled_from([340, 720]),
    st.integers(1, 399),
)
def test_numbers_of_flags_never_overlap_and_name_each_flag(
    at: list[int], width: int, length: int
) -> None:
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(length + 1)]
    flagged = [days[number] for number in at if number <= length]
    flags = tuple(Flag(number, day, ("x",)) for number, day in enumerate(flagged, 1))
    lines = chart(Form.LINES, 1, flags=flags), table(Kind.DATE, days, [1] * len(days))
    spec = vega_lite(*lines, width)
    if not flags:
        return
    drawn, labels = spec["layer"][:2]
    assert [line["x"] for line in drawn["data"]["values"]] == [str(day) for day in flagged]

    named: list[int] = []
    right = -math.inf
    for label in labels["data"]["values"]:
        first, _dash, last = label["text"].partition("–")
        assert label["x"] == str(flagged[int(first) - 1])
        named += range(int(first), int(last or first) + 1)
        days_in = (flagged[int(first) - 1] - days[0]).days
        left = days_in * plot_width(*lines, width) / length
        assert left > right
        right = left + len(label["text"]) * LETTER
    assert named == list(range(1, len(flags) + 1))


def test_lines_over_weeks_differ_by_their_dashes_and_are_named_where_they_end() -> None:
    lines, numbers = CHARTS["weeks"]
    svg = picture(lines, numbers)

    drawn = [element for element in svg.iter() if element.get("stroke-dasharray")]
    assert len({element.get("stroke-dasharray") for element in drawn}) == len(drawn) == 3
    assert len({element.get("stroke") for element in drawn}) == 3
    assert {"1", "2", "3", "4", "X", "Series 0", "Series 1", "Series 2"} <= set(texts(svg))
    ends = {
        element.text: float(re.findall(r"[\d.]+", element.get("transform", ""))[0])
        for element in svg.iter()
        if (element.text or "").startswith("Series")
    }
    # The second one has two weeks of four.
    assert ends["Series 0"] == ends["Series 2"] > ends["Series 1"] + 100
    assert [point["text"] for point in points(lines, numbers)] == [
        "4 of 0, 3 of 1",
        "5 of 0, 2 of 1, 1 of 2",
        "6 of 0",
        "7 of 0, 1 of 2",
    ]
