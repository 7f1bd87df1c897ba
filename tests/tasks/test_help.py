from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from invoke import Collection

import tasks
from tasks.help import sections
from tasks.lib.task import task

ROOT = Path(__file__).parents[2]


def inv(*arguments: str) -> str:
    command = [Path(sys.executable).with_name("inv"), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_a_plain_inv_is_inv_help() -> None:
    assert inv() == inv("help")


def test_every_task_has_one_line_that_says_what_it_does() -> None:
    shown = inv("help").splitlines()
    for name in tasks.namespace.task_names:
        (line,) = [line for line in shown if line.split()[:1] == [name]]
        assert len(line.split()) > 2, f"{name} has no docstring"


def test_tasks_are_grouped_by_namespace() -> None:
    @task
    def format_namenode(context: object) -> None:
        """Format HDFS.

        Not shown.
        """

    hadoop = Collection("hadoop", format_namenode)
    hadoop.__doc__ = "The Hadoop stack.\n\nNot shown."
    assert list(sections(Collection(hadoop))) == [
        ("hadoop: The Hadoop stack.", [("hadoop.format-namenode", "Format HDFS.")])
    ]
