"""Serves a data folder on this machine: Data API and Insights, each under gunicorn."""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from tasks.lib.errors import OperatorError
from tasks.lib.local import applications
from tasks.lib.local.runs import REPORTS_FILE
from tasks.lib.local.secrets import FILE as SECRETS_FILE
from tasks.lib.local.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from pathlib import Path
    from types import FrameType

    from tasks.lib.local.applications import Application

HOST = "127.0.0.1"
PORT = 8110
_SECONDS_TO_START = 60.0
_SECONDS_TO_STOP = 15.0


@dataclass(frozen=True)
class Address:
    """A port of this machine that listens already, for a server to take over."""

    listener: socket.socket

    @property
    def url(self) -> str:
        """Where a browser on this machine finds it, without a trailing slash."""
        return f"http://{HOST}:{self.port}"

    @property
    def port(self) -> int:
        """The port; of port 0, the one that the system chose."""
        return int(self.listener.getsockname()[1])


@dataclass(frozen=True)
class Site:
    """A data folder that is being served."""

    data: Path
    data_api: Server
    insights: Server


@dataclass(frozen=True)
class Server:
    """A running gunicorn."""

    application: Application
    address: Address
    process: subprocess.Popen[bytes]


@contextmanager
def listen(port: int) -> Generator[Address]:
    """Take a port of the loopback interface; 0 takes any that is free.

    Raises:
        OperatorError: it is in use, or may not be used.
    """
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
            listener.listen(128)
        except (OSError, OverflowError) as error:
            raise OperatorError(f"port {port}: {_why(error)}") from error
        yield Address(listener)


def _why(error: OSError | OverflowError) -> str:
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return "in use by another program; end it, or choose another with --port"
        case errno.EACCES:
            return "only root may use it; choose one from 1024 to 65534 with --port"
        case None:
            return "no port number; choose one from 1024 to 65534 with --port"
    return f"{error}; choose another with --port"


@contextmanager
def site(
    data: Path, port: int = PORT, mail: Mapping[str, str] = MappingProxyType({})
) -> Generator[Site]:
    """Prepare and serve the data folder: Insights on `port`, the Data API on the port after it.

    Leaves the servers running for as long as the context is open. `mail` are Insights' settings of
    the mail server, where it has one.

    Raises:
        OperatorError: there are no reports, a port is taken, or a server does not start.
        ReportsDatabaseError: the reports database cannot be used.
    """
    from analytics_data_api.database import migrate_sqlite

    reports = data / REPORTS_FILE
    if not reports.is_file():
        raise OperatorError(
            f"no {REPORTS_FILE} in {data}: run `inv local.update` first, or name another folder"
            " with --data"
        )
    with ExitStack() as stack:
        pages = stack.enter_context(listen(port))
        numbers = stack.enter_context(listen(port and port + 1))
        migrate_sqlite(reports)
        secrets = Secrets.of(data)
        data_api = applications.data_api(data, secrets)
        insights = applications.insights(data, secrets, f"{numbers.url}/api/v0", mail)
        prepare(data_api, insights)
        servers = [
            stack.enter_context(serving(application, address))
            for application, address in ((data_api, numbers), (insights, pages))
        ]
        for server in servers:
            wait_for(server)
        yield Site(data, *servers)


def prepare(*apps: Application) -> None:
    """Bring the applications' databases and files up to date, all at once.

    Raises:
        OperatorError: one of them cannot be prepared.
    """
    with ThreadPoolExecutor() as pool:
        for _ in pool.map(lambda application: application.manage("prepare"), apps):
            pass


@contextmanager
def serving(application: Application, address: Address) -> Generator[Server]:
    """Run gunicorn for an application on an address, and end it."""
    listener = address.listener.fileno()
    command = [
        *(sys.executable, "-P", "-m", "gunicorn", f"{application.package}.wsgi:application"),
        *("--name", application.package, "--bind", f"fd://{listener}"),
        *("--workers", "2", "--threads", "4", "--preload"),
        *("--graceful-timeout", "10", "--log-level", "warning", "--no-control-socket"),
        # Course lists in a query are long: up to gunicorn's own maximum.
        *("--limit-request-line", "8190"),
    ]
    # A session of its own: Ctrl-C reaches this process alone, which then ends gunicorn in order.
    process = subprocess.Popen(
        command,
        env=application.process_environment,
        pass_fds=[listener],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield Server(application, address, process)
    finally:
        process.terminate()
        try:
            process.wait(_SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            # Its workers too: one that does not react would keep the port.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_for(server: Server) -> None:
    """Return once the server answers.

    Raises:
        OperatorError: it ended, or took too long.
    """
    title = server.application.title
    deadline = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise OperatorError(f"{title} did not start: its own lines above say why")
        try:
            with urllib.request.urlopen(f"{server.address.url}/status/", timeout=1):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.05)
    raise OperatorError(f"{title} did not answer within {_SECONDS_TO_START:.0f} s")


def describe(served: Site) -> str:
    """Where to find what is served, in one line."""
    insights, data_api = served.insights.address.url, served.data_api.address.url
    token = f"token: API_TOKEN in {served.data / SECRETS_FILE}"
    return f"Insights: {insights}/   Data API: {data_api}/api/v1/ ({token})"


def keep(served: Site) -> None:
    """Return when Ctrl-C, SIGTERM or SIGHUP comes.

    Raises:
        OperatorError: a server ended by itself.
    """
    with _stop_signal() as stopped:
        while not stopped:
            for server in (served.data_api, served.insights):
                if server.process.poll() is not None:
                    raise OperatorError(
                        f"{server.application.title} ended with exit code"
                        f" {server.process.returncode}: its own lines above say why"
                    )
            time.sleep(0.2)


@contextmanager
def _stop_signal() -> Generator[list[int]]:
    """Collects the signals that ask this process to end, in place of ending it."""
    received: list[int] = []

    def note(number: int, frame: FrameType | None) -> None:
        received.append(number)

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, note) for number in signals}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
