"""The reports database of the stack: a MariaDB, whose tables the Data API makes when it starts."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

import pymysql
from pymysql.constants import CR, ER

from insights_pipeline.errors import NoRoom, PipelineError
from insights_pipeline.publish.reports import Reports

if TYPE_CHECKING:
    from collections.abc import Collection, Generator, Iterator, Sequence

    from pymysql.connections import Connection

_WAIT = 60  # seconds for another one who publishes or migrates
_DELETED_AT_ONCE = 100  # rows; the server plans a longer condition for longer than it saves
_SESSION = {
    # What does not fit is an error; names stand in double quotes, as in SQLite.
    "sql_mode": "TRADITIONAL,ANSI_QUOTES",
    "charset": "utf8mb4",
    "connect_timeout": 10,
    "read_timeout": 3600,  # to remove all rows of a large table takes its time
    "write_timeout": 600,
}


class ReportsUnavailable(PipelineError):
    """The stack's reports database cannot be used as it is."""


@dataclass(frozen=True)
class Account:
    """Where a MariaDB is, and who publishes."""

    host: str
    user: str
    password: str = field(repr=False)
    database: str = "reports"
    port: int = 3306


class MariaDBReports(Reports):
    """A database in a MariaDB.

    Args:
        account: of a user who may read and write its rows.
        migrations: names of the migrations that make up the current schema.
    """

    def __init__(self, account: Account, migrations: Collection[str]) -> None:
        self.place = f"the database {account.database} in MariaDB at {account.host}:{account.port}"
        self._account = account
        self._migrations = set(migrations)

    def open(self) -> None:
        """Make sure that its schema is the current one.

        Raises:
            ReportsUnavailable: it is not, or the database cannot be reached.
        """
        with self._told(), closing(self._connect()) as connection:
            self._check_schema(connection)

    @contextmanager
    def transaction(self) -> Generator[_Transaction]:
        """A transaction, while nobody else publishes or migrates.

        Raises:
            ReportsUnavailable: the database is not as it should be, was lost, or is busy.
            NoRoom: the disk is full.
        """
        with self._told(), closing(self._connect()) as connection:
            self._lock(connection)
            self._check_schema(connection)
            connection.begin()
            yield _Transaction(connection)
            connection.commit()

    def _connect(self) -> Connection:
        account = self._account
        return pymysql.connect(
            host=account.host,
            port=account.port,
            user=account.user,
            password=account.password,
            database=account.database,
            **_SESSION,
        )

    def _lock(self, connection: Connection) -> None:
        """Take the lock that the Data API migrates under; it ends with the connection."""
        # The server's locks know no databases.
        name = f"analytics-micro.{self._account.database}"
        with connection.cursor() as cursor:
            cursor.execute("SELECT GET_LOCK(%s, %s)", (name, _WAIT))
            if cursor.fetchone() != (1,):
                raise ReportsUnavailable(
                    f"{self.place} is being published to, or migrated, by another process: nothing"
                    " was published; wait for it to end and run again"
                )

    def _check_schema(self, connection: Connection) -> None:
        with connection.cursor() as cursor:
            # Left over from a first preparation that was cut short; the next one drops all tables.
            cursor.execute("SHOW TABLES LIKE 'first_preparation'")
            if cursor.fetchone():
                raise self._unprepared("was never completed")
            cursor.execute("SELECT name FROM django_migrations WHERE app = 'reports'")
            applied = {name for (name,) in cursor.fetchall()}
        if newer := sorted(applied - self._migrations):
            raise ReportsUnavailable(
                f"{self.place} was made by a newer version (migration {newer[-1]}): upgrade this"
                " checkout"
            )
        if missing := sorted(self._migrations - applied):
            raise self._unprepared(f"is of an older version (it lacks migration {missing[0]})")

    def _unprepared(self, state: str) -> ReportsUnavailable:
        return ReportsUnavailable(
            f"{self.place} {state}: build and start the Data API (`inv build`, `inv start.api`),"
            " which brings it up to date, and run again"
        )

    @contextmanager
    def _told(self) -> Generator[None]:
        """Turn what the driver complains of into errors that an operator can mend."""
        try:
            yield
        except pymysql.MySQLError as error:
            raise self._explained(error) from error

    def _explained(self, error: pymysql.MySQLError) -> PipelineError:
        code, *rest = error.args or (0,)
        reason = rest[0] if rest else error
        match code:
            case ER.ACCESS_DENIED_ERROR | ER.DBACCESS_DENIED_ERROR | ER.TABLEACCESS_DENIED_ERROR:
                return ReportsUnavailable(
                    f"{self.place} refuses its user: {reason}: `inv up` brings users and passwords"
                    " in the stack to what conf/mysql.env says"
                )
            case ER.BAD_DB_ERROR | ER.NO_SUCH_TABLE:
                return self._unprepared("is missing or empty")
            case ER.DISK_FULL | ER.RECORD_FILE_FULL:
                return NoRoom(
                    f"no space left on the disk of {self.place}: free some and run again; nothing"
                    " was published"
                )
            case ER.LOCK_DEADLOCK | ER.LOCK_WAIT_TIMEOUT:
                return ReportsUnavailable(
                    f"{self.place} is being used by another process ({reason}): nothing was"
                    " published; run again when it has ended"
                )
            case int() if code in _GONE:
                return ReportsUnavailable(
                    f"{self.place} does not answer ({reason}): nothing was published; check the"
                    " stack (`inv status`, `inv up`) and run again"
                )
        return ReportsUnavailable(f"{self.place}: {reason}: nothing was published")


# What a server says that is starting, ending or gone.
_GONE = {
    ER.CON_COUNT_ERROR,
    ER.SERVER_SHUTDOWN,
    0,  # a connection that was closed before
    *range(CR.CR_UNKNOWN_ERROR, CR.CR_UNKNOWN_ERROR + 100),
}


class _Transaction:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def row(self, query: str) -> Sequence[Any] | None:
        with self._connection.cursor() as cursor:
            cursor.execute(query)
            row: tuple[Any, ...] | None = cursor.fetchone()
            return row

    def clear(self, table: str) -> int:
        return self._change(f"DELETE FROM {table}")

    def delete(self, table: str, keys: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
        same = "(" + " AND ".join(f'"{key}" <=> %s' for key in keys) + ")"
        return sum(
            self._change(
                f"DELETE FROM {table} WHERE {' OR '.join([same] * len(some))}",
                [*chain.from_iterable(some)],
            )
            for some in _parts(rows, _DELETED_AT_ONCE)
        )

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> int:
        names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join(["%s"] * len(columns))
        with self._connection.cursor() as cursor:
            # The driver makes statements of about a megabyte of them.
            return cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows) or 0

    def update(self, table: str, row: int, column: str, value: Any) -> None:
        self._change(f'UPDATE {table} SET "{column}" = %s WHERE id = %s', [value, row])

    def _change(self, statement: str, values: Sequence[Any] | None = None) -> int:
        with self._connection.cursor() as cursor:
            changed: int = cursor.execute(statement, values)
            return changed


def _parts(rows: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
