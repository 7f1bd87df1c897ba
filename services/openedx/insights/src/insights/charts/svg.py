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
_FRACTION = re.compile(r"(\.\d)\d+")  # what is beyond a tenth of a pixel


def svg(spec: Spec, name: str) -> SafeString:
    """The picture of a specification; `name` is what a screen reader says it is."""
    return format_html(
        '<svg role="img" aria-label="{}" {}', name, mark_safe(_rendered(spec)[len(_ROOT) :])
    )


def _rendered(spec: Spec) -> str:
    content = json.dumps([RENDERER, spec], sort_keys=True).encode()
    key = f"svg-{hashlib.sha256(content).hexdigest()}"
    picture: str | None = cache.get(key)
    if picture is None:
        picture = render(spec)
        cache.set(key, picture, timeout=None)
    return picture


def render(spec: Spec) -> str:
    """An SVG element that begins with `<svg ` and has neither styles nor scripts."""
    # Takes a second and starts threads: never before a server has forked.
    import vl_convert

    picture: str = vl_convert.vegalite_to_svg(spec)
    # The borders of the world's countries are a third as long so.
    return _PATH.sub(lambda path: _FRACTION.sub(r"\1", path[0]), picture)
