"""Takes a forgotten learner out of a cluster's store: the files that mention one are written anew.

Spark finds them; each is fetched, cleared on this machine and put in its own place.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from insights_pipeline import clearing
from insights_pipeline.forgotten import NUMBERS
from insights_pipeline.schema import EVENTS
from insights_pipeline.spark import home
from insights_pipeline.spark.catalog import Catalog, declared
from insights_pipeline.spark.session import open_session
from insights_pipeline.spark.store import Store

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from pyspark.sql import SparkSession

    from insights_pipeline.forgotten import Forgotten, Learner
    from insights_pipeline.schema import Table
    from insights_pipeline.spark.update import Cluster
    from insights_pipeline.warehouse import Warehouse


class StoredTables:
    """Events and tables as a store holds them."""

    def __init__(self, session: SparkSession, store: Store, scratch: Path) -> None:
        """Begin.

        Args:
            scratch: a folder of this machine.
        """
        self._session, self._store, self._scratch = session, store, scratch

    def counted(self, learner: Learner) -> Iterator[str]:
        """What there is of the learner, table by table."""
        for table in home.TABLES.values():
            if rows := sum(self._files(table, learner).values()):
                yield f"{table.name} of the cluster: {rows:,} {_fate(table)}"

    def clear(self, learner: Learner, gone: Forgotten) -> None:
        """Write all files that mention the learner anew; doing it again ends what was cut short."""
        for table in home.TABLES.values():
            for name in self._files(table, learner):
                local = self._scratch / "forgotten.parquet"
                self._store.fetch(name, local)
                clearing.clear_file(local, table, learner, gone)
                cleared = f"incoming/forgotten/{name.rpartition('/')[2]}"
                self._store.put(local, cleared)
                self._store.move(cleared, name)
        self._store.remove("incoming/forgotten")

    def _files(self, table: Table, learner: Learner) -> dict[str, int]:
        """How many rows of each of its files mention the learner."""
        if not any(self._store.files(table.name)):
            return {}
        rows = self._session.read.schema(declared(table)).parquet(self._store.uri(table.name))
        conditions, values = _mentions(table, learner)
        if not conditions:
            return {}
        rows.select("*", "_metadata.file_path").createOrReplaceTempView("searched")
        found = self._session.sql(
            "SELECT file_path, COUNT(*) AS mentions FROM searched"
            f" WHERE {' OR '.join(conditions)} GROUP BY file_path",
            args=values,
        )
        return {self._store.name(row.file_path): row.mentions for row in found.collect()}


@contextmanager
def stored_tables(
    warehouse: Warehouse, cluster: Cluster, scratch: Path, memory: int
) -> Generator[StoredTables]:
    """The tables of a cluster's store, with all that the last run made in its place.

    Args:
        warehouse: of the cluster.
        scratch: an empty folder of this machine.
        memory: bytes for this machine's JVM.

    Raises:
        PipelineError: the cluster cannot be had.
    """
    with open_session(cluster, scratch, memory) as session:
        store = Store(session, cluster.warehouse)
        home.settle(warehouse, store, Catalog(session, store, cluster.database))
        yield StoredTables(session, store, scratch)


def _mentions(table: Table, learner: Learner) -> tuple[list[str], list[Any]]:
    """Conditions on rows that are the learner's or name one, and their values."""
    conditions: list[str] = []
    values: list[Any] = []
    for column in table.names:
        if column == "username":
            conditions.append("username = ?")
            values.append(learner.username)
        elif column in NUMBERS and learner.user_id is not None:
            conditions.append(f"`{column}` = ?")
            values.append(learner.user_id)
    if table is EVENTS:
        texts = [*clearing.texts_of(learner), *_number(learner)]
        searched = ["event_type", "payload", "problem_check"]
    else:
        texts = clearing.texts_of(learner)
        searched = [] if table.personal else [*clearing.text_columns(table)]
    for column in searched:
        for text in texts:
            conditions.append(f"CONTAINS(`{column}`, ?)")
            values.append(text)
    return conditions, values


def _number(learner: Learner) -> list[str]:
    return [] if learner.user_id is None else [str(learner.user_id)]


def _fate(table: Table) -> str:
    if table is EVENTS:
        return "lose address and names"
    return "removed" if table.personal else "under a pseudonym"
