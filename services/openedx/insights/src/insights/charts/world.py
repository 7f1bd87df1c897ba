"""The borders of the world's countries, and which of them a code stands for.

The file is TopoJSON, made by services/openedx/insights/make-world: the countries of Natural Earth,
already projected. A shape's id is the country's number in ISO 3166-1, as three digits; `at` is a
place within a country that is too small to be seen.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from django.templatetags.static import static
from django_countries import countries

WORLD = "insights/world.json"
COUNTRIES = "countries"  # the object in the file

_FILE = Path(__file__).parents[1] / "static" / WORLD


def world_url() -> str:
    """Where browsers find the file."""
    return static(WORLD)


@cache
def topology() -> dict[str, Any]:
    """The file's content."""
    world: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return world


@cache
def _points() -> dict[str, list[float] | None]:
    """Each shape with its point, None where it is large enough."""
    shapes = topology()["objects"][COUNTRIES]["geometries"]
    return {shape["id"]: shape.get("properties", {}).get("at") for shape in shapes if "id" in shape}


def shape_of(code: str) -> str | None:
    """The id of a country's shape, by its code in ISO 3166-1 alpha-2; None if it has none."""
    number = countries.numeric(code, padded=True)
    return number if number in _points() else None


def point_of(shape: str | None) -> list[float] | None:
    """A place on the map within a country that is too small to be seen; None for others."""
    return _points().get(shape or "")
