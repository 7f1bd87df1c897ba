"""Runs the embedded pipeline under the console's eyes."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from analytics_data_api.database import ReportsDatabaseError, known_migrations, migrate_sqlite
from insights_pipeline import update as embedded
from insights_pipeline.errors import PipelineError
from insights_pipeline.inputs.configured import configured
from insights_pipeline.interval import Interval
from insights_pipeline.publish.sqlite import SqliteReports
from insights_pipeline.resources import Resources
from insights_pipeline.spark import update as spark
from insights_pipeline.spark.update import Cluster, SparkUpdate
from insights_pipeline.update import REPORTS_FILE, Update
from insights_pipeline.warehouse import rejects_file
from tasks.lib import console
from tasks.lib import settings as setting_files
from tasks.lib.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from insights_pipeline.inputs import Inputs
    from insights_pipeline.publish.reports import Reports
    from insights_pipeline.runs import RunRecord
    from tasks.lib.settings import Settings

TARGETS = ("data", "stack")
_MYSQL = "mysql"


def reports(target: str, data: Path, root: Path) -> Reports:
    """The reports database to publish to.

    Args:
        target: `data`, the SQLite file of the data folder, or `stack`, the running one's MariaDB.
        data: the data folder.
        root: the checkout that the stack is of.

    Raises:
        OperatorError: there is no such target, or no such stack is running.
        SettingsError: conf/mysql.env lacks the pipeline's password.
    """
    match target:
        case "data":
            return SqliteReports(data / REPORTS_FILE, _migrate)
        case "stack":
            return _reports_of_stack(root)
    raise OperatorError(
        f"--publish {target} is not known: give {' or '.join(TARGETS)}", exit_code=2
    )


def _migrate(path: Path) -> None:
    try:
        migrate_sqlite(path)
    except ReportsDatabaseError as error:
        raise PipelineError(str(error)) from error


def _reports_of_stack(root: Path) -> Reports:
    """The running stack's database, at its container's own address: it has no port on the host."""
    from insights_pipeline.publish.mariadb import Account, MariaDBReports
    from tasks.lib.containers.stack import Stack

    stack = Stack.of(root)
    password = stack.compose.settings.require("MYSQL_PIPELINE_PASSWORD")
    container = stack.running(_MYSQL)
    network = f"{stack.compose.project}_database"
    if network not in container.addresses:
        raise OperatorError(f"{container.name} has no address in {network}: run `inv up`")
    account = Account(container.addresses[network], "pipeline", password)
    return MariaDBReports(account, known_migrations())


def update_of(
    root: Path, data: str, *, logs: str, interval: str, memory: str, **named: str
) -> Update:
    """The update of a data folder; what is empty is as the settings of the checkout say.

    Args:
        root: the checkout.
        logs, interval, memory: as the command line has them.
        named: files and folders that come in beside the logs, by the field of `Inputs`.

    Raises:
        PipelineError, SettingsError: one of them is not what it should be.
    """
    site = setting_files.load(root)
    interval = interval or site["INTERVAL"]
    return Update(
        logs=Path(logs) if logs else root / site.require("TRACKING_LOGS"),
        data=Path(data),
        interval=Interval.parse(interval) if interval else None,
        inputs=inputs(site, **named),
        resources=Resources.with_memory(memory) if memory else Resources.default(),
    )


def inputs(site: Settings, **named: str) -> Inputs:
    """What comes in beside the logs: the files that were named, else what the settings say.

    Args:
        named: files and folders by the field of `Inputs`; those left out are empty.

    Raises:
        PipelineError: a setting lacks another one that it needs.
        SettingsError: a setting is not what it should be.
    """
    files: dict[str, Any] = {field: Path(path) for field, path in named.items() if path}
    return replace(configured(site.require, site.path), **files)


def on(engine: str, update: Update) -> Update:
    """The update on an engine: Spark uses this machine's processors, with its tables in a folder.

    Raises:
        OperatorError: there is no Java.
    """
    if engine != "spark":
        return update
    if which("java") is None:
        raise OperatorError("--engine spark needs Java 17: install it, or leave out the option")
    return SparkUpdate(**vars(update), cluster=cluster(update.data))


def cluster(data: Path) -> Cluster:
    """This machine's processors, with the tables of a data folder in a folder beside it."""
    store = data.absolute().with_name(f"{data.name}-tables")
    return Cluster("local[*]", f"file://{quote(str(store))}")


def run(update: Update, target: Reports | None = None) -> RunRecord:
    """Do the update and show its progress; it is published in the data folder by default.

    Raises:
        PipelineError: it could not be done.
    """
    target = target or SqliteReports(update.data / REPORTS_FILE, _migrate)
    with _Shown() as progress:
        if isinstance(update, SparkUpdate):
            return spark.run_update(update, target, progress)
        return embedded.run_update(update, target, progress)


def describe(record: RunRecord, data: Path, place: str = "") -> Iterator[str]:
    """The run in a few lines: of a data folder, published there or in the database `place`."""
    yield (
        f"{record.files:,} files with something new, {record.bytes / 1e6:,.1f} MB:"
        f" {record.lines:,} lines = {record.events:,} events + {record.rejected:,} rejects"
    )
    if record.rejected:
        reasons = ", ".join(f"{n:,} {why}" for why, n in record.rejects_by_reason.most_common())
        yield f"rejects: {reasons}; listed in {rejects_file(data, record.sequence)}"
    if record.late_events:
        yield f"{record.late_events:,} events were late: their days were published before"
    yield from record.notes
    rows = sum(record.rows_by_table.values())
    yield (
        f"{record.interval} published in {place or data / REPORTS_FILE}: {rows:,} rows in"
        f" {len(record.rows_by_table)} tables, {record.rows_written:,} rows changed"
    )


class _Shown:
    """A run's progress, one bar or line a step."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._step: console.Progress | None = None

    def __enter__(self) -> _Shown:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, traceback)

    def step(self, name: str) -> None:
        """Begin to show a step."""
        self._stack.close()
        self._step = self._stack.enter_context(console.progress(name))

    def advance(self, done: int, total: int) -> None:
        """Show how far the step is."""
        if self._step:
            self._step.update(done, total)
