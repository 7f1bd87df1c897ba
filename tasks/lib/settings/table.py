"""The effective settings as `inv config.show` shows them: secrets masked."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tasks.lib.settings import Settings

MASK = "********"


@dataclass(frozen=True)
class Row:
    """A setting, as may be shown to everybody."""

    name: str
    value: str | None
    """The mask where it is secret; None where there is no value yet."""
    source: str
    file: str
    """Relative to the checkout: where the setting belongs, with the line that sets it."""


def rows(settings: Settings) -> list[Row]:
    """All declared settings, in the order of the templates."""
    return [
        Row(name, _shown(settings, name), settings.source(name), _file(settings, name))
        for name in settings.declarations
    ]


def _shown(settings: Settings, name: str) -> str | None:
    value = settings.get(name)
    return MASK if value and settings.declarations[name].type.secret else value


def _file(settings: Settings, name: str) -> str:
    file = settings.declarations[name].file.relative_to(settings.root)
    line = settings.line(name)
    return f"{file}:{line}" if line else str(file)


def as_json(rows: Iterable[Row]) -> str:
    """A list of objects with the fields of `Row`."""
    return json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False)


def show(rows: Iterable[Row]) -> None:
    """Prints a table, as wide as its values."""
    headings = ("name", "value", "source", "file")
    lines = [headings, *((row.name, row.value or "", row.source, row.file) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells).rstrip())
