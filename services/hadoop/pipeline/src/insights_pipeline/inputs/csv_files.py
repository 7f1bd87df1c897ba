"""The LMS's tables as CSV files: a header, and \\N for null."""

from __future__ import annotations

import csv
from collections import Counter
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv

from insights_pipeline.inputs.sources import SourceError, counted, unreadable

if TYPE_CHECKING:
    from pathlib import Path

    from insights_pipeline.inputs.sources import Spool

_NULL = r"\N"
_BLOCK = 2**24
"""Bytes that are read at a time; a row may have no more."""
_RAGGED = "row with too few or too many values left out"
_NOT_UTF_8 = "value not UTF-8"


def read(path: Path, spool: Spool) -> None:
    """Read a table's file; columns may stand in any order, beside others.

    Rows with too few or too many values are left out, bytes that are not UTF-8 become U+FFFD; both
    are noted.

    Raises:
        SourceError: it is not that table's.
    """
    table = spool.table
    try:
        missing = {c.name for c in table.columns if not c.optional}.difference(_header(path))
        if missing:
            names = ", ".join(name for name in table.names if name in missing)
            raise SourceError(
                f"{path}, line 1: no column {names}: export the LMS's table {table.name} with its"
                " header"
            )
        _read_rows(path, spool)
    except OSError as error:
        raise unreadable(path, error) from error


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        try:
            return next(csv.reader(file), [])
        except csv.Error:
            return []


def _read_rows(path: Path, spool: Spool) -> None:
    names = spool.table.names
    odd: Counter[str] = Counter()

    def leave_out(_row: pyarrow.csv.InvalidRow) -> str:
        odd[_RAGGED] += 1
        return "skip"

    try:
        with pyarrow.csv.open_csv(
            path,
            read_options=pyarrow.csv.ReadOptions(block_size=_BLOCK),
            parse_options=pyarrow.csv.ParseOptions(
                newlines_in_values=True, invalid_row_handler=leave_out
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                include_columns=names,
                include_missing_columns=True,
                # Not as strings: one that is not UTF-8 would end the reading.
                column_types=dict.fromkeys(names, pa.binary()),
                null_values=[_NULL],
                strings_can_be_null=True,
            ),
        ) as batches:
            for batch in batches:
                spool.add([_decoded(column, odd) for column in batch.columns])
    except pa.ArrowInvalid as error:
        reason = str(error).splitlines()[0]
        raise SourceError(f"{path}: {reason}: export the table anew") from error
    for what, count in odd.items():
        first, _, rest = what.partition(" ")
        spool.notes.append(f"{path}: {counted(count, first)} {rest}")


def _decoded(column: pa.Array, odd: Counter[str]) -> pa.Array:
    try:
        return column.cast(pa.string())
    except pa.ArrowInvalid:
        texts = [_text(value, odd) for value in column.to_pylist()]
        return pa.array(texts, pa.string())


def _text(value: bytes | None, odd: Counter[str]) -> str | None:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        odd[_NOT_UTF_8] += 1
        return value.decode(errors="replace")
