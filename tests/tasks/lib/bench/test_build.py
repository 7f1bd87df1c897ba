"""The benchmark of builds, on two small images."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from checkout import ROOT, Checkout
from tasks.lib.bench.build import Measured, makefile, measure
from tasks.lib.engine import Engine
from tasks.lib.images.graph import read_graph

TOP = "ARG REGISTRY\nARG VERSION\nFROM ${REGISTRY}/toy/base:${VERSION}\nCOPY data /top\n"
COMPOSE = """\
services:
  top:
    image: ${REGISTRY}/toy/top:${VERSION}
    build:
      context: services/toy/top
      args: {REGISTRY: "${REGISTRY}", VERSION: "${VERSION}"}
"""


def add_images(root: Path) -> None:
    for name, text in (("base", "FROM scratch\nCOPY data /base\n"), ("top", TOP)):
        folder = root / "services/toy" / name
        folder.mkdir(parents=True)
        (folder / "Dockerfile").write_text(text)
        (folder / "data").write_text(name)


def test_ratio() -> None:
    measured = Measured("ours", 0.5, "theirs", 2.0, wanted=0.35)

    assert measured.ratio == 0.25
    assert str(measured) == "ours / theirs: 0.50 s / 2.00 s = 0.25 (at most 0.35 is wanted)"


@pytest.mark.skipif(not shutil.which("make"), reason="needs GNU make")
def test_makefile_builds_what_an_edit_reaches(tmp_path: Path) -> None:
    def make(*options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["make", *options], cwd=tmp_path, capture_output=True, text=True, check=False
        )

    add_images(tmp_path)
    (tmp_path / "made/toy").mkdir(parents=True)
    (tmp_path / "Makefile").write_text(makefile(read_graph(tmp_path, "example.org", "1")))
    make("--touch")
    assert make("--question").returncode == 0

    for name, built in (("top", ["top"]), ("base", ["base", "top"])):
        make("--touch")
        (tmp_path / f"services/toy/{name}/data").write_text("newer")
        lines = make("--dry-run").stdout.splitlines()
        assert [line.split(" && ")[0].rpartition("/")[2] for line in lines] == built


@pytest.mark.full
@pytest.mark.usefixtures("engine_running")
def test_all_of_it_on_a_copy_that_is_gone_afterwards(tmp_path: Path) -> None:
    root = tmp_path / "checkout"
    Checkout.copy(root)
    shutil.copytree(ROOT / "conf", root / "conf", ignore=shutil.ignore_patterns("*.env"))
    add_images(root)
    (root / "docker-compose.yml").write_text(COMPOSE)
    before = set(Path(tempfile.gettempdir()).glob("bench-build-*"))

    measured = list(measure(root, runs=2))

    assert [one.than for one in measured] == [
        "docker compose build",
        "make",
        "--jobs 1",
        "empty tasks.py",
    ]
    assert all(one.seconds > 0 and one.than_seconds > 0 for one in measured)
    assert set(Path(tempfile.gettempdir()).glob("bench-build-*")) == before
    assert not [name for name in Engine.connect().images() if "analytics-micro.bench/toy" in name]
