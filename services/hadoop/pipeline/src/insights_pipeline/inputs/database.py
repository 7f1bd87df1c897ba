"""The LMS's own database, a MySQL or MariaDB: its tables as they were at one moment."""

from __future__ import annotations

import ssl
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pymysql
from pymysql.constants import CR, ER
from pymysql.converters import encoders

from insights_pipeline.inputs.sources import SourceError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from pymysql.connections import Connection

    from insights_pipeline.inputs.sources import Row, Spool
    from insights_pipeline.schema import Table

_ROWS_AT_ONCE = 5_000
"""A profile may have texts of 20,000 characters."""
_ID = "id"
_SESSION = {
    "charset": "utf8mb4",
    "connect_timeout": 10,
    "read_timeout": 600,
    "write_timeout": 60,
    # Every value as the server writes it: what type it becomes is declared in one place, for files
    # and databases alike.
    "conv": encoders,
}
_PREPARATION = (
    "SET SESSION time_zone = '+00:00'",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)


@dataclass(frozen=True)
class LmsDatabase:
    """Where the LMS's database is, and who may read it.

    Attributes:
        name: the database's.
        ca: a PEM file of certificates; with one, the connection is by TLS, and the server has to
            show a certificate of theirs for `host`.
    """

    host: str
    user: str
    password: str = field(repr=False)
    name: str = "openedx"
    port: int = 3306
    ca: Path | None = None

    @property
    def place(self) -> str:
        """It, for messages."""
        return f"the LMS's database {self.name} at {self.host}:{self.port}"

    @contextmanager
    def snapshot(self) -> Generator[Snapshot]:
        """All its tables as they are now, whatever the LMS writes meanwhile; nothing is locked.

        Raises:
            SourceError: it cannot be reached, refuses us, or is lost on the way.
        """
        connection = None
        try:
            connection = self._connect()
            for statement in _PREPARATION:
                connection.query(statement)
            yield Snapshot(connection, self.place)
        except pymysql.MySQLError as error:
            raise SourceError(self._explain(error)) from error
        finally:
            if connection:
                with suppress(pymysql.MySQLError):
                    connection.close()

    def _connect(self) -> Connection:
        try:
            tls = ssl.create_default_context(cafile=str(self.ca)) if self.ca else None
        except OSError as error:
            reason = error.strerror or error
            raise SourceError(f"LMS_DB_CA {self.ca} holds no certificates: {reason}") from error
        return pymysql.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            password=self.password,
            database=self.name,
            ssl=tls,
            **_SESSION,
        )

    def _explain(self, error: pymysql.MySQLError) -> str:
        code, *rest = error.args or (0,)
        reason = " ".join(str(rest[0] if rest else error).split())
        match code:
            case ER.ACCESS_DENIED_ERROR | ER.DBACCESS_DENIED_ERROR:
                return f"{self.place} refuses its user ({reason}): see LMS_DB_USER, LMS_DB_PASSWORD"
            case ER.BAD_DB_ERROR:
                return f"{self.place} is not there: see LMS_DB_NAME"
            case CR.CR_CONN_HOST_ERROR:
                return f"{self.place} does not answer ({reason})"
            case CR.CR_SERVER_LOST | CR.CR_SERVER_GONE_ERROR | ER.SERVER_SHUTDOWN | 0:
                return f"{self.place} was lost while it was read ({reason})"
        return f"{self.place}: {reason}"


class Snapshot:
    """The tables of a database at one moment."""

    def __init__(self, connection: Connection, place: str) -> None:
        self._connection, self._place = connection, place

    def copy(self, spool: Spool) -> None:
        """Copy the columns that a table declares; NULL for optional ones that are not there.

        Raises:
            SourceError: the table, or another column of it, is not there for us.
            pymysql.MySQLError: the database is lost.
        """
        table = spool.table
        there = self.columns(table)
        columns = [f"`{name}`" if name in there else "NULL" for name in table.names]
        # All tables of the LMS have one; a view that a site reads by may lack it.
        if _ID not in there:
            spool.add_rows(self._rows(f"SELECT {', '.join(columns)} FROM `{table.name}`"))
            return
        # Not one statement whose rows are streamed: the driver cannot leave that before its end,
        # and the server ends it where we pause.
        part = f"SELECT {', '.join(columns)}, `{_ID}` FROM `{table.name}`"
        order = f"ORDER BY `{_ID}` LIMIT {_ROWS_AT_ONCE}"
        rows = self._rows(f"{part} {order}")
        while rows:
            spool.add_rows([row[:-1] for row in rows])
            rows = self._rows(f"{part} WHERE `{_ID}` > {int(rows[-1][-1] or 0)} {order}")

    def columns(self, table: Table) -> set[str | None]:
        """The columns of a table that are there for us, and maybe others.

        Raises:
            SourceError: the table, or a column of it that is needed, is not.
            pymysql.MySQLError: the database is lost.
        """
        there = {
            name
            for (name,) in self._rows(
                "SELECT column_name FROM information_schema.columns"
                " WHERE table_schema = DATABASE() AND table_name = %s",
                table.name,
            )
        }
        if not there:
            raise SourceError(f"{self._place} has no table {table.name} that LMS_DB_USER may read")
        missing = [c.name for c in table.columns if c.name not in there and not c.optional]
        if missing:
            raise SourceError(
                f"{self._place}: {table.name} has no column {', '.join(missing)}, or none that"
                " LMS_DB_USER may read"
            )
        return there

    def _rows(self, query: str, *values: object) -> list[Row]:
        with self._connection.cursor() as cursor:
            cursor.execute(query, values or None)
            return [tuple(map(_text, row)) for row in cursor.fetchall()]


def _text(value: Any) -> str | None:
    # Columns of bytes, such as those that collate as binary, come as such.
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
