"""Insights' command line, as an engineer uses it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import insights

_SOURCE = Path(insights.__file__).parents[1]


def manage(
    *arguments: str, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a management command in the environment of the tests, changed by `environment`."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "insights", *arguments],
        env={**os.environ, "PYTHONPATH": str(_SOURCE), **environment},
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
