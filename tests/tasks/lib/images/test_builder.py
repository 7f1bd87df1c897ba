from __future__ import annotations

import os
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tasks.lib.engine import Engine
from tasks.lib.images import stamps
from tasks.lib.images.builder import Building, Built, Failed, Skipped, UpToDate, Waiting
from toy_images import ToyImages, engine_on_small_disk, toy_images

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tasks.lib.images.builder import Outcome, State

pytestmark = pytest.mark.usefixtures("engine_running")

BASE = "debian:bookworm-slim"


@pytest.fixture
def toys(tmp_path: Path) -> Iterator[ToyImages]:
    with toy_images(tmp_path) as toys:
        yield toys


@pytest.fixture
def family(toys: ToyImages) -> ToyImages:
    """Two children of a base, one of which copies from it, and one image by itself."""
    toys.write("openedx/base", base="1")
    toys.write("openedx/api", "openedx/base", api="1")
    toys.write("web/nginx", "scratch", "openedx/base", nginx="1")
    toys.write("web/mysql", mysql="1")
    return toys


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, check=True, text=True).stdout


def built(outcomes: dict[str, Outcome]) -> set[str]:
    assert all(isinstance(outcome, Built | UpToDate) for outcome in outcomes.values()), outcomes
    return {key for key, outcome in outcomes.items() if isinstance(outcome, Built)}


def test_all_are_built_once(family: ToyImages) -> None:
    assert built(family.build()) == {"openedx/api", "openedx/base", "web/mysql", "web/nginx"}
    assert family.stale() == {}
    assert built(family.build()) == set()


def test_what_was_built_stands_in_target(family: ToyImages) -> None:
    family.build()
    stamp = stamps.read(family.folder("openedx/api"))
    ids = family.ids()
    assert stamp
    assert stamp.id == ids["openedx/api"]
    assert stamp.name == family.name("openedx/api")
    assert stamp.parents == {family.name("openedx/base"): ids["openedx/base"]}
    assert stamp.arguments == {"REGISTRY": family.registry, "VERSION": "latest"}
    target = family.folder("openedx/api") / ".target"
    assert target.stat().st_mtime_ns == stamp.began


def test_an_edit_rebuilds_what_is_built_from_it_too(family: ToyImages) -> None:
    family.build()
    (family.folder("openedx/base") / "base").write_text("2")
    assert set(family.stale()) == {"openedx/base", "openedx/api", "web/nginx"}
    assert built(family.build()) == {"openedx/base", "openedx/api", "web/nginx"}


def test_a_touch_without_a_change_rebuilds_nothing_downstream(family: ToyImages) -> None:
    family.build()
    before = family.ids()
    (family.folder("openedx/base") / "base").touch()
    assert family.stale()["openedx/api"] == "waits for openedx/base"
    outcomes = family.build()
    assert built(outcomes) == {"openedx/base"}
    assert outcomes["openedx/base"].changed is False
    assert family.ids() == before


def test_an_edit_during_a_build_is_seen_by_the_next(family: ToyImages) -> None:
    def edit_while_building(key: str, state: State) -> None:
        if key == "web/mysql" and isinstance(state, Building) and state.step:
            (family.folder(key) / "mysql").write_text("edited")

    family.build(show=edit_while_building)
    assert family.stale() == {"web/mysql": "mysql is newer than the last build"}
    assert built(family.build()) == {"web/mysql"}
    assert family.stale() == {}


def test_a_file_that_is_removed_is_seen(family: ToyImages) -> None:
    family.build()
    (family.folder("web/mysql") / "mysql").unlink()
    assert built(family.build()) == {"web/mysql"}


def test_neither_readme_nor_what_is_ignored_counts(family: ToyImages) -> None:
    folder = family.write("web/mysql", **{".dockerignore": "*.log\n", "a.log": "", "README.md": ""})
    family.build()
    (folder / "a.log").write_text("more")
    (folder / "README.md").write_text("more")
    assert family.stale() == {}


def test_an_image_that_is_gone_from_the_engine_is_built_again(family: ToyImages) -> None:
    family.build()
    family.remove("openedx/base")
    assert "the engine has no image" in family.stale()["openedx/base"]
    assert "openedx/base" in built(family.build())
    assert family.stale() == {}


def test_a_name_that_another_image_took_is_given_back(family: ToyImages) -> None:
    family.build()
    before = family.ids()
    family.engine.tag(family.name("web/mysql"), family.name("openedx/api"))
    assert set(family.stale()) == {"openedx/api"}
    assert built(family.build()) == {"openedx/api"}
    assert family.ids() == before


def test_another_version_builds_all_under_new_names(family: ToyImages) -> None:
    family.build()
    family.version = "2"
    stale = family.stale()
    assert set(stale.values()) == {"VERSION was latest, and is 2"}
    assert built(family.build()) == set(stale)
    assert set(family.ids()) == set(stale)


def test_one_image_is_built_with_what_it_is_built_from(family: ToyImages) -> None:
    assert built(family.build(["openedx/api"])) == {"openedx/base", "openedx/api"}
    assert set(family.stale()) == {"web/mysql", "web/nginx"}


def test_a_failed_image_stops_its_children_and_not_its_siblings(toys: ToyImages) -> None:
    toys.write("a/broken", BASE, steps="RUN echo as you see >&2; exit 3")
    toys.write("a/child", "a/broken")
    toys.write("a/grandchild", "a/child")
    toys.write("a/sibling")
    outcomes = toys.build(jobs=1)
    failed = outcomes.pop("a/broken")
    assert isinstance(failed, Failed)
    assert failed.why.endswith("did not complete successfully: exit code: 3")
    assert "as you see" in failed.log.read_text()
    assert isinstance(outcomes.pop("a/sibling"), Built)
    assert outcomes == {"a/child": Skipped(("a/broken",)), "a/grandchild": Skipped(("a/child",))}
    assert toys.stale() == dict.fromkeys(["a/broken", "a/child", "a/grandchild"], "never built")


def test_what_failed_is_as_it_was_before(family: ToyImages) -> None:
    family.build()
    before = family.ids(), (family.folder("web/mysql") / ".target").read_text()
    family.write("web/mysql", steps="COPY missing /")
    assert isinstance(family.build()["web/mysql"], Failed)
    assert (family.ids(), (family.folder("web/mysql") / ".target").read_text()) == before
    assert "web/mysql" in family.stale()


def test_a_parent_that_nobody_has_is_named(toys: ToyImages) -> None:
    toys.write("a/orphan", "registry.invalid/nothing/here:1")
    failed = toys.build()["a/orphan"]
    assert isinstance(failed, Failed)
    assert failed.why == (
        "registry.invalid/nothing/here:1 is not in the engine and cannot be pulled: pull or load"
        " it, or name another image in the Dockerfile"
    )


def test_what_a_step_prints_is_not_taken_for_the_engines_trouble(toys: ToyImages) -> None:
    toys.write("a/one", BASE, steps="RUN echo error during connect: connection refused; exit 7")
    failed = toys.build()["a/one"]
    assert isinstance(failed, Failed)
    assert failed.why.endswith("did not complete successfully: exit code: 7")


def test_independent_images_are_built_at_once(toys: ToyImages) -> None:
    for key in ("a/one", "a/two"):
        toys.write(key, BASE, steps=f"RUN echo {toys.registry}/{key}; sleep 1.5")
    at_once: list[int] = []
    states: dict[str, State] = {}

    def note(key: str, state: State) -> None:
        states[key] = state
        at_once.append(sum(isinstance(each, Building) for each in states.values()))

    assert built(toys.build(jobs=2, show=note)) == {"a/one", "a/two"}
    assert max(at_once) == 2


def test_no_more_than_jobs_are_built_at_once(toys: ToyImages) -> None:
    states: dict[str, State] = {}

    def note(key: str, state: State) -> None:
        states[key] = state
        assert sum(isinstance(each, Building) for each in states.values()) <= 1

    for key in ("a/one", "a/two", "a/three"):
        toys.write(key, file=key)
    assert len(built(toys.build(jobs=1, show=note))) == 3


def test_each_change_is_shown(toys: ToyImages) -> None:
    toys.write("a/one", BASE, steps="RUN true\nRUN false || true")
    shown: list[State] = []
    toys.build(show=lambda key, state: shown.append(state))  # noqa: ARG005
    waiting, building, *steps, built = shown
    assert waiting == Waiting()
    assert isinstance(building, Building)
    assert str(building.reason) == "never built"
    assert isinstance(built, Built)
    assert [(s.step.number, s.step.total) for s in steps] == [(1, 3), (2, 3), (3, 3)]
    assert steps[-1].step.text == "RUN false || true"


def test_a_secret_reaches_the_build_and_stays_out_of_the_image(
    toys: ToyImages, tmp_path: Path
) -> None:
    secret = tmp_path / "pip.conf"
    secret.write_text("not for everybody")
    toys.write("a/one", BASE, steps="RUN --mount=type=secret,id=pip wc -c </run/secrets/pip >/size")
    toys.build(secrets={"pip": secret})
    command = ["docker", "run", "--rm", toys.name("a/one")]
    assert _output(*command, "cat", "/size") == "17\n"
    assert "pip" not in _output(*command, "find", "/run")
    assert "everybody" not in _output("docker", "history", "--no-trunc", toys.name("a/one"))


def test_files_of_another_machine_are_told_by_their_ids(family: ToyImages) -> None:
    family.build()
    family.remove()
    assert {r.split(" image")[0] for r in family.stale().values()} == {"the engine has no"}
    assert len(built(family.build())) == 4


def test_a_clock_that_went_backwards_is_named(family: ToyImages) -> None:
    family.build()
    tomorrow = time.time() + 86_400
    target = family.folder("web/mysql") / ".target"
    stamp = stamps.read(target.parent)
    assert stamp
    stamps.write(target.parent, replace(stamp, began=int(tomorrow * 1e9)))
    os.utime(family.folder("openedx/base") / "base", (tomorrow, tomorrow))
    stale = family.stale()
    assert stale["web/mysql"].startswith("services/web/mysql/.target is dated ")
    assert stale["openedx/base"].startswith("services/openedx/base/base is dated ")
    assert "the clock went backwards" in stale["web/mysql"]
    assert built(family.build()) == {"web/mysql", "openedx/base"}
    assert "web/mysql" not in family.stale()


@pytest.fixture
def on_small_disk(tmp_path: Path) -> Iterator[tuple[ToyImages, subprocess.Popen[bytes]]]:
    """A tree on an engine of its own with room for 60 MB, and that engine."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to start a second engine")
    with engine_on_small_disk(megabytes=60) as dockerd:
        yield ToyImages(tmp_path, Engine.connect()), dockerd


@pytest.mark.full
def test_a_full_disk_is_named_as_such(
    on_small_disk: tuple[ToyImages, subprocess.Popen[bytes]],
) -> None:
    toys, _ = on_small_disk
    (toys.write("a/big") / "file").write_bytes(os.urandom(80_000_000))
    failed = toys.build()["a/big"]
    assert isinstance(failed, Failed)
    assert failed.why.startswith("the disk is full: `docker system df` shows")


@pytest.mark.full
def test_an_engine_that_goes_away_in_a_build_is_named_as_such(
    on_small_disk: tuple[ToyImages, subprocess.Popen[bytes]],
) -> None:
    toys, dockerd = on_small_disk
    toys.write("a/base")
    toys.write("a/child", "a/base")
    (toys.folder("a/base") / "file").write_bytes(os.urandom(20_000_000))

    def kill_engine(_: str, state: State) -> None:
        if isinstance(state, Building) and dockerd.returncode is None:
            dockerd.kill()
            dockerd.wait()

    failed = toys.build(show=kill_engine)
    assert isinstance(failed["a/base"], Failed)
    assert failed["a/base"].why.startswith(
        ("the Docker engine ended meanwhile: start it", "no Docker engine answers at unix://")
    )
    assert failed["a/child"] == Skipped(("a/base",))
    assert stamps.read(toys.folder("a/base")) is None
