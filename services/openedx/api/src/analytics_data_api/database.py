"""Brings the ``reports`` database to the schema that this code knows.

For programs that are not Django's, such as the pipeline: Django is started in a process of its
own, and only when there is something to migrate.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PACKAGE = Path(__file__).resolve().parent
_APP = "reports"
_WAIT_SECONDS = 10.0


class ReportsDatabaseError(Exception):
    """The reports database cannot be used; the message says why and what to do, in one line."""

    exit_code = 1


def migrate_sqlite(path: Path) -> None:
    """Bring the SQLite file ``path`` to the current schema and to write-ahead logging.

    An absent file is created, and appears under its name only when complete. An older one is
    migrated in one transaction: readers see the schema from before or the one from after. A
    current one is left alone, which takes about a millisecond. Safe to call from several
    processes at once, and again after a crash.

    Raises ReportsDatabaseError if ``path`` is no SQLite database, cannot be written, stays locked
    or was migrated by a newer version.
    """
    path = Path(path).absolute()
    with _readable_errors(path):
        if not _is_current(path):
            with _migration_lock(path) as lock:
                # Another process may have done it while we waited for the lock.
                if not path.exists():
                    _create(path, lock)
                elif not _is_current(path):
                    _run_migrations(path, lock)
        _use_write_ahead_log(path)


def known_migrations() -> set[str]:
    """Names of the migrations of ``reports`` that this code has."""
    return {file.stem for file in (_PACKAGE / _APP / "migrations").glob("[0-9]*.py")}


def _is_current(path: Path) -> bool:
    """Tell whether ``path`` exists and has all migrations that this code knows."""
    if not path.exists():
        return False
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        raise PermissionError("not writable")
    with closing(sqlite3.connect(path, timeout=_WAIT_SECONDS)) as connection:
        applied = _applied_migrations(connection)
    known = known_migrations()
    if newer := sorted(applied - known):
        raise ReportsDatabaseError(
            f"{path} was made by a newer version (migration {newer[-1]}): "
            "upgrade this checkout, or move the file away to begin a new one"
        )
    return applied == known


def _applied_migrations(connection: sqlite3.Connection) -> set[str]:
    """Names of the migrations that Django has recorded, none in an empty database."""
    recorded = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'django_migrations'")
    if recorded.fetchone() is None:
        return set()
    rows = connection.execute("SELECT name FROM django_migrations WHERE app = ?", (_APP,))
    return {name for (name,) in rows}


def _create(path: Path, lock: int) -> None:
    """Build the database beside ``path`` and give it its name when it is complete."""
    building = path.with_name(f".{path.name}.new")
    _remove(building)
    try:
        os.close(os.open(building, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640))
        _run_migrations(building, lock)
        _use_write_ahead_log(building)
        building.replace(path)
    finally:
        _remove(building)


def _use_write_ahead_log(path: Path) -> None:
    """Let readers and the publisher work without waiting for each other; kept in the file."""
    with closing(sqlite3.connect(path, timeout=_WAIT_SECONDS)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")


def _remove(database: Path) -> None:
    """Remove a database and the files that SQLite keeps beside it."""
    for suffix in ("", "-journal", "-wal", "-shm"):
        database.with_name(database.name + suffix).unlink(missing_ok=True)


@contextmanager
def _migration_lock(path: Path) -> Iterator[int]:
    """Let one process at a time migrate in the folder of ``path``; yields the lock's descriptor.

    The lock is on the folder, so that no lock file stays behind.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise ReportsDatabaseError(
                        f"{path} is being migrated by another process: try again when it has ended"
                    ) from None
                time.sleep(0.05)
        yield folder
    finally:
        os.close(folder)


def _run_migrations(path: Path, lock: int) -> None:
    """Run Django's migrate on ``path``, in a process that holds ``lock`` even if we are killed."""
    search_path = [str(_PACKAGE.parent), os.environ.get("PYTHONPATH", "")]
    environment = {
        # Of a file of settings, only the path would be another one.
        **{name: value for name, value in os.environ.items() if name != "ANALYTICS_API_CFG"},
        "ANALYTICS_DATA_API_REPORTS": str(path),
        "ANALYTICS_DATA_API_REPORTS_ACCESS": "write",
        "DJANGO_SETTINGS_MODULE": "analytics_data_api.settings",
        "PYTHONPATH": os.pathsep.join(filter(None, search_path)),
    }
    command = [sys.executable, "-P", "-m", "analytics_data_api", "migrate", _APP]
    subprocess.run(
        [*command, "--database=reports", "--no-input", "--skip-checks", "--verbosity=0"],
        env=environment,
        pass_fds=[lock],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        text=True,
        errors="replace",
    )


@contextmanager
def _readable_errors(path: Path) -> Iterator[None]:
    """Turn what the file system, SQLite and Django complain of into ReportsDatabaseError."""
    try:
        yield
    except subprocess.CalledProcessError as error:
        # A traceback ends with the error itself; a process that was killed says nothing.
        reason = (error.stderr.strip().splitlines() or [str(error)])[-1]
        raise ReportsDatabaseError(
            f"cannot migrate {path}: {reason}; mend the cause and run again"
        ) from error
    except sqlite3.Error as error:
        raise ReportsDatabaseError(_sqlite_message(path, error)) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise ReportsDatabaseError(
            f"cannot write {path}: {reason}; check that its folder exists and may be written"
        ) from error


def _sqlite_message(path: Path, error: sqlite3.Error) -> str:
    """Say what an error of SQLite means to an operator."""
    if path.is_dir():
        return f"{path} is a folder, not a database: give the path of a file"
    # The low byte is the error's kind; the rest tells variants apart.
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return f"{path} is not a SQLite database, or a damaged one: move the file away"
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"{path} is locked by another process: try again when it has ended"
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN:
            return f"cannot write {path}: {error}; check the owner and mode of it and its folder"
    return f"cannot use {path}: {error}"
