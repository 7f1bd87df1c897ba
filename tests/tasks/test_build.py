from __future__ import annotations

import os
import re
import shutil
import signal
from typing import TYPE_CHECKING

import pytest

from tasks.lib.images import stamps
from toy_images import ToyImages, toy_images

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("engine_running")

BASE = "debian:bookworm-slim"


@pytest.fixture
def toys(tmp_path: Path) -> Iterator[ToyImages]:
    """A checkout with an image, one that is built from it, one by itself, and no image."""
    with toy_images(tmp_path) as toys:
        toys.add_commands()
        toys.write("openedx/base", base="1")
        toys.write("openedx/insights", "openedx/base", insights="1")
        toys.write("web/mysql", mysql="1")
        (tmp_path / "services/hadoop/pipeline").mkdir(parents=True)
        yield toys


@pytest.fixture
def slow(toys: ToyImages) -> ToyImages:
    """The same with an image whose build takes as many seconds as its file says."""
    # With a name that makes it a step that was never cached.
    run = f"RUN sleep $(cat /seconds) # {toys.registry}"
    toys.write("web/slow", BASE, steps=f"COPY seconds /\n{run}", seconds="60")
    return toys


def lines(text: str) -> list[str]:
    """Without the timestamps."""
    return [line.partition("Z ")[2] for line in text.splitlines()]


def test_build_dry_run_graph_and_build_again(toys: ToyImages) -> None:
    assert toys.inv("build", "--dry-run").stdout == (
        "openedx/base      never built\n"
        "web/mysql         never built\n"
        "openedx/insights  never built\n"
    )
    built = toys.inv("build")
    assert built.returncode == 0
    said = lines(built.stderr)
    assert "openedx/base: building: never built" in said
    assert re.search(r"Z openedx/base: built in \d+\.\d s\n", built.stderr)
    assert said[-1] == "images: 3 built"

    again = toys.inv("build")
    assert (again.returncode, lines(again.stderr)) == (0, ["all 3 images are up to date"])
    again = toys.inv("build.web.mysql")
    assert (again.returncode, lines(again.stderr)) == (0, ["the image is up to date"])

    (toys.folder("openedx/base") / "base").touch()
    assert toys.inv("graph").stdout == (
        "scratch\n"
        "├── openedx/base: base is newer than the last build\n"
        "│   └── openedx/insights: waits for openedx/base\n"
        "└── web/mysql: up to date\n"
    )


def test_one_image_or_one_stack(toys: ToyImages) -> None:
    assert toys.inv("build.openedx.insights").returncode == 0
    assert toys.stale() == {"web/mysql": "never built"}
    assert toys.inv("build.web").returncode == 0
    assert toys.stale() == {}


def test_several_at_once(toys: ToyImages) -> None:
    planned = toys.inv("build.openedx", "--dry-run", "build.web", "--dry-run")
    assert planned.stdout.splitlines() == [
        "openedx/base      never built",
        "openedx/insights  never built",
        "web/mysql  never built",
    ]


def test_an_image_by_its_path(toys: ToyImages) -> None:
    planned = toys.inv("build", "--path", "services/web/mysql/.target", "--dry-run")
    assert planned.stdout == "web/mysql  never built\n"
    missing = toys.inv("build", "--path", "services/hadoop/pipeline")
    assert (missing.returncode, missing.stderr) == (
        1,
        "inv: services/hadoop/pipeline has no Dockerfile: there is no image to build\n",
    )


def test_a_new_image_is_a_new_folder_with_a_dockerfile(toys: ToyImages) -> None:
    assert "build.web.nginx" not in toys.inv("--list").stdout
    toys.write("web/nginx")
    listed = toys.inv("--list").stdout
    for name in ("build.all (build)", "build.web.all (build.web)", "build.web.nginx"):
        assert name in listed
    assert "hadoop" not in listed


def test_force_rebuild_builds_all(toys: ToyImages) -> None:
    toys.inv("build")
    began = {key: stamps.read(toys.folder(key)).began for key in toys.ids()}
    rebuilt = toys.inv("force-rebuild", "--no-cache")
    assert lines(rebuilt.stderr)[-1] == "images: 3 built"
    assert all(stamps.read(toys.folder(key)).began > before for key, before in began.items())
    assert toys.stale() == {}


def test_force_rebuild_pulls_first_or_changes_nothing(toys: ToyImages) -> None:
    toys.inv("build")
    toys.write("web/mysql", "registry.invalid/nothing/here:1")
    failed = toys.inv("force-rebuild", "--pull")
    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1].startswith(
        "inv: registry.invalid/nothing/here:1 cannot be pulled ("
    )
    assert set(toys.stale()) == {"web/mysql"}


def test_a_failed_image_ends_in_an_exit_code_with_its_log_shown(toys: ToyImages) -> None:
    toys.write("web/mysql", BASE, steps="RUN echo why; exit 3")
    failed = toys.inv("build")
    assert failed.returncode == 1
    assert re.search(r"^  #\d+ \d+\.\d+ why$", failed.stderr, re.MULTILINE)
    log = toys.root / "data/logs/build/web-mysql.log"
    assert f"web/mysql: the whole log is {log}" in lines(failed.stderr)
    assert lines(failed.stderr)[-2] == "images: 2 built, 1 failed"
    assert failed.stderr.splitlines()[-1] == (
        'inv: 1 of 3 images failed: web/mysql: process "/bin/sh -c echo why; exit 3" did not'
        " complete successfully: exit code: 3"
    )
    assert set(toys.stale()) == {"web/mysql"}


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--jobs", "-1"], "inv: --jobs -1: give a number from 1"),
        (["--path", "opendx"], "inv: no image opendx: did you mean openedx?"),
    ],
)
def test_options_that_make_no_sense(toys: ToyImages, arguments: list[str], line: str) -> None:
    failed = toys.inv("build", *arguments)
    assert failed.returncode != 0
    assert failed.stderr.splitlines() == [line]


def test_a_dockerfile_that_makes_no_sense_is_one_line(toys: ToyImages) -> None:
    toys.write("web/mysql", steps="RUNN true")
    failed = toys.inv("build")
    assert (failed.returncode, failed.stderr) == (
        1,
        "inv: services/web/mysql/Dockerfile:4: unknown instruction RUNN\n",
    )


def test_no_engine_is_one_line(toys: ToyImages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{toys.root}/docker.sock")
    failed = toys.inv("build")
    assert failed.returncode == 1
    assert failed.stderr.startswith(
        f"inv: no Docker engine answers at unix://{toys.root}/docker.sock"
    )
    assert failed.stderr.count("\n") == 1


def test_a_second_build_is_told_who_is_at_work(slow: ToyImages) -> None:
    first = slow.start_inv("build.web.slow")
    try:
        slow.wait_for_log("web/slow", "RUN sleep")
        second = slow.inv("build")
        assert second.returncode == 75
        assert second.stderr.startswith(f"inv: `inv build` (process {first.pid}) has been building")
        assert second.stderr.count("\n") == 1
    finally:
        first.terminate()
        first.communicate(timeout=60)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_builds_and_no_image_counts_as_built(
    slow: ToyImages, number: signal.Signals
) -> None:
    process = slow.start_inv("build.web")
    slow.wait_for_log("web/slow", "RUN sleep")
    # As a terminal does.
    os.killpg(process.pid, number)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors.splitlines()[-1]) == (130, "inv: interrupted")
    assert slow.buildx_processes() == []
    assert stamps.read(slow.folder("web/slow")) is None
    assert slow.name("web/slow") not in slow.engine.images()
    (slow.folder("web/slow") / "seconds").write_text("0")
    assert slow.inv("build.web.slow").returncode == 0
    assert "web/slow" not in slow.stale()


def test_a_killed_build_heals(slow: ToyImages) -> None:
    process = slow.start_inv("build.web")
    slow.wait_for_log("web/slow", "RUN sleep")
    process.kill()
    process.communicate(timeout=30)
    slow.wait_for_no_buildx()
    assert "web/slow" in slow.stale()
    (slow.folder("web/slow") / "seconds").write_text("0")
    assert slow.inv("build").returncode == 0
    assert slow.stale() == {}


def test_a_copy_of_a_checkout_knows_what_it_has(toys: ToyImages, tmp_path: Path) -> None:
    toys.inv("build")
    (toys.folder("web/mysql") / "mysql").write_text("edited, not built")
    # All dates are those of the copy, in no order that says anything.
    shutil.copytree(
        toys.root / "services",
        tmp_path / "copy/services",
        copy_function=shutil.copyfile,
    )
    copy = ToyImages(tmp_path / "copy", toys.engine, toys.registry)
    assert "web/mysql" in copy.stale()
