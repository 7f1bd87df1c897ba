"""`inv` as a program: what it loads, and how it ends."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from checkout import ROOT
from toy_images import ToyImages, toy_images

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def toys(engine_running: None, tmp_path: Path) -> Iterator[ToyImages]:  # noqa: ARG001
    """A checkout with one image, which is built."""
    with toy_images(tmp_path) as toys:
        toys.add_commands()
        toys.write("web/mysql", mysql="1")
        toys.build()
        yield toys


def loaded(toys: ToyImages, *arguments: str) -> set[str]:
    """The top-level packages that an `inv` imports; it must end well."""
    ended = toys.inv(*arguments, PYTHONPROFILEIMPORTTIME="1")
    assert ended.returncode == 0, ended.stderr
    lines = [line for line in ended.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


def test_a_build_with_nothing_to_build_needs_few_modules(toys: ToyImages) -> None:
    for arguments in (["build"], ["build.web"], ["build.web.mysql"]):
        assert not loaded(toys, *arguments) & {"invoke", "docker", "rich"}

    (toys.folder("web/mysql") / "mysql").write_text("2")

    assert "invoke" in loaded(toys, "build.web.mysql")
    assert toys.stale() == {}


def test_a_reader_that_goes_away_is_no_defect() -> None:
    program = [sys.executable, "-P", "tasks/lib/program.py", "--search-root", "."]
    with subprocess.Popen(
        [*program, "--list"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141
