"""Insights' settings in tests, and its command line, as an engineer uses it."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import insights

_SOURCE = Path(insights.__file__).parents[1]

_FOLDER = Path(tempfile.mkdtemp(prefix="insights-"))
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)

ENVIRONMENT = {
    "INSIGHTS_SECRET_KEY": "a key for tests alone, as long and varied as Django wants: 0123456789",
    # Nothing listens there. Tests that need the Data API use the fixture `served`.
    "INSIGHTS_DATA_API_URL": "http://127.0.0.1:9/api/v0",
    "INSIGHTS_DATA_API_TOKEN": "0" * 40,
    "INSIGHTS_DATABASE": str(_FOLDER / "insights.sqlite3"),
    "INSIGHTS_STATIC_ROOT": str(_FOLDER / "static"),
    "INSIGHTS_CACHE": str(_FOLDER / "cache"),
    "INSIGHTS_ALLOWED_HOSTS": "testserver,localhost",
    "INSIGHTS_HTTPS": "off",
}
"""The settings of Insights in this process, and of its commands."""


def manage(
    *arguments: str, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a management command with the settings of the tests, changed by `environment`."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "insights", *arguments],
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": str(_SOURCE), **environment},
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


def failure(result: subprocess.CompletedProcess[str]) -> str:
    """The one line with which a command failed."""
    assert result.returncode == 1
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    return line
