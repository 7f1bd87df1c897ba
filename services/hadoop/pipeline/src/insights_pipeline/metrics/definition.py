"""What a metric is: one definition, run by every engine, in full or on what changed.

A metric is a function from relations to SQL: its parameters are named after the tables that it
reads, and what it returns is a query in DuckDB's dialect (Spark's form is made from it). An engine
binds each name to a whole table, or to the part of it that matters now. So keeping a table up to
date and computing it from scratch run the same query.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from insights_pipeline.interval import Interval
    from insights_pipeline.schema import Table

Relation = str
"""A table's name, or a query in brackets: whatever may stand after FROM."""
Sql = str


@dataclass(frozen=True)
class Appended:
    """New events only add rows; rows of a key that is there already are left out."""


@dataclass(frozen=True)
class Added:
    """New events add to the numbers that their key has already.

    The table has a column `date`: rows follow from the events of their day.

    Attributes:
        latest: columns that keep the greatest value that their key has seen instead.
    """

    latest: tuple[str, ...] = ()


@dataclass(frozen=True)
class Latest:
    """Of all rows of a key, the one with the greatest values (the first, then the next) stays.

    New events only add rows; what they say of a key may be greater than what is known.
    """


@dataclass(frozen=True)
class PerEntity:
    """All rows of an entity follow from that entity's rows of the one table read.

    Attributes:
        columns: tell entities apart, in the table read and in this one.
    """

    columns: tuple[str, ...]


@dataclass(frozen=True)
class Summed:
    """Numbers that add up over the entities of the `PerEntity` table read."""


@dataclass(frozen=True)
class PerDay:
    """Rows of a day follow from that day's rows of the one table read, where `date` holds it.

    Inputs may be read beside it, if whoever changes one has the table filled anew.

    Attributes:
        column: holds the day in this table.
    """

    column: str = "date"


@dataclass(frozen=True)
class PerWeek:
    """Rows of a week follow from that week's rows of the one table read.

    Attributes:
        column: holds the Monday in this table.
    """

    column: str


@dataclass(frozen=True)
class Whole:
    """Small enough to compute anew each time."""


@dataclass(frozen=True)
class Viewed:
    """Never stored: a view over the table read."""


@dataclass(frozen=True)
class LookedUp:
    """What is asked for; the answers, in the last column, come from outside of the engines.

    Each is asked for once, and again where a run before it found nobody to ask.
    """


Upkeep = (
    Appended | Added | Latest | LookedUp | PerEntity | Summed | PerDay | PerWeek | Whole | Viewed
)


@dataclass(frozen=True)
class Metric:
    """A table and the query that fills it.

    Attributes:
        table: what is filled.
        define: the function; its docstring is the definition.
        upkeep: how the table is brought up to date when events are added.
    """

    table: Table
    define: Callable[..., Sql]
    upkeep: Upkeep

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name

    @property
    def reads(self) -> tuple[str, ...]:
        """Names of the tables that the query reads."""
        parameters = inspect.signature(self.define).parameters
        return tuple(name for name in parameters if name != "interval")

    def query(self, interval: Interval, relations: Mapping[str, Relation] | None = None) -> Sql:
        """The query over `relations`, by default the tables themselves, with the declared types."""
        columns = ", ".join(
            f'CAST("{c.name}" AS {c.type}) AS "{c.name}"' for c in self.table.columns
        )
        return f"SELECT {columns} FROM ({self.definition(interval, relations)}) AS defined"

    def definition(
        self, interval: Interval, relations: Mapping[str, Relation] | None = None
    ) -> Sql:
        """The query as the metric words it: its columns in any order, of whatever types."""
        parameters = inspect.signature(self.define).parameters
        bound = {name: (relations or {}).get(name, name) for name in self.reads}
        options = {"interval": interval} if "interval" in parameters else {}
        return self.define(**bound, **options)
