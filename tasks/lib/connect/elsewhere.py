"""An LMS that is known by its address alone."""

from __future__ import annotations

from urllib.parse import urlsplit

from tasks.lib.connect.site import Commands, Database, LmsSite
from tasks.lib.errors import OperatorError
from tasks.lib.settings.setting_types import is_host, url

_COMMANDS = Commands(
    shell="cd /edx/app/edxapp/edx-platform && sh",
    mysql="mysql --host DATABASE --user ADMINISTRATOR --password --force",
)


def site(root: str, database: str, name: str, discovery: str) -> LmsSite:
    """An LMS, as its operator tells of it.

    Args:
        root: its URL.
        database: HOST or HOST:PORT of its MySQL, or empty.
        name: the database's name.
        discovery: URL of its course discovery service, or empty.

    Raises:
        OperatorError: one of them is none.
    """
    return LmsSite(
        _root("URL", root),
        _COMMANDS,
        _database(database, name) if database else None,
        _root("--discovery", discovery) if discovery else "",
    )


def _root(option: str, text: str) -> str:
    if not url().is_valid(text) or urlsplit(text).path.strip("/") or urlsplit(text).query:
        raise OperatorError(
            f"{option} is {text!r}: give the address alone, such as https://lms.example.org", 2
        )
    return text.rstrip("/")


def _database(text: str, name: str) -> Database:
    host, _, port = text.partition(":")
    if not is_host(host) or (port and not (port.isascii() and port.isdigit())):
        raise OperatorError(f"--database is {text!r}: give HOST or HOST:PORT", 2)
    return Database(host, int(port or Database.port), name)
