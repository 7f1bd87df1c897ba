"""What each table was made of, from run to run: what would come out the same is left as it is."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING

from insights_pipeline import schema

if TYPE_CHECKING:
    from insights_pipeline.metrics import Metric
    from insights_pipeline.warehouse import Warehouse

_META = "made_of"  # the value of `meta` that remembers it
_AT_HOME = {table.name: table for table in (*schema.INPUTS, *schema.HOME)}


class Ingredients:
    """A metric's query and the versions of the tables that it reads, now and at the last run.

    The version of a table that the warehouse holds follows from its rows; that of any other is the
    run that made it.
    """

    def __init__(self, warehouse: Warehouse, run: int, new_events: bool) -> None:
        """Recall the last run's.

        Args:
            run: the number of this one.
            new_events: whether it read any.
        """
        self._warehouse, self._run = warehouse, str(run)
        row = warehouse.connection.execute(
            "SELECT value FROM meta WHERE name = ?", [_META]
        ).fetchone()
        remembered = json.loads(row[0]) if row else {"digests": {}, "versions": {}}
        self._digests: dict[str, str] = remembered["digests"]
        self._versions: dict[str, str] = remembered["versions"]
        self._rows: dict[str, str] = {}
        if new_events:
            self._versions[schema.EVENTS.name] = self._run

    def are_the_same(self, metric: Metric, query: str) -> bool:
        """Whether the last run made the table of these very ones."""
        return self._digests.get(metric.name) == self._digest(metric, query)

    def made(self, metric: Metric, query: str) -> None:
        """Remember that this run made the table."""
        self._digests[metric.name] = self._digest(metric, query)
        self._versions[metric.name] = self._run

    def keep(self) -> None:
        """Make what is remembered part of the run's transaction."""
        remembered = {"digests": self._digests, "versions": self._versions}
        self._warehouse.set_meta(_META, json.dumps(remembered))

    def _digest(self, metric: Metric, query: str) -> str:
        versions = [f"{name} {self._version(name)}" for name in metric.reads]
        return sha256("\n".join([query, *versions]).encode()).hexdigest()

    def _version(self, name: str) -> str:
        if name not in _AT_HOME:
            return self._versions.get(name, "")
        if name not in self._rows:
            columns = ", ".join(f'"{column}"' for column in _AT_HOME[name].names)
            ((count, total),) = self._warehouse.connection.execute(
                f"SELECT COUNT(*), SUM(HASH({columns})::HUGEINT) FROM {name}"
            ).fetchall()
            self._rows[name] = f"{count} {total}"
        return self._rows[name]
