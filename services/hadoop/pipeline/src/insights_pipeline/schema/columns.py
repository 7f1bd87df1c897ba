"""What tables are declared with: types, columns, and the columns that many tables share."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

RUN = "changed_in"
"""Column of every stored table: the run in which the row last changed."""
GONE = "__gone"
"""Suffix of the tables that hold the keys of rows that are no more, of tables kept at home."""


class Type(StrEnum):
    """Column types, as DuckDB names them."""

    TEXT = "VARCHAR"
    INTEGER = "INTEGER"
    BIGINT = "BIGINT"
    DOUBLE = "DOUBLE"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    TIMESTAMP = "TIMESTAMP"


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes:
        name: its name.
        type: its type; times are UTC.
        meaning: what its values say, for people who query it.
        nullable: whether it may be NULL.
        long: whether its texts may pass 255 characters; reports then keep them in a TEXT column.
        optional: of an input: whether a source may lack it, as an older LMS does; it is NULL then.
    """

    name: str
    type: Type
    meaning: str
    nullable: bool = False
    long: bool = False
    optional: bool = False


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        name: its name.
        meaning: what a row says, for people who query it.
        columns: in order.
        key: the columns that tell its rows apart; empty for a table whose rows may repeat.
        together: of a report without a key: its rows are replaced together with those that are
            alike in these columns.
        personal: whether each row is about one learner alone, and goes when that one is forgotten.
            In other tables forgotten learners have pseudonyms, so that numbers stay.
    """

    name: str
    meaning: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    together: tuple[str, ...] = ()
    personal: bool = False

    @property
    def handle(self) -> tuple[str, ...]:
        """The columns by whose values rows are replaced."""
        return self.key or self.together

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def values(self) -> tuple[str, ...]:
        """The columns that are not part of the key."""
        return tuple(name for name in self.names if name not in self.key)


def text(
    name: str, meaning: str, nullable: bool = False, *, long: bool = False, optional: bool = False
) -> Column:
    """A column of texts."""
    return Column(name, Type.TEXT, meaning, nullable or optional, long, optional)


def integer(name: str, meaning: str, nullable: bool = False, *, optional: bool = False) -> Column:
    """A column of whole numbers, below 2^31."""
    return Column(name, Type.INTEGER, meaning, nullable or optional, optional=optional)


def bigint(name: str, meaning: str, nullable: bool = False) -> Column:
    """A column of whole numbers, below 2^63."""
    return Column(name, Type.BIGINT, meaning, nullable)


def double(name: str, meaning: str, nullable: bool = False) -> Column:
    """A column of double precision numbers."""
    return Column(name, Type.DOUBLE, meaning, nullable)


def boolean(name: str, meaning: str, nullable: bool = False, *, optional: bool = False) -> Column:
    """A column of truth values."""
    return Column(name, Type.BOOLEAN, meaning, nullable or optional, optional=optional)


def date(name: str, meaning: str, nullable: bool = False) -> Column:
    """A column of UTC dates."""
    return Column(name, Type.DATE, meaning, nullable)


def timestamp(name: str, meaning: str, nullable: bool = False) -> Column:
    """A column of moments, UTC."""
    return Column(name, Type.TIMESTAMP, meaning, nullable)


DATE = date("date", "UTC date")
TIME = timestamp("time", "UTC")
COURSE = text("course_id", "course run, as the LMS writes its key")
USER = bigint("user_id", "the LMS's number of the learner")
USERNAME = text("username", "the learner's name in the LMS")
