"""Brings a database to the schema that the code knows, before a server starts."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from django.core.management import call_command
from django.db import DatabaseError, connections

from openedx_base import mariadb
from openedx_base.databases import is_mariadb
from openedx_base.errors import PreparationError

if TYPE_CHECKING:
    from collections.abc import Iterator


def prepare(alias: str, setting: str, app: str = "") -> None:
    """Migrate a database; safe to call before each start, and from several processes at once.

    Args:
        alias: the database in Django's DATABASES.
        setting: name of the setting that it comes from.
        app: the only app whose tables are in it; all apps by default.

    Raises:
        PreparationError: it cannot be reached, used or migrated.
    """
    settings = connections[alias].settings_dict
    if is_mariadb(settings):
        mariadb.prepare(alias, app, setting)
        return
    file = Path(settings["NAME"])
    with told_in_one_line(alias):
        # It holds secrets: nobody but its owner may read it.
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
        call_command("migrate", database=alias, interactive=False, verbosity=0)


@contextmanager
def told_in_one_line(alias: str) -> Iterator[None]:
    """Turn what a database and the file system complain of into PreparationError."""
    settings = connections[alias].settings_dict
    name = settings["NAME"]
    try:
        yield
    except OSError as error:
        raise PreparationError(
            f"cannot write {name}: {error.strerror}; check the owner and mode of it and its folder"
        ) from error
    except DatabaseError as error:
        if is_mariadb(settings):
            raise PreparationError(f"cannot use the database {name}: {error}") from error
        raise PreparationError(
            f"cannot use {name}: {error}; end what else uses it, or move the file away to begin a"
            " new one"
        ) from error
