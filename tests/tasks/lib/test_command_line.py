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
    assert "show what there is of the learner" in told.stdout  # what --dry-run does


def test_help_on_a_task_that_is_not_there() -> None:
    told = inv("samle", "--help")

    assert told.returncode == 2
    assert told.stderr == "inv: no task is called samle: did you mean sample?\n"


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (["local.follow", "--data", "x", "--every", "soon"], "--every soon is no number"),
        (["local.follow", "--data", "x", "--every=soon"], "--every soon is no number"),
        (["local.follow", "--data", "x", "--every", ""], "--every '' is no number"),
        (["local.follow", "--data", "x", "--every", "'1'"], "--every '1' is no number"),
        (["sample", "--out", "x", "--rate", "1.5"], "--rate 1.5 is no whole number"),
        (["sample", "--out", "folder", "-rx"], "x is no whole number"),
    ],
)
def test_an_option_that_takes_a_number_and_got_none(line: list[str], complaint: str) -> None:
    told = inv(*line)

    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == f"inv: {complaint}\n"
