"""How tables are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def write(frame: DataFrame, uri: str, *folders: str) -> None:
    """Write the rows as Parquet in files of a good size, whatever the sizes of their dates.

    Args:
        uri: a folder that is not there yet.
        folders: columns whose values each get a folder of their own.
    """
    frame.createOrReplaceTempView("unbalanced")
    # Spark joins what is small, and splits what is large: one day of a term, one huge course.
    by = f"({', '.join(folders)})" if folders else ""
    balanced = frame.sparkSession.sql(f"SELECT /*+ REBALANCE{by} */ * FROM unbalanced")
    balanced.write.partitionBy(*folders).parquet(uri)
