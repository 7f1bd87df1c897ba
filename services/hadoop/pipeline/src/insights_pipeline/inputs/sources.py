"""What all sources of inputs have in common: how they fail, and where their rows wait."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from insights_pipeline.warehouse import told_as_pipeline_errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from insights_pipeline.schema import Table

PLACE = "place"
"""The column that counts the rows of an input, in the source's order."""
Row = tuple[str | None, ...]
"""Values as text, in the order of a table's columns."""


class SourceError(Exception):
    """A source does not give what it should; the message says which, and why, in one line.

    It fails no run: what an earlier run took in of that input stands, and the run says so.
    """


def unreadable(path: Path, error: OSError) -> SourceError:
    """The error of a file that cannot be read."""
    return SourceError(f"{path}: {error.strerror or error}: check that you may read it")


def counted(count: int, noun: str) -> str:
    """So many of something."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


class Spool(AbstractContextManager["Spool"]):
    """Rows of an input, all values as text, on their way from a source to the warehouse.

    They wait in a Parquet file, so that nothing of a source that breaks off gets into a table.

    Attributes:
        rows: how many there are.
        notes: what was odd about the source, for the operator.
    """

    def __init__(self, path: Path, table: Table) -> None:
        fields = [(name, pa.string()) for name in table.names]
        self.path, self.table = path, table
        self.rows = 0
        self.notes: list[str] = []
        self._schema = pa.schema([*fields, (PLACE, pa.int64())])
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with told_as_pipeline_errors(self.path.parent):
            self._writer.close()
            if kind:
                self.path.unlink(missing_ok=True)

    def add(self, columns: Sequence[pa.Array]) -> None:
        """Add rows, given by columns of text."""
        count = len(columns[0])
        places = pa.array(range(self.rows, self.rows + count), pa.int64())
        # A full disk is no fault of the source.
        with told_as_pipeline_errors(self.path.parent):
            self._writer.write_batch(pa.record_batch([*columns, places], schema=self._schema))
        self.rows += count

    def add_rows(self, rows: Sequence[Row]) -> None:
        """Add rows."""
        if rows:
            self.add([_array(column) for column in zip(*rows, strict=True)])


def _array(texts: Sequence[str | None]) -> pa.Array:
    try:
        return pa.array(texts, pa.string())
    except UnicodeEncodeError:
        # JSON may name halves of characters (surrogates), which no text can hold alone.
        whole = [text and text.encode("utf-8", "replace").decode() for text in texts]
        return pa.array(whole, pa.string())
