"""Brings every table up to date with new events, by running its metric on what changed.

What a run has to look at anew are the days of its new events, and the days that entered or left
the interval, or are over, since the run before. Everything else stands.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

import pyarrow as pa

from insights_pipeline.metrics import (
    METRICS,
    Added,
    Appended,
    Latest,
    LookedUp,
    Metric,
    PerDay,
    PerEntity,
    PerWeek,
    Relation,
    Summed,
    Viewed,
    Whole,
)
from insights_pipeline.schema import HOME, INPUTS
from insights_pipeline.schema.columns import GONE, RUN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import duckdb

    from insights_pipeline.interval import Interval

_BEFORE = "__before"
"""Suffix of the temporary tables that hold what touched entities were before."""
_QUESTIONS = 50_000  # that are asked before their answers are stored
_HOME = {table.name for table in HOME}
_INPUTS = {table.name for table in INPUTS}
_PER_ENTITY = {metric.name for metric in METRICS if isinstance(metric.upkeep, PerEntity)}


@dataclass(frozen=True)
class Change:
    """What a run adds.

    Attributes:
        run: its number.
        interval: the dates that the tables cover from now on.
        before: the dates that they covered up to now; None on the first run.
        new: tables to fill anew: those of metrics that came with an upgrade, or of which all that
            was filled has changed.
        look_up: tells the country of an address; None: there is no database of countries.
    """

    run: int
    interval: Interval
    before: Interval | None
    new: frozenset[str] = frozenset()
    look_up: Callable[[str], str] | None = None


def bring_up_to_date(
    connection: duckdb.DuckDBPyConnection,
    change: Change,
    metrics: Iterable[Metric],
    step: Callable[[str], None],
) -> None:
    """Bring tables up to date with the events in the view `new_events`.

    New tables are filled from all events, in the view `events`.

    Args:
        connection: inside a transaction.
        change: what the run adds.
        metrics: whose tables; what they are made of comes before them, here or in an earlier call.
        step: called with each table's name before its turn.
    """
    upkeep = _Upkeep(connection, change)
    for metric in metrics:
        step(metric.name)
        upkeep.of(metric)


def replace(
    connection: duckdb.DuckDBPyConnection, change: Change, metric: Metric, query: str
) -> None:
    """Make a table what the query says, touching only the rows that differ.

    For an engine that computes elsewhere.
    """
    _Upkeep(connection, change).merge(metric, query, scope="TRUE")


def look_up(connection: duckdb.DuckDBPyConnection, change: Change, metric: Metric) -> None:
    """Have a table that is looked up answer all that its query asks for."""
    _Upkeep(connection, change).look_up(metric)


class _Upkeep:
    def __init__(self, connection: duckdb.DuckDBPyConnection, change: Change) -> None:
        self._connection = connection
        self._change = change

    def of(self, metric: Metric) -> None:
        match metric.upkeep:
            case Appended():
                self._append(metric)
            case Added(latest):
                self._add(metric, latest)
            case Latest():
                self._keep_latest(metric)
            case LookedUp():
                self.look_up(metric)
            case PerEntity(columns):
                self._replace_entities(metric, columns)
            case Summed():
                self._add_up(metric)
            case PerDay(column):
                self._replace_days(metric, column)
            case PerWeek(column):
                self._replace_weeks(metric, column)
            case Whole():
                self.merge(metric, self._query(metric, {}), scope="TRUE")
            case Viewed():
                self._do(f"CREATE OR REPLACE VIEW {metric.name} AS {self._query(metric, {})}")
            case _:
                assert_never(metric.upkeep)

    def _append(self, metric: Metric) -> None:
        is_new = metric.name in self._change.new
        query = self._query(metric, {"events": "events" if is_new else "new_events"})
        if metric.table.key and not is_new:
            # Late events may repeat what their day knows already.
            keys = _list(metric.table.key)
            query = f"""
                SELECT * FROM ({query}) ANTI JOIN (
                    SELECT {keys} FROM {metric.name}
                    WHERE date BETWEEN (SELECT MIN(date) FROM new_events)
                        AND (SELECT MAX(date) FROM new_events)
                ) USING ({keys})
            """
        self._do(f"INSERT INTO {metric.name} SELECT *, {self._change.run} FROM ({query})")

    def _add(self, metric: Metric, latest: tuple[str, ...]) -> None:
        name, run = metric.name, self._change.run
        is_new = name in self._change.new
        query = self._query(metric, {"events": "events" if is_new else "new_events"})
        added = ", ".join(
            f'"{value}" = GREATEST({name}."{value}", fresh."{value}")'
            if value in latest
            else f'"{value}" = {name}."{value}" + fresh."{value}"'
            for value in metric.table.values
        )
        self._do(f"CREATE OR REPLACE TEMP TABLE fresh AS SELECT *, {run} AS {RUN} FROM ({query})")
        days = self._connection.execute("SELECT MIN(date), MAX(date) FROM fresh").fetchone()
        if not days or days[0] is None:
            return
        # Named as constants, the days keep the engine from reading all others.
        self._do(f"""
            MERGE INTO {name} USING fresh
            ON {_same(metric.table.key, name, "fresh")}
                AND {name}.date BETWEEN DATE '{days[0]}' AND DATE '{days[1]}'
            WHEN MATCHED THEN UPDATE SET {added}, {RUN} = {run}
            WHEN NOT MATCHED THEN INSERT BY NAME
        """)

    def _keep_latest(self, metric: Metric) -> None:
        name, values = metric.name, metric.table.values
        is_new = name in self._change.new
        query = self._query(metric, {"events": "events" if is_new else "new_events"})
        fresh, known = (", ".join(f'{of}."{value}"' for value in values) for of in ("fresh", name))
        self._do(f"""
            MERGE INTO {name}
            USING (SELECT *, {self._change.run} AS {RUN} FROM ({query})) AS fresh
            ON {_same(metric.table.key, "fresh", name)}
            WHEN MATCHED AND ({fresh}) > ({known}) THEN UPDATE BY NAME
            WHEN NOT MATCHED THEN INSERT BY NAME
        """)

    def look_up(self, metric: Metric) -> None:
        """Ask for what has no answer yet, and forget what is not asked for any more."""
        name, (key,), (value,) = metric.name, metric.table.key, metric.table.values
        self.merge(
            metric,
            f"""
                SELECT asked."{key}", known."{value}"
                FROM ({self._query(metric, {})}) AS asked
                LEFT JOIN {name} AS known ON known."{key}" = asked."{key}"
            """,
            scope="TRUE",
        )
        find = self._change.look_up
        open_ones = f'SELECT "{key}" FROM {name} WHERE "{value}" IS NULL LIMIT {_QUESTIONS}'
        while find and (rows := self._connection.execute(open_ones).fetchall()):
            questions = [question for (question,) in rows]
            answers = pa.table({key: questions, value: [find(each) for each in questions]})
            self._connection.register("answer", answers)
            self._do(f"""
                UPDATE {name} SET "{value}" = answer."{value}", {RUN} = {self._change.run}
                FROM answer WHERE {_same((key,), "answer", name)}
            """)
            self._connection.unregister("answer")

    def _replace_entities(self, metric: Metric, entity: tuple[str, ...]) -> None:
        """Compute anew the entities with a changed row, and keep what they were before."""
        (source,) = metric.reads
        name, keys = metric.name, _list(entity)
        changed = f"SELECT {keys} FROM {source} WHERE {self._has_changed(metric)}"
        if source in _PER_ENTITY:
            # Also those of which nothing is left.
            changed += f" UNION ALL SELECT {keys} FROM {source}{_BEFORE}"
        self._do(f"CREATE OR REPLACE TEMP TABLE touched AS SELECT DISTINCT * FROM ({changed})")
        touched = f"(SELECT * FROM {{}} SEMI JOIN touched USING ({keys}))"
        if name in _HOME:
            query = self._query(metric, {source: touched.format(source)})
            columns = ", ".join(f'{name}."{column}"' for column in entity)
            self.merge(metric, query, f"({columns}) IN (SELECT ({keys}) FROM touched)")
            return
        self._do(f"CREATE OR REPLACE TEMP TABLE {name}{_BEFORE} AS FROM {touched.format(name)}")
        self._do(f"DELETE FROM {name} USING touched WHERE {_same(entity, name, 'touched')}")
        query = self._query(metric, {source: touched.format(source)})
        self._do(f"INSERT INTO {name} SELECT *, {self._change.run} FROM ({query})")

    def _add_up(self, metric: Metric) -> None:
        """Take off what the touched entities counted for before, add what they count for now."""
        (source,) = metric.reads
        name, run = metric.name, self._change.run
        keys, values = metric.table.key, metric.table.values
        before = self._query(metric, {source: f"{source}{_BEFORE}"})
        now = self._query(metric, {source: f"(FROM {source} WHERE {RUN} = {run})"})
        minus = ", ".join(f'-"{value}" AS "{value}"' for value in values)
        sums = ", ".join(f'SUM("{value}") AS "{value}"' for value in values)
        self._do(f"""
            CREATE OR REPLACE TEMP TABLE difference AS
            SELECT {_list(keys)}, {sums}, {run} AS {RUN}
            FROM (
                SELECT * FROM ({now})
                UNION ALL BY NAME
                SELECT {_list(keys)}, {minus} FROM ({before})
            )
            GROUP BY {_list(keys)}
        """)
        nothing = _all(f'{name}."{value}" + difference."{value}" = 0' for value in values)
        added = ", ".join(f'"{v}" = {name}."{v}" + difference."{v}"' for v in values)
        self._do(f"""
            MERGE INTO {name} USING difference ON {_same(keys, name, "difference")}
            WHEN MATCHED AND {nothing} THEN DELETE
            WHEN MATCHED THEN UPDATE SET {added}, {RUN} = {run}
            WHEN NOT MATCHED THEN INSERT BY NAME
        """)

    def _replace_days(self, metric: Metric, column: str) -> None:
        """Compute anew the days with a changed row."""
        (source,) = (name for name in metric.reads if name not in _INPUTS)
        self._do(f"""
            CREATE OR REPLACE TEMP TABLE touched AS
            SELECT DISTINCT date FROM {source} WHERE {self._has_changed(metric)}
        """)
        (ends,) = self._connection.execute("SELECT MIN(date), MAX(date) FROM touched").fetchall()
        if None in ends:
            return
        # Written out, the ends tell the engine which blocks of a table to leave alone.
        first, last = (f"DATE '{end}'" for end in ends)
        scope = f"{{0}} BETWEEN {first} AND {last} AND {{0}} IN (SELECT date FROM touched)"
        of_days = f"(SELECT * FROM {source} WHERE {scope.format('date')})"
        query = self._query(metric, {source: of_days})
        self.merge(metric, query, scope.format(f'{metric.name}."{column}"'))

    def _replace_weeks(self, metric: Metric, column: str) -> None:
        """Compute anew the weeks with a changed day."""
        (source,) = metric.reads
        self._do(f"""
            CREATE OR REPLACE TEMP TABLE touched AS
            SELECT DISTINCT monday
            FROM (SELECT *, CAST(DATE_TRUNC('week', date) AS DATE) AS monday FROM {source})
            WHERE {self._has_changed(metric, "monday", "monday + 6")}
        """)
        in_weeks = f"""(
            SELECT * FROM {source}
            WHERE CAST(DATE_TRUNC('week', date) AS DATE) IN (SELECT monday FROM touched)
                AND date BETWEEN (SELECT MIN(monday) FROM touched)
                AND (SELECT MAX(monday) + 6 FROM touched)
        )"""
        scope = f'CAST({metric.name}."{column}" AS DATE) IN (SELECT monday FROM touched)'
        self.merge(metric, self._query(metric, {source: in_weeks}), scope)

    def merge(self, metric: Metric, query: str, scope: str) -> None:
        """Make the table's rows in `scope` what the query says, touching only those that differ."""
        name, run, keys = metric.name, self._change.run, metric.table.key
        if metric.table.together:
            self._merge_groups(metric, query, scope)
            return
        same = _same(keys, "fresh", name)
        identical = " AND ".join(
            (
                same,
                *(
                    f'fresh."{value}" IS NOT DISTINCT FROM {name}."{value}"'
                    for value in metric.table.values
                ),
            )
        )
        self._do(f"CREATE OR REPLACE TEMP TABLE fresh AS SELECT *, {run} AS {RUN} FROM ({query})")
        if name in _HOME:
            self._do(f"""
                INSERT INTO {name}{GONE}
                SELECT {_list(keys)}, {run} FROM {name}
                WHERE {scope} AND NOT EXISTS (SELECT 1 FROM fresh WHERE {same})
            """)
        # Not MERGE, which looks at all rows whatever their scope.
        self._do(f"""
            DELETE FROM {name}
            WHERE {scope} AND NOT EXISTS (SELECT 1 FROM fresh WHERE {identical})
        """)
        self._do(f"""
            INSERT INTO {name} BY NAME
            SELECT * FROM fresh
            WHERE NOT EXISTS (SELECT 1 FROM {name} WHERE {scope} AND {identical})
        """)

    def _merge_groups(self, metric: Metric, query: str, scope: str) -> None:
        """Merge a table whose rows have no key: groups in which any row differs are replaced."""
        name, run, keys = metric.name, self._change.run, metric.table.together
        columns = _list(metric.table.names)
        there = f"SELECT {columns} FROM {name} WHERE {scope}"
        self._do(f"CREATE OR REPLACE TEMP TABLE fresh AS {query}")
        self._do(f"""
            CREATE OR REPLACE TEMP TABLE unlike AS
            SELECT DISTINCT {_list(keys)} FROM (
                (SELECT {columns} FROM fresh EXCEPT ALL {there})
                UNION ALL
                ({there} EXCEPT ALL SELECT {columns} FROM fresh)
            )
        """)
        self._do(f"""
            INSERT INTO {name}{GONE}
            SELECT *, {run} FROM unlike ANTI JOIN fresh USING ({_list(keys)})
        """)
        self._do(f"DELETE FROM {name} USING unlike WHERE {_same(keys, name, 'unlike')}")
        self._do(f"""
            INSERT INTO {name} BY NAME
            SELECT *, {run} AS {RUN} FROM fresh SEMI JOIN unlike USING ({_list(keys)})
        """)

    def _has_changed(self, metric: Metric, first: str = "date", last: str = "date") -> str:
        """The condition on rows of what a metric reads that this run has to look at anew.

        Args:
            metric: what is brought up to date.
            first: the first date that a row is about.
            last: the last one.
        """
        if metric.name in self._change.new:
            return "TRUE"
        conditions = [f"{RUN} = {self._change.run}"]
        if _PER_ENTITY.intersection(metric.reads):
            # The interval has its say in those.
            return conditions[0]
        before, now = self._change.before, self._change.interval
        if before is not None:
            ends = ((before.end, now.end), (before.whole_end, now.whole_end))
            for one, other in ((before.start, now.start), *ends):
                if one != other:
                    begin, end = sorted((one, other))
                    conditions.append(f"({last} >= DATE '{begin}' AND {first} < DATE '{end}')")
        return " OR ".join(conditions)

    def _query(self, metric: Metric, relations: dict[str, Relation]) -> str:
        return metric.query(self._change.interval, relations)

    def _do(self, statement: str) -> None:
        self._connection.execute(statement)


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _all(conditions: Iterable[str]) -> str:
    return " AND ".join(conditions)


def _same(keys: Iterable[str], left: str, right: str) -> str:
    return _all(f'{left}."{key}" IS NOT DISTINCT FROM {right}."{key}"' for key in keys)
