"""Whatever the logs are like, there are enough tasks, and none that is too large."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

import on_spark
from insights_pipeline.inputs import Inputs
from insights_pipeline.spark import sizing
from insights_pipeline.spark.intake import files_in_tasks_of
from insights_pipeline.spark.writing import write
from insights_pipeline.update import Update

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyspark.sql import SparkSession

MIB = 2**20
CORES = 2


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    folder = tmp_path_factory.mktemp("session")
    update = on_spark.on_spark(Update(folder, folder / "data", None, Inputs()))
    update.data.mkdir()
    with on_spark.session(update) as opened:
        opened.conf.set("spark.sql.adaptive.enabled", "true")
        yield opened


def bytes_by_task(session: SparkSession, folder: Path, piece_bytes: int) -> list[int]:
    """How much each task would be given of the files in a folder."""
    with files_in_tasks_of(piece_bytes, session):
        files = session.read.format("binaryFile").load(str(folder))
        tasks = files.selectExpr("spark_partition_id() AS task", "length")
        rows = tasks.groupBy("task").sum("length").collect()
    return sorted(size for _, size in rows)


def test_many_small_logs_share_tasks(session: SparkSession, tmp_path: Path) -> None:
    sizes = [1_000] * 1_000
    for number, size in enumerate(sizes):
        (tmp_path / f"{number:06}").write_bytes(b" " * size)

    tasks = bytes_by_task(session, tmp_path, sizing.piece_bytes(sizes, CORES))

    assert sum(tasks) == sum(sizes)
    assert 4 * CORES <= len(tasks) <= 4 * CORES + 1


def test_huge_log_is_shared_by_tasks_of_the_same_size(
    session: SparkSession, tmp_path: Path
) -> None:
    huge, small = 24 * MIB, 10_000
    piece_bytes = sizing.piece_bytes([huge, *[small] * 20], CORES)
    pieces = math.ceil(huge / piece_bytes)
    for number in range(pieces):
        size = min(piece_bytes, huge - number * piece_bytes)
        (tmp_path / f"000000-{number:06}").write_bytes(b" " * size)
    for number in range(20):
        (tmp_path / f"{number + 1:06}-000000").write_bytes(b" " * small)

    tasks = bytes_by_task(session, tmp_path, piece_bytes)

    assert sum(tasks) == huge + 20 * small
    assert 4 * CORES <= len(tasks) <= 4 * CORES + 2
    assert max(tasks) <= piece_bytes


@pytest.mark.parametrize(
    ("total", "cores", "piece"),
    [(10, 2, MIB), (200 * MIB, 2, 25 * MIB), (2**40, 2, 32 * MIB), (2**40, 1_000, 32 * MIB)],
)
def test_pieces_of_one_log(total: int, cores: int, piece: int) -> None:
    assert sizing.piece_bytes([total], cores) == pytest.approx(piece, rel=0.01)


def test_shuffles_grow_with_the_logs() -> None:
    partitions = [sizing.shuffle_partitions(total) for total in (0, MIB, 2**30, 2**40, 2**50)]

    assert partitions == [1, 1, 16, 10_000, 10_000]


def test_day_that_is_large_is_split_and_those_that_are_small_are_whole(
    session: SparkSession, tmp_path: Path
) -> None:
    """Such as the first day of a term, or the events of one huge course."""
    session.conf.set("spark.sql.shuffle.partitions", 4)
    session.conf.set("spark.sql.adaptive.advisoryPartitionSizeInBytes", "256k")
    rows = session.range(0, 200_000, numPartitions=16).selectExpr(
        "DATE '2026-01-01' + CAST(IF(id < 30, id, 0) AS INT) AS date", "uuid() AS learner"
    )

    write(rows, f"file://{tmp_path}/table", "date")

    files = {
        day.name.removeprefix("date=2026-01-"): len(list(day.glob("*.parquet")))
        for day in (tmp_path / "table").glob("date=*")
    }
    assert files.pop("01") > 8
    assert set(files) == {f"{day:02}" for day in range(2, 31)}
    assert set(files.values()) == {1}
