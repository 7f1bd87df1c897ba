"""A metric's query in the dialect of engines other than DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from insights_pipeline.interval import Interval
    from insights_pipeline.metrics import Metric, Relation, Sql


def spark(
    metric: Metric, interval: Interval, relations: Mapping[str, Relation] | None = None
) -> Sql:
    """The metric's query for Spark SQL (ANSI mode, session time zone UTC).

    Args:
        metric: what to compute.
        interval: the dates to cover.
        relations: what to read in place of the tables, by their names; in DuckDB's dialect.

    Raises:
        sqlglot.errors.UnsupportedError: SQLGlot knows no way to say it in Spark's dialect.
    """
    # Only Spark's image and the tests have it installed.
    from sqlglot import ErrorLevel, exp, parse_one

    query = parse_one(metric.query(interval, relations), read="duckdb")
    for type_ in query.find_all(exp.DataType):
        # DuckDB's TIMESTAMP is Spark's TIMESTAMP_NTZ, which Hive does not know; in UTC both agree.
        if type_.this == exp.DataType.Type.TIMESTAMPNTZ:
            type_.set("this", exp.DataType.Type.TIMESTAMP)
    return query.sql("spark", pretty=True, unsupported_level=ErrorLevel.RAISE)
