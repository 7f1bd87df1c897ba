"""Charts as SVG, rendered on the server: what a page shows where no script runs."""

from __future__ import annotations

import hashlib
import json
import re
from importlib.metadata import version
from typing import TYPE_CHECKING

from django.core.cache import cache
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:
    from insights.charts.specs import Spec

RENDERER = f"vl-convert-python {version('vl-convert-python')}"
_ROOT = "<svg "
_PATH = re.compile(r' d="([^"]*)"')
_ROLE = re.compile(r' (?:role|aria-\w+)="[^"]*"')
_FRACTION = re.compile(r"(\.\d)\d+")  # what is beyond a tenth of a pixel


def svg(spec: Spec, name: str) -> SafeString:
    """The picture of a specification; `name` is what a screen reader says it is."""
    return format_html(
        '<svg role="img" aria-label="{}" {}', name, mark_safe(picture(spec)[len(_ROOT) :])
    )


def picture(spec: Spec) -> str:
    """The picture of a specification, as `render` makes it; made once."""
    content = json.dumps([RENDERER, spec], sort_keys=True).encode()
    key = f"svg-{hashlib.sha256(content).hexdigest()}"
    drawn: str | None = cache.get(key)
    if drawn is None:
        drawn = render(spec)
        cache.set(key, drawn, timeout=None)
    return drawn


def render(spec: Spec) -> str:
    """An SVG element that begins with `<svg ` and has neither styles, scripts nor roles."""
    # Takes a second and starts threads: never before a server has forked.
    import vl_convert

    # One picture to a screen reader, with one name: its parts have none.
    drawn = _ROLE.sub("", vl_convert.vegalite_to_svg(spec))
    # The borders of the world's countries are a third as long so.
    return _PATH.sub(lambda path: _FRACTION.sub(r"\1", path[0]), drawn)
