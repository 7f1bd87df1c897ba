from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

INV = Path(sys.executable).with_name("inv")

TASKS = """
import os, signal
from tasks.lib.errors import OperatorError
from tasks.lib.task import task

@task
def operator(context):
    raise OperatorError("no logs in /srv: give their folder with --logs", 3)

@task
def application(context):
    class PipelineError(Exception):
        exit_code = 75
    raise PipelineError("another update holds /srv")

@task
def interrupted(context):
    os.kill(os.getpid(), signal.SIGINT)

@task
def defect(context):
    raise ZeroDivisionError("ours")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkout with failing tasks."""
    source = Path(__file__).parents[3] / "tasks.py"
    heading = source.read_text().split("from tasks import")[0]
    (tmp_path / "tasks.py").write_text(heading + TASKS)
    (tmp_path / "tasks").symlink_to(source.with_suffix(""))
    return tmp_path


@pytest.mark.parametrize(
    ("task", "code", "line"),
    [
        ("operator", 3, "inv: no logs in /srv: give their folder with --logs\n"),
        ("application", 75, "inv: another update holds /srv\n"),
        ("interrupted", 130, "inv: interrupted\n"),
    ],
)
def test_an_operators_failure_is_one_line_on_stderr(
    folder: Path, task: str, code: int, line: str
) -> None:
    run = subprocess.run([INV, task], cwd=folder, capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (code, "", line)


def test_a_defect_keeps_its_traceback(folder: Path) -> None:
    run = subprocess.run([INV, "defect"], cwd=folder, capture_output=True, text=True)
    assert run.returncode == 1
    assert run.stderr.startswith("Traceback")
    assert run.stderr.endswith("ZeroDivisionError: ours\n")


@pytest.mark.parametrize(
    ("no_color", "line"),
    [
        ("", b"\033[31minv: another update holds /srv\033[0m"),
        ("1", b"inv: another update holds /srv"),
    ],
)
def test_on_a_terminal_it_is_red(folder: Path, no_color: str, line: bytes) -> None:
    terminal, theirs = pty.openpty()
    environment = {**os.environ, "NO_COLOR": no_color}
    subprocess.run([INV, "application"], cwd=folder, stderr=theirs, env=environment)
    os.close(theirs)
    shown = os.read(terminal, 1000)
    os.close(terminal)
    assert shown.strip() == line
