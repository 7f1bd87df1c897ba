"""Databases for Django: MariaDB by its URL, SQLite by its file; and what MariaDB's errors mean."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ENGINE = "django.db.backends.mysql"
PORT = 3306
COLLATION = "utf8mb4_nopad_bin"
"""Compares texts as they stand, as SQLite does: case, accents and blanks at the end count."""

# A request keeps its thread's connection for the next one, which looks whether it works.
_KEPT = {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}  # seconds
_OPTIONS = {
    "charset": "utf8mb4",
    "connect_timeout": 5,  # seconds
    "read_timeout": 30,
    "write_timeout": 30,
    "sql_mode": "TRADITIONAL",  # what does not fit is an error, never cut off
}


def is_url(value: str) -> bool:
    """Tell a database's URL from the path of a file."""
    return "://" in value


def is_mariadb(entry: Mapping[str, Any]) -> bool:
    """Tell whether an entry of Django's DATABASES is a MariaDB."""
    return bool(entry["ENGINE"] == ENGINE)


def mariadb(setting: str, url: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of Django's DATABASES for `mysql://user:password@host[:port]/name`.

    Raises ImproperlyConfigured if the URL is another one; without repeating it, as it holds a
    password.
    """
    try:
        entry: dict[str, Any] = {**dj_database_url.parse(url)}
    except ValueError:
        entry = {}
    parts = [entry.get(part) for part in ("USER", "PASSWORD", "HOST", "NAME")]
    if entry.get("ENGINE") != ENGINE or "OPTIONS" in entry or not all(parts):
        raise ImproperlyConfigured(
            f"{setting} is no database: set it to mysql://user:password@host/name, with what is"
            " no letter or digit percent-encoded, or to the path of a SQLite file"
        )
    return entry | {
        "PORT": entry["PORT"] or PORT,
        "OPTIONS": {**_OPTIONS, **options},
        **_KEPT,
    }


def sqlite(file: Path | str, options: Mapping[str, Any]) -> dict[str, Any]:
    """An entry of Django's DATABASES for a SQLite file: its path, or its URI as SQLite has it."""
    return {"ENGINE": "openedx_base.sqlite", "NAME": file, "OPTIONS": {**options}, **_KEPT}


class Trouble(Enum):
    """What an operator makes of an error of MariaDB."""

    GONE = auto()
    """The server does not answer, is starting or was restarted: it may be there in a moment."""
    REFUSED = auto()
    """It does not know the user or the password, or the user may not do this."""
    MISSING = auto()
    """The database or a table of it is not there."""
    CHANGED = auto()
    """A table got another form, or is locked, while it was being read."""


# Codes of the server begin with 1, those of the client with 2.
_CODES = {
    Trouble.GONE: {1040, 1053, 1077, 1080, 1158, 1159, 1160, 1161, 1184, 1927, *range(2000, 2060)},
    Trouble.REFUSED: {1044, 1045, 1130, 1142, 1143, 1227, 1251, 1698},
    Trouble.MISSING: {1008, 1049, 1051, 1109, 1146},
    Trouble.CHANGED: {1205, 1213, 1412},
}


def trouble(error: Exception) -> Trouble | None:
    """What kind of trouble an error of Django or of the driver is; None: not one of these."""
    code = error.args[0] if error.args else None
    return next((kind for kind, codes in _CODES.items() if code in codes), None)
