"""A real MariaDB server for tests: Debian's, in a folder of its own.

It has the users of the image services/web/mysql, with the same rights, on databases that each test
makes for itself. Django runs on the driver of the images, mysqlclient, where that is installed, and
else on PyMySQL: a compiler for one driver is too much to ask of a developer's machine. tests/stack
runs the images themselves.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pymysql
import pytest

import issuing
from tasks.lib.environment import APPLICATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORDS = {
    # With everything that a URL would take for something else.
    user: f"{user}'s p@ss:w/rd? 50%#{user}\\"
    for user in ("api", "insights", "migrations", "pipeline")
}
_HOST = "127.0.0.1"
_SECONDS_TO_START = 60.0
_DRIVERS = Path(__file__).with_name("drivers")


@cache
def driver_path() -> str:
    """What PYTHONPATH needs, so that Django finds a driver; empty where mysqlclient is there."""
    # Not `find_spec`, which takes a stand-in that this process has imported for the real one.
    return "" if PathFinder.find_spec("MySQLdb") else str(_DRIVERS)


def need() -> None:
    """Skip a test where there is no MariaDB; in CI, fail."""
    if not shutil.which("mariadbd", path=_SEARCH_PATH):
        if os.environ.get("CI") == "true":
            pytest.fail("no MariaDB, though this run installed one")
        pytest.skip("needs MariaDB (Debian: apt install mariadb-server-core mariadb-client-core)")


# Where Debian puts servers, which an ordinary user's PATH leaves out.
_SEARCH_PATH = os.pathsep.join([os.environ["PATH"], "/usr/sbin"])


class Server:
    """A server on a port of the loopback interface, which may be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._databases = 0
        folder.chmod(0o755)
        # Shown to whoever asks for TLS, at the address localhost.
        self.certificate, self._key = issuing.issue(folder / "tls", "localhost")
        if os.geteuid() == 0:
            for path in (folder, self._key):
                shutil.chown(path, "nobody", "nogroup")
        install = ["mariadb-install-db", "--no-defaults", f"--datadir={folder / 'data'}"]
        install += ["--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(install, check=True, capture_output=True, cwd=folder, **_as_nobody())

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *("mariadbd", "--no-defaults", f"--datadir={self.folder / 'data'}"),
                    *(f"--socket={self.folder / 'socket'}", f"--pid-file={self.folder / 'pid'}"),
                    *(f"--port={self.port}", f"--bind-address={_HOST}", "--skip-name-resolve"),
                    *(f"--ssl-cert={self.certificate}", f"--ssl-key={self._key}"),
                    # What a process has written outlives its end, if not the machine's.
                    *("--innodb-buffer-pool-size=64M", "--innodb-flush-method=nosync"),
                    *("--innodb-flush-log-at-trx-commit=2", "--skip-sync-frm"),
                ],
                env={**os.environ, "PATH": _SEARCH_PATH},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **_as_nobody(),
            )
        deadline = time.monotonic() + _SECONDS_TO_START
        while not self._listens():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.05)

    def _listens(self) -> bool:
        try:
            with socket.create_connection((_HOST, self.port), timeout=1):
                return True
        except OSError:
            return False

    def end(self, number: int = signal.SIGTERM) -> None:
        """End it by a signal."""
        if self._process:
            self._process.send_signal(number)
            self._process.wait(60)
            self._process = None

    def do(self, statement: str, *values: Any, database: str | None = None) -> list[Any]:
        """What the server's administrator is answered."""
        with closing(self.connect("root", database)) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            return list(cursor.fetchall())

    def connect(self, user: str, database: str | None = None) -> pymysql.Connection[Any]:
        """A connection of a user; each statement is a transaction."""
        way = (
            {"unix_socket": str(self.folder / "socket")}
            if user == "root"
            else {"host": _HOST, "port": self.port, "password": PASSWORDS[user]}
        )
        return pymysql.connect(
            user=user, database=database, autocommit=True, charset="utf8mb4", **way
        )

    def make_users(self) -> None:
        """The users of the image, without rights."""
        for user, password in PASSWORDS.items():
            self.do(f"CREATE USER {user} IDENTIFIED BY %s", password)

    def make_databases(self) -> Databases:
        """Empty databases for a site."""
        self._databases += 1
        made = Databases(self, self._databases)
        for name in (made.reports, made.api, made.insights):
            self.do(f"CREATE DATABASE {name}")
        for rights, database, user in (
            ("ALL", made.api, "api"),
            ("SELECT", made.reports, "api"),
            ("ALL", made.insights, "insights"),
            ("SELECT, INSERT, UPDATE, DELETE", made.reports, "pipeline"),
            (
                "SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX, REFERENCES",
                made.reports,
                "migrations",
            ),
        ):
            self.do(f"GRANT {rights} ON {database}.* TO {user}")
        return made


@dataclass(frozen=True)
class Databases:
    """The databases of one site."""

    server: Server
    number: int

    @property
    def reports(self) -> str:
        return f"reports_{self.number}"

    @property
    def api(self) -> str:
        return f"api_{self.number}"

    @property
    def insights(self) -> str:
        return f"insights_{self.number}"

    def url(self, user: str, database: str) -> str:
        """A database as settings name it."""
        password = quote(PASSWORDS[user], safe="")
        return f"mysql://{user}:{password}@{_HOST}:{self.server.port}/{database}"

    @property
    def data_api(self) -> dict[str, str]:
        """The Data API's settings, as its container has them."""
        return {
            "ANALYTICS_DATA_API_REPORTS": self.url("api", self.reports),
            "ANALYTICS_DATA_API_REPORTS_MIGRATIONS": self.url("migrations", self.reports),
            "ANALYTICS_DATA_API_DATABASE": self.url("api", self.api),
        }

    def prepare(self) -> None:
        """Make the tables of the Data API, as its container does when it starts."""
        done = manage("analytics_data_api", "prepare", **self.data_api)
        assert done.returncode == 0, done.stderr

    def copy_reports(self, made: Databases) -> None:
        """Make the tables of the reports as another site has them."""
        for table in made.tables(made.reports):
            there = f"{made.reports}.{table}"
            self.server.do(f"CREATE TABLE {self.reports}.{table} LIKE {there}")
            self.server.do(f"INSERT INTO {self.reports}.{table} SELECT * FROM {there}")

    def select(self, database: str, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What is in a database."""
        return [tuple(row) for row in self.server.do(query, *values, database=database)]

    def tables(self, database: str) -> set[str]:
        return {name for (name,) in self.select(database, "SHOW TABLES")}


def manage(
    package: str, *arguments: str, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a management command of an application."""
    return subprocess.run(
        [sys.executable, "-P", "-m", package, *arguments],
        env={**os.environ, "PYTHONPATH": python_path(), **environment},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def python_path() -> str:
    """Where the applications are, and their driver."""
    path = [*map(str, APPLICATIONS), driver_path(), os.environ.get("PYTHONPATH", "")]
    return os.pathsep.join(filter(None, path))


@contextmanager
def running() -> Iterator[Server]:
    """A server without databases, for as long as the context is open."""
    need()
    # A short path: sockets have short names.
    with tempfile.TemporaryDirectory(prefix="mariadb-", ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder))
        server.start()
        try:
            server.make_users()
            yield server
        finally:
            server.end(signal.SIGKILL)


def _as_nobody() -> dict[str, Any]:
    """Root must not run a MariaDB."""
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((_HOST, 0))
        return int(found.getsockname()[1])
