"""From a source into the warehouse: rows are cast, counted, and take the place of those of before.

`ledger.input` knows of each input what it was made from, when that was last seen to be its source's
state, and what was odd about it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from insights_pipeline import forgotten
from insights_pipeline.inputs.sources import PLACE, counted
from insights_pipeline.schema import Type
from insights_pipeline.warehouse import quoted

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from insights_pipeline.inputs.sources import Spool
    from insights_pipeline.schema import Column, Table
    from insights_pipeline.warehouse import Warehouse

_KINDS = {
    Type.INTEGER: "whole number",
    Type.BIGINT: "whole number",
    Type.DOUBLE: "number",
    Type.BOOLEAN: "truth value",
    Type.DATE: "date",
    Type.TIMESTAMP: "time",
}


class Intake:
    """What a warehouse knows of its inputs; inside a run's transaction."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._connection, self._data = warehouse.connection, warehouse.folder

    def dates(self) -> dict[str, date]:
        """Of each input that was ever taken in, the UTC date on which its source was seen last."""
        rows = self._connection.execute("SELECT name, seen FROM ledger.input").fetchall()
        return dict(rows)

    def notes(self, name: str) -> list[str]:
        """What was odd about the input that is there."""
        row = self._connection.execute(
            "SELECT notes FROM ledger.input WHERE name = ?", [name]
        ).fetchone()
        notes: list[str] = json.loads(row[0]) if row and row[0] else []
        return notes

    def has(self, name: str, version: str) -> bool:
        """Whether the warehouse has the input as it is now; that is remembered."""
        found = self._connection.execute(
            "UPDATE ledger.input SET seen = ? WHERE name = ? AND version = ? RETURNING name",
            [_today(), name, version],
        ).fetchall()
        return bool(found)

    def replace(self, spool: Spool, version: str) -> None:
        """Make a table what was spooled, and remember from what.

        Of rows with the same key the last one holds; rows without a key are left out. Both are
        noted, as are values that are not of their column's type, which are taken for unknown.
        """
        table, do = spool.table, self._connection.execute
        source = f"read_parquet({quoted(str(spool.path))})"
        keys = ", ".join(map(_quoted_name, table.key))
        key = [column for column in table.columns if column.name in table.key]
        keyed = " AND ".join(f"{_cast(column)} IS NOT NULL" for column in key)
        notes = [*spool.notes, *self._odd_values(table, source)]
        do(f"""
            CREATE OR REPLACE TEMP TABLE repeated AS
            SELECT {_casts(table, table.key)}, MAX({PLACE}) AS last, COUNT(*) AS times
            FROM {source} WHERE {keyed} GROUP BY ALL HAVING times > 1
        """)
        ((superseded,),) = do("SELECT COALESCE(SUM(times - 1), 0)::BIGINT FROM repeated").fetchall()
        do(f"DELETE FROM {table.name}")
        do(f"""
            INSERT INTO {table.name} BY NAME
            SELECT fresh.* EXCLUDE ({PLACE})
            FROM (SELECT {_casts(table, table.names)}, {PLACE} FROM {source} WHERE {keyed}) AS fresh
            LEFT JOIN repeated USING ({keys})
            WHERE repeated.last IS NULL OR fresh.{PLACE} = repeated.last
        """)
        ((rows,),) = do(f"SELECT COUNT(*) FROM {table.name}").fetchall()
        if gone := forgotten.load(self._data):
            forgotten.clear_table(self._connection, table, gone)
        named = ", ".join(table.key)
        if superseded:
            notes.append(f"{table.name}: {counted(superseded, 'row')} left out for a later {named}")
        if unkeyed := spool.rows - rows - superseded:
            notes.append(f"{table.name}: {counted(unkeyed, 'row')} without {named} left out")
        do(
            "INSERT OR REPLACE INTO ledger.input (name, version, seen, notes) VALUES (?, ?, ?, ?)",
            [table.name, version, _today(), json.dumps(notes)],
        )

    def _odd_values(self, table: Table, source: str) -> list[str]:
        checked = [c for c in table.columns if c.type in _KINDS and c.name not in table.key]
        if not checked:
            return []
        counts = ", ".join(
            # An empty field is how some programs write null.
            f"COUNT(*) FILTER (WHERE {_cast(c)} IS NULL AND TRIM({_quoted_name(c.name)}) <> '')"
            for c in checked
        )
        (found,) = self._connection.execute(f"SELECT {counts} FROM {source}").fetchall()
        return [
            f"{table.name}.{column.name}: {counted(count, 'value')} not a {_KINDS[column.type]},"
            " taken for unknown"
            for column, count in zip(checked, found, strict=True)
            if count
        ]


def _casts(table: Table, names: Sequence[str]) -> str:
    return ", ".join(
        f"{_cast(c)} AS {_quoted_name(c.name)}" for c in table.columns if c.name in names
    )


def _cast(column: Column) -> str:
    value = f"TRY_CAST({_quoted_name(column.name)} AS {column.type})"
    if column.type is Type.DOUBLE:
        # No report can hold what is infinite, or not a number.
        return f"CASE WHEN ISFINITE({value}) THEN {value} END"
    return value


def _quoted_name(name: str) -> str:
    return f'"{name}"'


def _today() -> date:
    return datetime.now(UTC).date()
