"""The project's own checks: nox sessions, run in .venv."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from invoke import Exit

from tasks.lib.environment import ROOT, ensure
from tasks.lib.task import task

if TYPE_CHECKING:
    from invoke import Context


@task
def test(context: Context) -> None:
    """Check lint and types and run the tests, as CI does."""
    ensure("test", "spark")
    nox("lint", "types", "tests")


@task
def lint(context: Context) -> None:
    """Check style and format with Ruff."""
    ensure("lint")
    nox("lint")


def nox(*sessions: str) -> None:
    """Runs nox sessions of this checkout. Raises Exit with nox's exit code if one fails."""
    command = [sys.executable, "-m", "nox", "--noxfile", str(ROOT / "noxfile.py"), "--sessions"]
    code = subprocess.run([*command, *sessions], check=False).returncode
    if code:
        raise Exit(code=code)


@task
def docs(context: Context) -> None:
    """Write docs/tables.md from what the pipeline declares."""
    ensure("local")
    from insights_pipeline.tables_page import write_page

    (ROOT / "docs/tables.md").write_text(write_page(), encoding="utf-8")
