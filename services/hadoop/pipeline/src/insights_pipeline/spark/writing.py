"""How tables are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_LEAST = "spark.sql.adaptive.coalescePartitions.minPartitionSize"


def write(frame: DataFrame, uri: str, *folders: str) -> None:
    """Write the rows as Parquet in files of a good size, whatever the sizes of their dates.

    Args:
        uri: a folder that is not there yet.
        folders: columns whose values each get a folder of their own.
    """
    session = frame.sparkSession
    frame.createOrReplaceTempView("unbalanced")
    # Spark joins what is small, and splits what is large: one day of a term, one huge course.
    by = f"({', '.join(folders)})" if folders else ""
    balanced = session.sql(f"SELECT /*+ REBALANCE{by} */ * FROM unbalanced")
    # A file for each date waits for the store more than it works: however few the rows, no core
    # is left out.
    least = str(session.conf.get(_LEAST))
    if folders:
        session.conf.set(_LEAST, "1b")
    try:
        balanced.write.partitionBy(*folders).parquet(uri)
    finally:
        session.conf.set(_LEAST, least)
