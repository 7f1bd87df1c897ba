"""A learner who is forgotten is in no file of the cluster's store, and its nights go on."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import duckdb
import pyarrow.parquet as pq
import pytest

import on_spark
import updating
from embedded import Site, reports_in
from insights_pipeline.errors import BadOption
from insights_pipeline.forgetting import forget
from insights_pipeline.forgotten import Learner
from insights_pipeline.interval import Interval
from insights_pipeline.update import Update
from insights_pipeline.warehouse import FILE
from wanda import GONE, OTHER, TEXTS, line, lines, tables

if TYPE_CHECKING:
    from pathlib import Path

WEEK = Interval(date(2014, 7, 21), date(2014, 7, 28))


def mentions(data: Path) -> list[str]:
    """Files and tables in which the learner's name, address or number stands."""
    store = on_spark.store_of(data)
    found = []
    for path in store.rglob("*.parquet"):
        rows = pq.read_table(path, partitioning=None).to_pylist()
        found += [f"{path.relative_to(store)}: {row}" for row in rows]
    with duckdb.connect(str(data / FILE), read_only=True) as warehouse:
        for (name,) in warehouse.execute("SHOW TABLES").fetchall():
            found += [f"{name}: {row}" for row in warehouse.execute(f"FROM {name}").fetchall()]
    return [text for text in found if any(mention in text for mention in TEXTS)]


@pytest.mark.full
def test_nothing_is_left_and_the_nights_go_on(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.log(lines())
    inputs = tables(tmp_path / "lms")
    update = on_spark.on_spark(Update(site.logs, site.data, WEEK, inputs, updating.RESOURCES))
    on_spark.run(update)
    assert any(text.startswith("problem_check/") for text in mentions(update.data))

    def run(dry_run: bool = False) -> list[str]:
        reports = [reports_in(update.data)]
        return forget(
            *(update.data, Learner(GONE), reports, on_spark.RESOURCES, dry_run),
            cluster=update.cluster,
        )

    with pytest.raises(BadOption, match="is of the Spark engine"):
        forget(update.data, Learner(GONE), [], on_spark.RESOURCES, dry_run=False)
    told = run(dry_run=True)
    assert "problem_check of the cluster: 1 under a pseudonym" in told
    assert mentions(update.data)
    assert run() == told
    assert mentions(update.data) == []

    site.log([line(59, "play_video", OTHER, 2, id="v", currentTime=1)])
    on_spark.run(update)
    assert mentions(update.data) == []
    store = on_spark.store_of(update.data)
    assert updating.events_on_disk(store) == updating.events_in_ledger(update.data)
