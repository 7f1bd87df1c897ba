"""Files of one JSON object a line, as REST services list things."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from insights_pipeline.inputs.sources import SourceError, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from insights_pipeline.inputs.sources import Row, Spool

    RowsOf = Callable[[dict[str, Any]], Iterable[Row]]
    """The rows that an object tells, values in the order of the table's columns.

    Raises NotOneError for one that is not of the kind that it should be.
    """

_ROWS_AT_ONCE = 10_000


class NotOneError(ValueError):
    """An object is not of the kind that it should be; the message says what it lacks."""


def read(path: Path, spool: Spool, rows_of: RowsOf, kind: str) -> None:
    """Read a file; lines that are of another kind are left out, and noted.

    Args:
        kind: what a line is, such as "course run", for messages.

    Raises:
        SourceError: it cannot be read, or no line of it is of that kind.
    """
    waiting: list[Row] = []
    good, bad, first = 0, 0, ""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                try:
                    waiting += rows_of(parsed(line))
                    good += 1
                except NotOneError as error:
                    bad += 1
                    first = first or f"{path}, line {number}: no {kind}: {error}"
                if len(waiting) >= _ROWS_AT_ONCE:
                    spool.add_rows(waiting)
                    waiting = []
    except OSError as error:
        raise unreadable(path, error) from error
    spool.add_rows(waiting)
    if bad and not good:
        raise SourceError(first)
    if bad:
        spool.notes.append(f"{first}; left out" + (f", as {bad - 1} more are" if bad > 1 else ""))


def parsed(line: str) -> dict[str, Any]:
    """The object that a line holds.

    Raises:
        NotOneError: it holds none.
    """
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise NotOneError("one JSON object a line is needed")
    return found


def text(value: object, longest: int = 255) -> str | None:
    """A value of JSON as a text of one line, cut where it is longer; None for null."""
    return None if value is None else " ".join(str(value).split())[:longest]
