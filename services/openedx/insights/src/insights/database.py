"""What errors of the database of accounts and sessions mean to a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import DatabaseError, InterfaceError, OperationalError

from openedx_base.databases import Trouble, trouble

if TYPE_CHECKING:
    from logging import LogRecord


def is_unavailable(error: BaseException | None) -> bool:
    """Whether the database, and no defect of ours, keeps a page from being made."""
    return isinstance(error, OperationalError | InterfaceError) or (
        isinstance(error, DatabaseError) and trouble(error) is not None
    )


def needs_an_operator(error: BaseException) -> bool:
    """Whether waiting does not help: the server answers, but not with what Insights needs."""
    return isinstance(error, DatabaseError) and trouble(error) in (
        Trouble.REFUSED,
        Trouble.MISSING,
    )


def is_news(record: LogRecord) -> bool:
    """A filter of log lines: the page for such an error has written one already."""
    return not (record.exc_info and is_unavailable(record.exc_info[1]))
