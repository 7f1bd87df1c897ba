"""Charts for paper and mail: pictures that need no style sheet, in the light colours."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from insights.charts.specs import vega_lite
from insights.charts.style import FONT
from insights.charts.svg import picture
from insights.fonts import FAMILIES, folders

if TYPE_CHECKING:
    from insights.charts.chart import Chart
    from insights.courses.answers.answer import Table

_STYLES = Path(__file__).parents[1] / "static/insights/insights.css"
_SCALE = 2  # pixels of a picture for each of a page, as screens of phones have


@cache
def light_colours() -> dict[str, str]:
    """The colours of the style sheet's first rule, by their names there, such as `--text`."""
    rule = _STYLES.read_text(encoding="utf-8").partition(":root {")[2].partition("}")[0]
    return dict(re.findall(r"(--[\w-]+): (#\w+);", rule))


def svg(chart: Chart, table: Table, width: int) -> str:
    """A chart, so many pixels wide, as an SVG that stands by itself."""
    drawn = picture(vega_lite(chart, table, width)).replace(FONT, FAMILIES[0])
    return re.sub(r"var\((--[\w-]+)\)", lambda name: light_colours()[name[1]], drawn)


def png(chart: Chart, table: Table, width: int) -> bytes:
    """The same as a PNG with twice as many pixels, on the light surface."""
    # Takes a second and starts threads: never before a server has forked.
    import vl_convert

    _register_fonts()
    drawn = svg(chart, table, width)
    ground = f'<rect width="100%" height="100%" fill="{light_colours()["--surface"]}"/>'
    content: bytes = vl_convert.svg_to_png(re.sub("^<svg [^>]*>", rf"\g<0>{ground}", drawn), _SCALE)
    return content


@cache
def _register_fonts() -> None:
    import vl_convert

    for folder in folders():
        vl_convert.register_font_directory(folder)
