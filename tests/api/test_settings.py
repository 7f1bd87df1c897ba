"""Django's own checks find nothing to complain of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import analytics_data_api

SOURCE = Path(analytics_data_api.__file__).parents[1]


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "--fail-level=WARNING"],
        ["check", "--fail-level=WARNING", "--database=default"],
        ["makemigrations", "--check", "--dry-run"],
        ["migrate", "--check"],
    ],
    ids=" ".join,
)
def test_management_command_is_content(arguments: list[str], reports: Path) -> None:
    result = manage(*arguments, reports=reports)

    assert result.returncode == 0, result.stdout + result.stderr


def test_deployment_lacks_only_what_comes_with_the_pages(reports: Path) -> None:
    result = manage("check", "--deploy", reports=reports)

    # Middleware and host names; neither secret key (W009) nor debug mode (W018).
    codes = {f"W{part[:3]}" for part in result.stderr.split("security.W")[1:]}
    assert codes == {"W001", "W002", "W003", "W020"}


def manage(*arguments: str, reports: Path) -> subprocess.CompletedProcess[str]:
    """Run a management command as an engineer would."""
    return subprocess.run(
        [sys.executable, "-m", "analytics_data_api", *arguments],
        env={
            **os.environ,
            "ANALYTICS_DATA_API_REPORTS": str(reports),
            "PYTHONPATH": str(SOURCE),
        },
        capture_output=True,
        text=True,
        check=False,
    )
