"""Ports, servers that do not start, and servers that end."""

from __future__ import annotations

import os
import signal
import socket
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import requests

from analytics_data_api.database import migrate_sqlite
from tasks.lib.errors import OperatorError
from tasks.lib.local import applications, serve
from tasks.lib.local.secrets import Secrets

if TYPE_CHECKING:
    from pathlib import Path

    from tasks.lib.local.applications import Application


@pytest.fixture
def data_api(tmp_path: Path) -> Application:
    """A Data API that has been prepared."""
    migrate_sqlite(tmp_path / "reports.sqlite3")
    application = applications.data_api(tmp_path, Secrets.of(tmp_path))
    serve.prepare(application)
    return application


def test_port_in_use_is_said_so() -> None:
    with socket.create_server((serve.HOST, 0)) as other:
        port = other.getsockname()[1]
        with (
            pytest.raises(OperatorError, match=f"port {port}: in use by another program"),
            serve.listen(port),
        ):
            pass


@pytest.mark.parametrize("port", [-1, 65536])
def test_number_that_is_no_port(port: int) -> None:
    with pytest.raises(OperatorError, match=f"port {port}: no port number"), serve.listen(port):
        pass


def test_server_is_there_for_as_long_as_the_context(data_api: Application) -> None:
    with serve.listen(0) as address:
        url = address.url
        with serve.serving(data_api, address) as server:
            serve.wait_for(server)
            assert requests.get(f"{address.url}/health/", timeout=5).json() == {
                "overall_status": "OK",
                "detailed_status": {"database_connection": "OK"},
            }
        assert server.process.returncode == 0
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/status/", timeout=5)


def test_server_that_hangs_is_ended_with_its_workers(
    data_api: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "_SECONDS_TO_STOP", 0.5)
    with serve.listen(0) as address, serve.serving(data_api, address) as server:
        serve.wait_for(server)
        os.killpg(server.process.pid, signal.SIGSTOP)
    deadline = time.monotonic() + 10
    while is_there(server.process.pid):
        assert time.monotonic() < deadline, "a worker is still there"
        time.sleep(0.05)


def is_there(group: int) -> bool:
    """Whether a process group has a process."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_secrets_are_not_among_the_arguments(data_api: Application, tmp_path: Path) -> None:
    with serve.listen(0) as address, serve.serving(data_api, address) as server:
        arguments = " ".join(map(str, server.process.args))  # type: ignore[arg-type]
        assert Secrets.of(tmp_path).api_token not in arguments


def test_setting_that_cannot_be(data_api: Application, capfd: pytest.CaptureFixture[str]) -> None:
    """The application names it, and what waits for the server says where to look."""
    wrong = {**data_api.environment, "ANALYTICS_DATA_API_HTTPS": "perhaps"}
    application = replace(data_api, environment=wrong)

    with pytest.raises(OperatorError, match="ANALYTICS_DATA_API_HTTPS is 'perhaps': set it to on"):
        serve.prepare(application)
    with (
        serve.listen(0) as address,
        serve.serving(application, address) as server,
        pytest.raises(OperatorError, match="Data API did not start: its own lines above say why"),
    ):
        serve.wait_for(server)
    assert "ANALYTICS_DATA_API_HTTPS is 'perhaps'" in capfd.readouterr().err


def test_folder_without_reports(tmp_path: Path) -> None:
    with (
        pytest.raises(OperatorError, match=r"no reports\.sqlite3 in .*: run `inv local\.update`"),
        serve.site(tmp_path, 0),
    ):
        pass
