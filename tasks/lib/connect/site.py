"""An LMS, as far as it can be known before anything of it is asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Database:
    """The MySQL of an LMS, as this machine and its containers reach it."""

    host: str
    port: int = 3306
    name: str = "openedx"


@dataclass(frozen=True)
class Commands:
    """How an operator hands a file to a program of the LMS, on its standard input.

    Attributes:
        shell: what runs a shell script where `./manage.py lms` is.
        mysql: what runs SQL statements as an administrator of its database.
    """

    shell: str
    mysql: str


@dataclass(frozen=True)
class LmsSite:
    """An LMS: where it is, and where what we read of it lies.

    Attributes:
        url: its root URL, without a trailing slash.
        commands: how to reach its programs.
        database: where it is known.
        discovery: root URL of its course discovery service, where it has one.
        logs: the folder of this machine that its tracking.log is written to, where it is one.
        notes: what its operator has to know, a paragraph each.
    """

    url: str
    commands: Commands
    database: Database | None = None
    discovery: str = ""
    logs: Path | None = None
    notes: tuple[str, ...] = ()
