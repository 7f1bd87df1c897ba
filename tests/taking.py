"""Inputs taken in without logs: what a warehouse has of them, and what the run says."""

from __future__ import annotations

import csv
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from insights_pipeline import inputs
from insights_pipeline.inputs import Inputs
from insights_pipeline.inputs.geo import open_geo
from insights_pipeline.warehouse import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from insights_pipeline.schema import Table
    from insights_pipeline.warehouse import Warehouse


@dataclass(frozen=True)
class Site:
    """A data folder, and a folder of LMS tables beside it."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def lms(self) -> Path:
        return self.folder / "lms"

    def take(self, given: Inputs | None = None) -> list[str]:
        """Take inputs in, by default the folder's; returns the notes."""
        given = given or Inputs(lms=self.lms)
        with (
            open_geo(given.geo) as countries,
            self._open() as warehouse,
            warehouse.run(uuid4().hex),
        ):
            return inputs.take_in(warehouse, given, countries)

    def table(self, table: Table, *columns: str) -> list[tuple[Any, ...]]:
        """What the warehouse has of a table, sorted."""
        names = ", ".join(columns or table.names)
        with self._open() as warehouse:
            return warehouse.connection.execute(
                f"SELECT {names} FROM {table.name} ORDER BY ALL"
            ).fetchall()

    def rest(self) -> list[str]:
        """What lies in the data folder beside the warehouse."""
        return sorted(path.name for path in (self.data / "inputs").glob("*"))

    def write(self, table: str, *rows: Iterable[object]) -> Path:
        """Write a table as CSV: its columns, then its rows."""
        self.lms.mkdir(parents=True, exist_ok=True)
        path = self.lms / f"{table}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            for row in rows:
                writer.writerow(r"\N" if value is None else value for value in row)
        return path

    @contextmanager
    def _open(self) -> Iterator[Warehouse]:
        with open_warehouse(self.data, 2**28, 1) as warehouse:
            yield warehouse
