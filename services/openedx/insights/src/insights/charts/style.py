"""How all charts look: Vega-Lite's configuration, in the colours of the page's style sheet.

Colours are CSS variables. Vega passes them on as they are, so one rendering serves light and dark.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import dateformat, dates, formats

TEXT, MUTED, GRID = "var(--text)", "var(--muted)", "var(--chart-grid)"
SURFACE = "var(--surface)"
PALE = "var(--chart-pale)"  # for what is beside the point
SERIES = tuple(f"var(--chart-{number})" for number in range(1, 7))
LAND = "var(--chart-land)"  # of countries without a learner
MAP = tuple(f"var(--chart-map-{number})" for number in range(1, 6))  # from few to many
FONT, FONT_SIZE = "system-ui", 12


def colour(index: int) -> str:
    """The colour of a series."""
    return SERIES[index % len(SERIES)]


def config() -> dict[str, Any]:
    """The configuration, in the language of the page."""
    return {
        "background": None,
        "aria": False,  # a picture with a name, beside its table
        "font": FONT,
        "padding": {"left": 2, "right": 4, "top": 8, "bottom": 2},
        "view": {"stroke": None},
        "text": {"color": TEXT, "fontSize": FONT_SIZE},
        "axis": {
            "domain": False,
            "ticks": False,
            "grid": False,
            "gridColor": GRID,
            "labelColor": MUTED,
            "labelFontSize": FONT_SIZE,
            "labelPadding": 6,
            "title": None,
            "titleColor": MUTED,
            "titleFontSize": FONT_SIZE,
            "titleFontWeight": "normal",
        },
        "axisX": {"labelFlush": True, "labelOverlap": True, "labelAngle": 0},
        "axisY": {"grid": True},
        "legend": {
            "orient": "top",
            "title": None,
            "labelColor": TEXT,
            "labelFontSize": FONT_SIZE,
            "labelLimit": 300,  # a title in a longer language than English, on a phone
            "symbolType": "square",
            "columns": 1,
            "offset": 4,
        },
        "locale": locale(),
    }


def locale() -> dict[str, Any]:
    """Django's localisation in the form of d3-format and d3-time-format."""
    # "j M" or "j b": some languages have months in lower case.
    short = formats.get_format("SHORT_DATE_FORMAT")[-1]
    return {
        "number": {
            "decimal": formats.get_format("DECIMAL_SEPARATOR"),
            "thousands": formats.get_format("THOUSAND_SEPARATOR"),
            "grouping": [formats.get_format("NUMBER_GROUPING") or 3],
            "currency": ["", ""],
        },
        "time": {
            "dateTime": "%c",
            "date": "%x",
            "time": "%X",
            "periods": ["AM", "PM"],
            # d3's weeks begin on Sunday, Django's on Monday.
            "days": [str(dates.WEEKDAYS[(day - 1) % 7]) for day in range(7)],
            "shortDays": [str(dates.WEEKDAYS_ABBR[(day - 1) % 7]) for day in range(7)],
            "months": [str(dates.MONTHS[month]) for month in range(1, 13)],
            "shortMonths": [
                dateformat.format(date(2000, month, 1), short) for month in range(1, 13)
            ],
        },
    }
