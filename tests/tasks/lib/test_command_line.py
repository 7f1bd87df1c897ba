"""The command line as it is understood: help is given wherever it is asked for."""

from __future__ import annotations

import subprocess
import sys

import pytest

from checkout import ROOT


def inv(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "tasks/lib/program.py", "--search-root", ".", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "line",
    [
        ["--help", "learner.forget"],
        ["learner.forget", "--help"],
        ["learner.forget", "-h"],
        ["learner.forget", "ada", "--dry-run", "--help"],
        ["up", "learner.forget", "--help"],
    ],
)
def test_help_is_no_ones_name(line: list[str]) -> None:
    """Beside a task with a first argument, which it would else be taken for."""
    told = inv(*line)

    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("Usage: inv [--core-opts] learner.forget ")


def test_help_on_a_task_that_is_not_there() -> None:
    told = inv("samle", "--help")

    assert told.returncode == 2
    assert told.stderr == "inv: no task is called samle: did you mean sample?\n"
