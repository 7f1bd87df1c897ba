"""Reading the reports as they stand at one moment, whatever the pipeline publishes meanwhile."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from django.db import DatabaseError, connections, transaction
from django.db.migrations.recorder import MigrationRecorder

from analytics_data_api.database import known_migrations
from analytics_data_api.exceptions import ReportsDatabaseUnavailable
from analytics_data_api.reports.apps import ReportsConfig
from analytics_data_api.reports.models import PipelineRun, whole_end
from analytics_data_api.reports.router import ALIAS
from openedx_base.databases import Trouble, trouble

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date, datetime

log = logging.getLogger(__name__)
_KNOWN = known_migrations()
_PREPARE = "run `python -m analytics_data_api prepare`, or the pipeline"


class Run(NamedTuple):
    """The run of the pipeline that published what is seen."""

    run_id: str
    ended: datetime
    interval_end: date | None
    """Day after the last one of its interval."""
    started: datetime
    created: datetime
    """When what it published was changed last: then, or later to forget a learner."""

    @property
    def whole_end(self) -> date | None:
        """Day after the last one of its interval that was over when it began."""
        return whole_end(self.interval_end, self.started)


@contextmanager
def snapshot() -> Iterator[Run | None]:
    """See one state of the reports for as long as the context is open.

    Yields the run that published it; None where nothing has been published.

    Raises ReportsDatabaseUnavailable if the database cannot be reached, is missing, damaged, locked
    for longer than its timeout, or made by another version of this code.
    """
    with _told(), transaction.atomic(using=ALIAS):
        _see_one_state()
        yield _run()


def published() -> Run | None:
    """The run that published what is there now, which costs less than to see it.

    Raises what `snapshot` raises.
    """
    with _told():
        return _run()


@contextmanager
def _told() -> Iterator[None]:
    """Say what an error of the database means."""
    try:
        yield
    except DatabaseError as error:
        log.error("the reports database: %s", error)
        raise ReportsDatabaseUnavailable(_what_to_do(error)) from error


def _see_one_state() -> None:
    """Fix the state that this transaction reads, where its first query would not do so for all."""
    connection = connections[ALIAS]
    if connection.vendor == "mysql":
        with connection.cursor() as cursor:
            cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")


# All migrations that were applied, and the newest run that published something, in one row. Every
# request asks: to have Django write it anew each time takes ten times as long as to answer it.
_APPLIED_AND_RUN = f"""SELECT applied.names, {", ".join(f"run.{field}" for field in Run._fields)}
    FROM (
        SELECT GROUP_CONCAT(name) AS names
        FROM {MigrationRecorder.Migration._meta.db_table} WHERE app = %s
    ) applied
    LEFT JOIN {PipelineRun._meta.db_table} run ON run.id = (
        SELECT id FROM {PipelineRun._meta.db_table} WHERE status = %s ORDER BY id DESC LIMIT 1
    )
"""


def _run() -> Run | None:
    """The newest run that published something.

    Raises ReportsDatabaseUnavailable if the migrations are not those of this code.
    """
    with connections[ALIAS].cursor() as cursor:
        cursor.execute(_APPLIED_AND_RUN, [ReportsConfig.label, str(PipelineRun.Status.SUCCEEDED)])
        applied, run_id, *facts = cursor.fetchone()
    _check_version(set(applied.split(",")) if applied else set())
    return Run(run_id, *facts) if run_id is not None else None


def _check_version(applied: set[str]) -> None:
    """Refuse a database whose migrations are not those of this code."""
    if newer := sorted(applied - _KNOWN):
        raise ReportsDatabaseUnavailable(
            f"The reports database was made by a newer version (migration {newer[-1]}): upgrade"
            " the Data API and start it again."
        )
    if missing := sorted(_KNOWN - applied):
        raise ReportsDatabaseUnavailable(
            f"The reports database was made by an older version (it lacks migration {missing[0]}):"
            f" {_PREPARE}, to bring it up to date."
        )


def _what_to_do(error: DatabaseError) -> str:
    """Say what an error of the database means, without the server's paths."""
    match trouble(error):
        case Trouble.GONE:
            return (
                "The reports database does not answer, or is just starting: try again in a minute."
            )
        case Trouble.REFUSED:
            return (
                "The reports database refuses the Data API: check user and password in"
                " ANALYTICS_DATA_API_REPORTS, and that the user may read it."
            )
        case Trouble.MISSING:
            return f"The reports database is missing or empty: {_PREPARE}, to make it."
        case Trouble.CHANGED:
            return "The reports database is just being upgraded: try again in a minute."
    # The low byte is the error's kind; the rest tells variants apart.
    match getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_CANTOPEN:
            return f"The reports database is missing or may not be read: {_PREPARE}, to make it."
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return (
                "The reports database is not a SQLite database, or a damaged one: move the file"
                f" away and {_PREPARE}."
            )
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "The reports database is locked by another program: try again when it has ended."
    return f"The reports database cannot be read; the log says why. If it is empty, {_PREPARE}."
