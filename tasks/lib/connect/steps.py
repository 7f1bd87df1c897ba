"""What an operator runs in the LMS: its users and OAuth2 clients, and a reader of its database.

Nothing is run from here. What is to be run holds secrets, and is written to files that their owner
alone may read; what is printed holds none.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from insights_pipeline.schema.inputs import LMS
from tasks.lib.errors import OperatorError
from tasks.lib.settings import env_file

if TYPE_CHECKING:
    from collections.abc import Iterator

    from insights_pipeline.schema import Table
    from tasks.lib.connect.site import LmsSite
    from tasks.lib.settings import Settings

FOLDER = Path("data/connect")
CLIENTS, DATABASE = FOLDER / "lms-clients.sh", FOLDER / "lms-database.sql"

# As social-auth's back end of edx-auth-backends asks for them.
_SIGN_IN_SCOPES = "user_id,profile,email"


def clients(loaded: Settings, host: str) -> str:
    """A shell script for where the LMS's `./manage.py` is; run again, it changes what is there.

    Of Insights' client the LMS asks its users, and its own user may do nothing; that of the
    pipeline is the client's own user, who is staff so that no course is kept from it.
    """
    site, port = loaded.require("SITE_HOST"), loaded.require("HTTPS_PORT")
    address = f"https://{site}" + ("" if port == "443" else f":{port}")
    lines = [
        "# Users and OAuth2 clients of Analytics Micro. To be run in the LMS's container.",
        "set -eu",
        *_client(
            loaded,
            "LMS_SIGN_IN",
            host,
            *("--grant-type", "authorization-code", "--skip-authorization"),
            *("--redirect-uris", f"{address}/complete/edx-oauth2/"),
            *("--scopes", _SIGN_IN_SCOPES),
        ),
        *_client(loaded, "LMS_OAUTH2", host, "--grant-type", "client-credentials", staff=True),
    ]
    return "\n".join([*lines, ""])


def _client(
    loaded: Settings, prefix: str, host: str, *options: str, staff: bool = False
) -> Iterator[str]:
    name, secret = (loaded.require(f"{prefix}_CLIENT_{part}") for part in ("ID", "SECRET"))
    rights = ["--staff"] if staff else []
    yield _manage("manage_user", name, f"{name}@{host}", "--unusable-password", *rights)
    identity = ("--client-id", name, "--client-secret", secret)
    yield _manage("create_dot_application", *options, *identity, "--update", name, name)


def _manage(*arguments: str) -> str:
    return shlex.join(["./manage.py", "lms", *arguments])


def statements(loaded: Settings) -> str:
    """SQL for an administrator of the LMS's database: a user who may read what we need, no more."""
    user = f"{_text(loaded.require('LMS_DB_USER'))}@'%'"
    password = _text(loaded.require("LMS_DB_PASSWORD"))
    name = loaded.require("LMS_DB_NAME").replace("`", "``")
    grants = [
        f"GRANT SELECT{_columns(table)} ON `{name}`.`{table.name}` TO {user};" for table in LMS
    ]
    lines = [
        "-- A user for Analytics Micro, who may read what it needs, for an administrator of the",
        "-- LMS's database to run. A table that it lacks (enterprise_…) is an error without harm.",
        f"CREATE USER IF NOT EXISTS {user} IDENTIFIED BY {password};",
        f"ALTER USER {user} IDENTIFIED BY {password};",
        *grants,
    ]
    return "\n".join([*lines, ""])


def _columns(table: Table) -> str:
    """The columns, where every release of the LMS has all of them; else the whole table."""
    if any(column.optional for column in table.columns):
        return ""
    # By `id` a table is read in order; of a composed one it is no column of ours.
    return " (" + ", ".join(f"`{name}`" for name in dict.fromkeys(("id", *table.names))) + ")"


def _text(value: str) -> str:
    """A text as MySQL reads it, whatever its `sql_mode`."""
    if "\\" in value:
        raise OperatorError("LMS_DB_USER and LMS_DB_PASSWORD may hold no backslash: change them")
    return "'" + value.replace("'", "''") + "'"


def write(loaded: Settings, site: LmsSite) -> list[str]:
    """Write the files; returns what is left to do, a paragraph each, without a secret.

    Raises:
        SettingsError: a setting that they need is missing or wrong.
        OperatorError: they cannot be written.
    """
    files = {CLIENTS: clients(loaded, urlsplit(site.url).hostname or "")}
    if site.database:
        files[DATABASE] = statements(loaded)
    try:
        (loaded.root / FOLDER).mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            env_file.write(loaded.root / path, content.encode())
    except OSError as error:
        raise OperatorError(f"{loaded.root / FOLDER}: {error.strerror}") from error
    return [*_left(loaded, site)]


def _left(loaded: Settings, site: LmsSite) -> Iterator[str]:
    yield (
        f"Users and OAuth2 clients of the LMS: look at {CLIENTS}, then\n"
        f"  {site.commands.shell} < {CLIENTS}"
    )
    if site.database:
        yield (
            f"A user of its database who may read what is needed: look at {DATABASE}, then\n"
            f"  {site.commands.mysql} < {DATABASE}"
        )
    yield from site.notes
    logs = loaded.path("TRACKING_LOGS") or loaded.root
    folder = f"{site.logs}" if site.logs else "LMS:/edx/var/log/tracking"
    yield (
        "Tracking logs, each night before `inv hadoop-tasks` (other logs tell of the same events"
        " again, and have to stay where they are):\n"
        f"  rsync -a --include='tracking.log*' --exclude='*' {folder}/ {logs}/lms/"
    )
    yield "`inv connect.check` tries it all; `inv up --detach` takes the settings into use."
