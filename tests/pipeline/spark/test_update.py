"""From night to night, whatever befalls it, the Spark engine leaves what the embedded one does."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

import on_spark
import updating
from dying_on_spark import POINTS, kill
from insights_pipeline.errors import BadDataFolder, NoRoom, PipelineError
from insights_pipeline.metrics import METRICS, LookedUp, Viewed
from small_disk import small_disk
from updating import SampleSite

if TYPE_CHECKING:
    from pathlib import Path

    from insights_pipeline.spark.update import SparkUpdate

FULL = pytest.mark.full


@dataclass(frozen=True)
class Nights:
    """A site after two nights: with logs of some days ago, then with all.

    Attributes:
        earlier: the data folder as the first night left it.
        data: as the second did.
        embedded: what the embedded engine made of the same.
    """

    site: SampleSite
    earlier: Path
    data: Path
    embedded: Path


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    """Logs that grow, are rotated, packed and dirty; not to be changed."""
    folder = tmp_path_factory.mktemp("nights")
    site = SampleSite.make(folder, days=9, learners=20)
    nights = Nights(site, folder / "earlier", folder / "spark", folder / "embedded")
    for update in (site.earlier_update(nights.embedded), site.update(nights.embedded)):
        updating.run(update)
    on_spark.run(on_spark.on_spark(site.earlier_update(nights.data)))
    copied(nights.data, nights.earlier)
    on_spark.run(on_spark.on_spark(site.update(nights.data)))
    return nights


def copied(data: Path, to: Path) -> Path:
    """A copy of a data folder, with the store beside it."""
    shutil.copytree(on_spark.store_of(data), on_spark.store_of(to))
    return shutil.copytree(data, to)


@pytest.fixture
def data(nights: Nights, tmp_path: Path) -> Path:
    """A copy of what the nights left."""
    return copied(nights.data, tmp_path / "data")


def test_from_night_to_night(nights: Nights) -> None:
    assert updating.reports_of(nights.data) == updating.reports_of(nights.embedded)
    assert updating.rejects_of(nights.data) == updating.rejects_of(nights.embedded)
    names = ("files", "bytes", "lines", "events", "rejected", "late_events")
    runs, expected = updating.runs_of(nights.data), updating.runs_of(nights.embedded)
    assert [[run[name] for name in names] for run in runs] == [
        [run[name] for name in names] for run in expected
    ]
    assert expected[1]["late_events"] > 0
    assert {run["engine"] for run in runs} == {"spark"}
    store = on_spark.store_of(nights.data)
    assert updating.events_on_disk(store) == updating.events_in_ledger(nights.data)
    assert list((store / "incoming").iterdir()) == []
    assert on_spark.tables_in(store) == updating.warehouse_of(nights.embedded)


@FULL  # CI asks the real Hive: tests/stack/test_hadoop.py
def test_tables_in_hive(nights: Nights, tmp_path: Path) -> None:
    """All rows and comments, after two nights."""
    data = tmp_path / "data"
    on_spark.run(on_spark.on_spark(nights.site.earlier_update(data), **on_spark.HIVE))
    update = on_spark.on_spark(nights.site.update(data), **on_spark.HIVE)
    on_spark.run(update)
    tables = updating.warehouse_of(nights.embedded)
    with on_spark.session(update) as session:
        assert session.table("events").count() == updating.events_in_ledger(update.data)
        for metric in METRICS:
            table = session.table(metric.name)
            assert sorted(table.columns) == sorted(metric.table.names)
            assert table.count() == len(tables.get(metric.name, tables["learner_enrollment"]))
            described = session.sql(f"DESCRIBE EXTENDED {metric.name}").collect()
            said = {row.col_name: row for row in described}
            assert said["Comment"].data_type == metric.table.meaning
            for column in metric.table.columns:
                assert said[column.name].comment == column.meaning


def test_what_each_stage_took(nights: Nights) -> None:
    runs = sorted((nights.data / "stages").iterdir())
    assert [path.name for path in runs] == ["run-000001.jsonl", "run-000002.jsonl"]
    *stages, executor = map(json.loads, runs[0].read_text(encoding="utf-8").splitlines())

    computed = {m.name for m in METRICS if not isinstance(m.upkeep, Viewed | LookedUp)}
    assert {stage["of"] for stage in stages} >= computed | {"parse logs"}
    assert {stage["status"] for stage in stages} == {"complete"}
    assert all(stage["tasks"] and stage["seconds"] > 0 for stage in stages)
    steps = updating.runs_of(nights.data)[0]["seconds_by_step"]
    measured = sum(n for step, n in json.loads(steps).items() if step.startswith("metrics"))
    assert 0 < sum(s["seconds"] for s in stages if s["of"] in computed) < measured
    assert executor["executor"] == "driver"  # of a session in one process
    assert executor["tasks"] >= sum(stage["tasks"] for stage in stages)


@FULL
def test_store_that_was_formatted_is_filled_anew(nights: Nights, data: Path) -> None:
    before = updating.reports_of(data)
    shutil.rmtree(on_spark.store_of(data))

    record = on_spark.run(on_spark.on_spark(nights.site.update(data)))

    assert "is not as the last run left it: all logs were read anew" in record.notes[0]
    assert record.events == updating.events_in_ledger(data)
    assert record.rows_written == 0
    assert updating.reports_of(data) == before
    assert updating.events_on_disk(on_spark.store_of(data)) == record.events
    assert on_spark.tables_in(on_spark.store_of(data)) == updating.warehouse_of(nights.embedded)


@FULL
def test_warehouse_that_was_restored_is_filled_anew(nights: Nights, data: Path) -> None:
    """The store knows a later run than the ledger."""
    backup = (data / "warehouse.duckdb").read_bytes()
    narrow = replace(nights.site.interval, end=nights.site.interval.last_day)
    on_spark.run(on_spark.on_spark(nights.site.update(data, interval=narrow)))
    (data / "warehouse.duckdb").write_bytes(backup)

    record = on_spark.run(on_spark.on_spark(nights.site.update(data)))

    assert "all logs were read anew" in record.notes[0]
    assert updating.reports_of(data) == updating.reports_of(nights.embedded)
    assert updating.events_on_disk(on_spark.store_of(data)) == record.events


def test_each_engine_has_its_own_data_folder(nights: Nights, data: Path, tmp_path: Path) -> None:
    with pytest.raises(BadDataFolder, match="is kept by the engine spark: name another"):
        updating.run(nights.site.update(data))
    embedded = shutil.copytree(nights.embedded, tmp_path / "embedded")
    with pytest.raises(BadDataFolder, match="is kept by the engine duckdb: name another"):
        on_spark.run(on_spark.on_spark(nights.site.update(embedded)))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"warehouse": "hdfs://127.0.0.1:9/warehouse"}, "hdfs://127.0.0.1:9/warehouse does not"),
        ({"warehouse": "nofs://here/warehouse"}, "on a file system that Spark does not know"),
        ({"master": "sparks"}, "'sparks' is no Spark master"),
    ],
)
def test_cluster_that_is_not_there(
    nights: Nights, data: Path, change: dict[str, str], said: str
) -> None:
    before = updating.reports_of(data)
    update = on_spark.on_spark(nights.site.update(data))

    with pytest.raises(PipelineError, match=said) as caught:
        on_spark.run(replace(update, cluster=replace(update.cluster, **change)))

    assert "\n" not in str(caught.value)
    assert updating.reports_of(data) == before
    failed = updating.runs_of(data)[-1]
    assert (failed["status"], failed["error"]) == ("failed", f"{caught.value} (in step cluster)")


@FULL
@pytest.mark.parametrize("point", POINTS)
def test_driver_that_is_killed(nights: Nights, tmp_path: Path, point: str) -> None:
    """What was published stands; the next run makes all as if nothing had happened."""
    data = copied(nights.earlier, tmp_path / "data")
    before = updating.reports_of(data)
    update = nights.site.update(data)

    kill(update, point)
    assert updating.reports_of(data) == before

    on_spark.run(on_spark.on_spark(update))
    check_mended(nights, data)


@FULL
def test_driver_that_is_killed_again_and_again(nights: Nights, tmp_path: Path) -> None:
    """Each run mends what the one before left, and is killed later than that."""
    data = copied(nights.earlier, tmp_path / "data")
    update = nights.site.update(data)

    for point in POINTS:
        kill(update, point)

    on_spark.run(on_spark.on_spark(update))
    check_mended(nights, data)


def check_mended(nights: Nights, data: Path) -> None:
    """The last run has left all as if nothing had happened."""
    last = updating.runs_of(data)[-1]
    assert last["status"] == "succeeded"
    assert "read anew" not in last["notes"]
    assert updating.reports_of(data) == updating.reports_of(nights.embedded)
    store = on_spark.store_of(data)
    events = updating.events_on_disk(nights.embedded)
    assert updating.events_on_disk(store) == updating.events_in_ledger(data) == events
    assert on_spark.tables_in(store) == updating.warehouse_of(nights.embedded)
    assert list((store / "incoming").iterdir()) == list((data / "incoming").iterdir()) == []


@FULL
def test_store_that_is_full(nights: Nights, tmp_path: Path) -> None:
    """With ever more room left, more of the update can be done."""
    data = copied(nights.earlier, tmp_path / "data")
    before, store = updating.reports_of(data), on_spark.store_of(data)
    update, room = on_spark.on_spark(nights.site.update(data)), 2**15
    with small_disk(tmp_path / "disk", megabytes=32) as disk:
        shutil.move(store, disk / "store")
        store.symlink_to(disk / "store")

        while message := out_of_room(update, disk, room):
            assert f"no room in file://{store}" in message
            assert updating.reports_of(data) == before
            assert list((store / "incoming").iterdir()) == []
            room *= 2

        assert room > 2**17
        check_mended(nights, data)


def out_of_room(update: SparkUpdate, disk: Path, room: int) -> str | None:
    """What the update says on a disk with so many bytes left, if that is too little."""
    filler = disk / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(disk).free - room))
    try:
        on_spark.run(update)
    except NoRoom as error:
        return str(error)
    finally:
        filler.unlink()
    return None
