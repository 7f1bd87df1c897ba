"""Brings a MariaDB database to the schema that the code knows, when a container starts.

MariaDB commits every change of a schema by itself, so a migration that is cut short stays half
done. A database's first preparation therefore notes itself, in a table that is its first and goes
when all is there: where the note is found, nothing in the database was ever used, and its tables
are dropped to begin anew.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.core.management import call_command
from django.db import DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor

from openedx_base.databases import COLLATION, Trouble, trouble
from openedx_base.errors import PreparationError

if TYPE_CHECKING:
    from collections.abc import Iterator

FIRST = "first_preparation"
"""The table that notes a first preparation."""

_START_SECONDS = 60.0  # that a server may take until it accepts connections
_LOCK_SECONDS = 600.0  # that another container may migrate, or the pipeline publish
_SLICE_SECONDS = 5  # shorter than a connection's read_timeout


def prepare(alias: str, app: str, setting: str) -> None:
    """Migrate a MariaDB database, if there is something to migrate.

    Waits for a server that is starting. One process at a time migrates; the others wait for it, as
    they do for a pipeline that publishes. The lock ends with the connection of its holder.

    Args:
        alias: the database in Django's DATABASES.
        app: the only app whose tables are in it; empty: all apps.
        setting: name of the setting that the database comes from.

    Raises:
        PreparationError: it cannot be reached or used, was migrated by a newer version, or an
            upgrade of it failed.
    """
    database = _Database(connections[alias], app)
    with _told_in_one_line(database, setting):
        database.wait_until_it_answers()
        if not database.is_current():
            with database.lock():
                if not database.is_current():  # another one may have migrated meanwhile
                    database.migrate()


class _Database:
    def __init__(self, connection: Any, app: str) -> None:
        self._connection = connection
        self._app = app
        settings = connection.settings_dict
        self.name = str(settings["NAME"])
        self.place = f"{settings['HOST']}:{settings['PORT']}"
        self.was_used = False

    def wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self._connection.ensure_connection()
                return
            except DatabaseError as error:
                self._connection.close()
                if trouble(error) is not Trouble.GONE:
                    raise
                if time.monotonic() > deadline:
                    raise PreparationError(
                        f"MariaDB at {self.place} does not answer after {_START_SECONDS:.0f} s"
                        f" ({error.args[1]}): is it running?"
                    ) from error
                time.sleep(0.5)

    def is_current(self) -> bool:
        """Tell whether all migrations were applied, to their end."""
        executor = MigrationExecutor(self._connection)
        newer = sorted(
            name
            for app, name in executor.loader.applied_migrations.keys()
            - executor.loader.disk_migrations.keys()
            if app == self._app
        )
        if newer:
            raise PreparationError(
                f"the database {self.name} was made by a newer version (migration {newer[-1]}):"
                " start that version, or restore the database's last backup"
            )
        return not self._plan(executor) and FIRST not in self._tables()

    def _plan(self, executor: MigrationExecutor) -> list[Any]:
        """The migrations that are still to do."""
        plan: list[Any] = executor.migration_plan(
            executor.loader.graph.leaf_nodes(self._app or None)
        )
        return plan

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the lock that everyone takes who changes the database as a whole."""
        deadline = time.monotonic() + _LOCK_SECONDS
        # The server's locks know no databases. The pipeline's publish uses the same name.
        name = f"analytics-micro.{self.name}"
        while not self._ask("SELECT GET_LOCK(%s, %s)", name, _SLICE_SECONDS):
            if time.monotonic() > deadline:
                raise PreparationError(
                    f"the database {self.name} is being prepared or published to by another"
                    f" process for more than {_LOCK_SECONDS:.0f} s: end it and start again"
                )
        try:
            yield
        finally:
            # A connection that broke has released it already.
            if self._connection.connection is not None and self._connection.is_usable():
                self._ask("SELECT RELEASE_LOCK(%s)", name)

    def migrate(self) -> None:
        tables = self._tables()
        self.was_used = bool(tables) and FIRST not in tables
        if not self.was_used and self._plan(MigrationExecutor(self._connection)):
            self._begin_anew(tables)
        call_command(
            "migrate",
            *filter(None, [self._app]),
            database=self._connection.alias,
            interactive=False,
            skip_checks=True,
            verbosity=0,
        )
        self._do(f"DROP TABLE IF EXISTS {FIRST}")

    def _begin_anew(self, tables: set[str]) -> None:
        self._do(f"CREATE TABLE IF NOT EXISTS {FIRST} (nothing INT)")
        if self._ask("SELECT @@collation_database") != COLLATION:
            self._do(f"ALTER DATABASE CHARACTER SET utf8mb4 COLLATE {COLLATION}")
        self._do("SET SESSION foreign_key_checks = 0")
        for table in tables - {FIRST}:
            self._do(f"DROP TABLE {self._connection.ops.quote_name(table)}")
        self._do("SET SESSION foreign_key_checks = 1")

    def _tables(self) -> set[str]:
        return set(self._connection.introspection.table_names())

    def _ask(self, query: str, *values: Any) -> Any:
        """The one value that a query answers with."""
        with self._connection.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchone()[0]

    def _do(self, statement: str) -> None:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)


@contextmanager
def _told_in_one_line(database: _Database, setting: str) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        reason = error.args[1] if len(error.args) > 1 else error
        raise PreparationError(_what_to_do(database, setting, error, str(reason))) from error


def _what_to_do(database: _Database, setting: str, error: DatabaseError, reason: str) -> str:
    match trouble(error):
        case Trouble.REFUSED:
            return f"{setting}: MariaDB at {database.place} refuses this: {reason}"
        case Trouble.MISSING if not database.was_used:
            return f"{setting}: {reason}: start the service mysql anew, which makes its databases"
        case Trouble.GONE:
            return f"MariaDB at {database.place} went away ({reason}): start again"
    if database.was_used:
        return (
            f"the database {database.name} cannot be brought up to date: {reason}; if an upgrade"
            " was cut short before, restore the database's last backup and start again"
        )
    return f"the database {database.name} cannot be prepared: {reason}"
