"""The name under which the engagement of visitors, who are nobody, counts.

Upstream's option store_anonymous_username of its module engagement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from insights_pipeline import schema
from insights_pipeline.errors import BadOption

if TYPE_CHECKING:
    import duckdb

_LONGEST = 30  # characters: of a longer one no engagement would count


def check_name(name: str) -> None:
    """Make sure that visitors can have this name; empty: their engagement does not count.

    Raises:
        BadOption: they cannot.
    """
    if len(name) > _LONGEST or name != name.strip():
        raise BadOption(
            f"the name for visitors, {name!r}, is too long or ends in white space: give at most"
            f" {_LONGEST} characters that are no learner's name, such as ANONYMOUS USER"
        )


def name_visitors(connection: duckdb.DuckDBPyConnection, name: str) -> frozenset[str]:
    """Have visitors count under this name from now on; returns the tables to fill anew for it."""
    if connection.execute("SELECT username FROM visitor_name").fetchall() == [(name,)] * bool(name):
        return frozenset()
    connection.execute("DELETE FROM visitor_name")
    if name:
        connection.execute("INSERT INTO visitor_name VALUES (?)", [name])
    return frozenset({schema.MODULE_ENGAGEMENT.name})
