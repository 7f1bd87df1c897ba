"""One run of the Spark engine: copy → parse → metrics → publish."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

from insights_pipeline import inputs
from insights_pipeline.errors import BadInput
from insights_pipeline.inputs.geo import open_geo
from insights_pipeline.metrics import METRICS, SUBJECTS
from insights_pipeline.progress import Progress, Silence
from insights_pipeline.spark import home
from insights_pipeline.spark.catalog import Catalog
from insights_pipeline.spark.computing import Computing
from insights_pipeline.spark.intake import Intake
from insights_pipeline.spark.session import open_session
from insights_pipeline.spark.stages import keep_stages
from insights_pipeline.spark.store import Store
from insights_pipeline.update import Update, covered, describe_nothing, recorded, show
from insights_pipeline.upkeep import Change
from insights_pipeline.visitors import name_visitors
from insights_pipeline.warehouse import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from pathlib import Path

    from pyspark.sql import SparkSession

    from insights_pipeline.inputs.geo import Geo
    from insights_pipeline.publish.reports import Reports
    from insights_pipeline.runs import RunRecord
    from insights_pipeline.warehouse import Warehouse

ENGINE = "spark"


@dataclass(frozen=True)
class Cluster:
    """Where a run computes, and where it keeps events and tables.

    Attributes:
        master: Spark's, such as spark://spark:7077, yarn or local[2].
        warehouse: folder of a file system that Hadoop knows, as a URI.
        metastore: Hive's, such as thrift://hive-metastore:9083; None for a catalog that ends with
            the run.
        database: of the metastore.
        settings: Spark's, beside those that the engine makes.
    """

    master: str
    warehouse: str
    metastore: str | None = None
    database: str = "default"
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SparkUpdate(Update):
    """What to run, and on which cluster.

    `data` holds the ledger and the reports of this cluster's warehouse.
    """

    cluster: Cluster


def run_update(
    update: SparkUpdate, reports: Reports, progress: Progress | None = None
) -> RunRecord:
    """Bring the cluster's tables and the reports up to date with the logs.

    Args:
        update: what to run.
        reports: where to publish.
        progress: told what is being done.

    Raises:
        PipelineError: the run could not be done; what was published before still stands.
    """
    with recorded(update, ENGINE, reports) as record:
        _run(update, record, reports, progress or Silence())
    return record


def _run(update: SparkUpdate, record: RunRecord, reports: Reports, progress: Progress) -> None:
    resources = update.resources
    memory = resources.engine_memory_beside_driver
    with (
        open_warehouse(update.data, memory, resources.threads_with(memory)) as warehouse,
        open_geo(update.inputs.geo) as geo,
    ):
        warehouse.check_engine(ENGINE)
        record.notes += warehouse.notes
        _bring_up_to_date(update, warehouse, geo, record, progress)
        # Spark has ended: what it took of the memory is free.
        warehouse.use(resources.engine_memory, resources.threads)
        show(update, warehouse, reports, record, progress)


def _bring_up_to_date(
    update: SparkUpdate, warehouse: Warehouse, geo: Geo, record: RunRecord, progress: Progress
) -> None:
    """What Spark is there for: the tables, in the store and, as far as reports need them, here."""
    cluster = update.cluster
    local = warehouse.incoming(record.run_id)
    local.mkdir(parents=True)
    with ExitStack() as stack:
        with record.step("cluster"):
            progress.step("cluster")
            session = stack.enter_context(
                open_session(cluster, local, update.resources.driver_heap)
            )
            stack.callback(_keep_stages, session, update.data, warehouse.sequence + 1)
            store = Store(session, cluster.warehouse)
            catalog = Catalog(session, store, cluster.database)
            anew = not home.settle(warehouse, store, catalog)
        with warehouse.run(record.run_id) as number, _cleared_if_it_fails(store, record.run_id):
            plan = home.Plan(number, record.run_id, anew)
            if anew:
                _forget_logs(warehouse, store, record)
            with record.step("inputs"):
                lacking = inputs.take_in(warehouse, update.inputs, geo)
                name_visitors(warehouse.connection, update.visitors)
            new_events = Intake(
                session, store, warehouse, update, plan, local, record, progress
            ).run()
            first = warehouse.first_event()
            if first is None:
                raise BadInput(describe_nothing(update, record))
            record.notes += lacking
            record.interval = covered(update, first, record.started.date())
            change = Change(
                number, record.interval, warehouse.interval, warehouse.new_tables, geo.look_up
            )
            computing = Computing(session, store, warehouse, change, plan, local)
            _compute(computing, new_events, record, progress)
            warehouse.set_interval(record.interval)
            warehouse.set_meta("engine", ENGINE)
            home.keep(warehouse, plan)
        record.newest_event = warehouse.newest_event(up_to=record.started.date())
        with record.step("events"):
            session.sparkContext.setJobDescription("bring home")
            warehouse.settle_files()
            home.settle(warehouse, store, catalog)


def _compute(
    computing: Computing, new_events: Sequence[str], record: RunRecord, progress: Progress
) -> None:
    """Compute all metrics; each subject is a step of its own in the record."""
    progress.step("metrics")
    done = count()
    with record.step("metrics"):
        computing.begin(new_events)
    for subject, metrics in SUBJECTS.items():
        with record.step(f"metrics.{subject}"):
            for metric in metrics:
                progress.advance(next(done), len(METRICS))
                computing.compute(metric)
    computing.end()
    progress.advance(len(METRICS), len(METRICS))


def _forget_logs(warehouse: Warehouse, store: Store, record: RunRecord) -> None:
    """Take all logs for new ones, since the store does not have what was read of them."""
    if not warehouse.is_new:
        record.notes.append(f"{store.root} is not as the last run left it: all logs were read anew")
    for table in ("stream", "file", "part"):
        warehouse.connection.execute(f"DELETE FROM ledger.{table}")
    warehouse.interval = None


def _keep_stages(session: SparkSession, data: Path, run: int) -> None:
    """Keep what Spark's stages took, also of a run that failed; no run fails for want of that."""
    with suppress(Exception):
        file = data / "stages" / f"run-{run:06}.jsonl"
        keep_stages(session, file)
        for other in file.parent.iterdir():
            if other.name > file.name:  # of a warehouse that was given up: runs count from 1 again
                other.unlink()


@contextmanager
def _cleared_if_it_fails(store: Store, run_id: str) -> Generator[None]:
    """Leave nothing of a run that failed in the store, if that can be reached: it may be full."""
    try:
        yield
    except BaseException:
        with suppress(Exception):
            store.remove(home.incoming(run_id))
        raise
