"""Django's own checks find nothing to complain of, and settings are what the environment says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import analytics_data_api

SOURCE = Path(analytics_data_api.__file__).parents[1]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both databases, current."""
    folder = tmp_path_factory.mktemp("data")
    result = manage("prepare", data=folder)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "--fail-level=WARNING", "--database=default", "--database=reports"],
        ["check", "--deploy", "--fail-level=WARNING"],
        ["makemigrations", "--check", "--dry-run"],
        ["migrate", "--check"],
        ["migrate", "--check", "--database=reports", "reports"],
    ],
    ids=" ".join,
)
def test_management_command_is_content(arguments: list[str], data: Path) -> None:
    result = manage(*arguments, data=data)

    assert result.returncode == 0, result.stdout + result.stderr


def test_plain_http_turns_off_what_needs_https_and_nothing_else(data: Path) -> None:
    result = manage("check", "--deploy", data=data, ANALYTICS_DATA_API_HTTPS="off")

    # HSTS, and the redirect to https; there are no cookies.
    codes = {f"W{part[:3]}" for part in result.stderr.split("security.W")[1:]}
    assert codes == {"W004", "W008"}


@pytest.mark.parametrize("module", ["analytics_data_api", "gunicorn"])
def test_malformed_setting_is_named_in_the_last_line(module: str, data: Path) -> None:
    arguments = {
        "analytics_data_api": ["check"],
        "gunicorn": ["analytics_data_api.wsgi", "--check-config"],
    }
    result = manage(*arguments[module], data=data, module=module, ANALYTICS_DATA_API_HTTPS="maybe")

    assert result.returncode != 0
    assert result.stderr.splitlines()[-1].endswith(
        "ANALYTICS_DATA_API_HTTPS is 'maybe': set it to on or off"
    )


def test_serving_cannot_write_to_the_reports(data: Path) -> None:
    program = (
        "import django; django.setup()\n"
        "from django.db import connections\n"
        "connections['reports'].cursor().execute('DELETE FROM pipeline_run')\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(data, DJANGO_SETTINGS_MODULE="analytics_data_api.settings"),
        capture_output=True,
        text=True,
        check=False,
    )

    assert "attempt to write a readonly database" in result.stderr


def environment(data: Path, **settings: str) -> dict[str, str]:
    return {
        **os.environ,
        "ANALYTICS_DATA_API_REPORTS": str(data / "reports.sqlite3"),
        "ANALYTICS_DATA_API_DATABASE": str(data / "api.sqlite3"),
        "PYTHONPATH": str(SOURCE),
        **settings,
    }


def manage(
    *arguments: str, data: Path, module: str = "analytics_data_api", **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a management command as an engineer would."""
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env=environment(data, **settings),
        capture_output=True,
        text=True,
        check=False,
    )
