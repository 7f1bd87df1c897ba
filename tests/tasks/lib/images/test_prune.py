"""What old builds have left is removed, and nothing else."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from tasks.lib.engine import Engine
from tasks.lib.images import stamps
from tasks.lib.images.builder import log_file
from tasks.lib.images.graph import read_graph
from tasks.lib.images.prune import Leftovers, leftovers, remove
from tasks.lib.images.stamps import Stamp

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tasks.lib.images.graph import Graph

pytestmark = pytest.mark.usefixtures("engine_running")

REGISTRY = "analytics-micro.test"
KEY = "prune/image"
NAME = f"{REGISTRY}/{KEY}:1"
OURS = ("org.opencontainers.image.vendor=Analytics Micro", f"org.opencontainers.image.title={KEY}")


@pytest.fixture(autouse=True)
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No other worker looks for leftovers meanwhile, as tests/stack does."""
    with FileLock(tmp_path_factory.getbasetemp().parent / "prune.lock"):
        yield


@pytest.fixture
def engine() -> Engine:
    return Engine.connect()


@pytest.fixture
def root(tmp_path: Path, engine: Engine) -> Iterator[Path]:
    """A checkout with one image, whose builds are gone afterwards."""
    folder = tmp_path / "services" / KEY
    folder.mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY data /\n")
    yield tmp_path
    for image in engine.all_images():
        if image.labels.get("made-by") == "test_prune":
            for name in image.tags or (image.id,):
                engine.remove_image(name)


def build(root: Path, content: str, *labels: str, name: str = NAME) -> str:
    """Builds the image with some content; returns its id."""
    folder = root / "services" / KEY
    (folder / "data").write_text(content)
    options = [f"--label={label}" for label in ("made-by=test_prune", *labels)]
    built = subprocess.run(
        ["docker", "build", "--quiet", *options, f"--tag={name}", str(folder)],
        check=True,
        capture_output=True,
        text=True,
    )
    return built.stdout.strip()


def graph(root: Path) -> Graph:
    return read_graph(root, REGISTRY, "1")


def of_this_test(found: Leftovers) -> list[str]:
    """Ids; other old images of this project may be on the engine."""
    return [image.id for image in found.images if image.title == KEY]


def test_older_builds_of_ours(engine: Engine, root: Path) -> None:
    oldest, older, newest = (build(root, str(number) * 10_000, *OURS) for number in range(3))

    found = leftovers(engine, root, graph(root))

    # The engine tells when they were built to the second: these two may share one.
    assert sorted(of_this_test(found)) == sorted([oldest, older])
    (line,) = (str(image) for image in found.images if image.id == oldest)
    assert line.startswith(f"{KEY} {oldest.removeprefix('sha256:')[:12]}, built 20")
    assert all(image.own_bytes == 10_000 for image in found.images if image.title == KEY)

    removed = remove(engine, only(found, KEY))

    assert removed.summary == "2 images, 0.0 MB of their own, and 0 logs"
    assert not engine.has(oldest)
    assert not engine.has(older)
    assert engine.find(NAME) == newest
    assert of_this_test(leftovers(engine, root, graph(root))) == []


@pytest.mark.parametrize(
    "labels",
    [
        (),
        ("org.opencontainers.image.title=prune/image",),
        ("org.opencontainers.image.vendor=Somebody", "org.opencontainers.image.title=prune/image"),
    ],
    ids=["no label", "like ours", "of another vendor"],
)
def test_images_of_others_stay(engine: Engine, root: Path, labels: tuple[str, ...]) -> None:
    build(root, f"older {labels}", *labels)
    build(root, f"newer {labels}", *labels)

    assert of_this_test(leftovers(engine, root, graph(root))) == []


def test_image_with_a_name_stays(engine: Engine, root: Path) -> None:
    build(root, "older", *OURS)
    engine.tag(NAME, f"{REGISTRY}/{KEY}:kept")
    build(root, "newer", *OURS)

    assert of_this_test(leftovers(engine, root, graph(root))) == []


def test_image_that_a_target_records_stays(engine: Engine, root: Path) -> None:
    """Another checkout took its name: the next build gives it back."""
    recorded = build(root, "here", *OURS)
    build(root, "in another checkout", *OURS)
    stamps.write(root / "services" / KEY, Stamp(recorded, NAME, {}, {}, 1))

    assert of_this_test(leftovers(engine, root, graph(root))) == []


def test_image_that_a_container_uses_stays(engine: Engine, root: Path) -> None:
    used = build(root, "older", *OURS)
    container = subprocess.run(
        ["docker", "create", used, "none"], check=True, capture_output=True, text=True
    ).stdout.strip()
    try:
        build(root, "newer", *OURS)
        assert of_this_test(leftovers(engine, root, graph(root))) == []
    finally:
        subprocess.run(["docker", "rm", container], check=True, capture_output=True)
    assert of_this_test(leftovers(engine, root, graph(root))) == [used]


def test_image_that_came_to_be_used_meanwhile_stays_and_is_named(
    engine: Engine, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    used = build(root, "older", *OURS)
    build(root, "newer", *OURS)
    found = leftovers(engine, root, graph(root))
    container = subprocess.run(
        ["docker", "create", used, "none"], check=True, capture_output=True, text=True
    ).stdout.strip()
    try:
        assert not remove(engine, only(found, KEY))
    finally:
        subprocess.run(["docker", "rm", container], check=True, capture_output=True)

    assert engine.has(used)
    assert f"{KEY} {used.removeprefix('sha256:')[:12]}" in capsys.readouterr().err


def test_logs_of_images_that_are_gone(engine: Engine, root: Path) -> None:
    (image,) = graph(root)
    log = log_file(root, image)
    log.parent.mkdir(parents=True)
    log.write_text("built")
    gone = log.with_name("prune-gone.log")
    gone.write_text("built once")

    found = leftovers(engine, root, graph(root))
    assert found.logs == (gone,)
    assert f"{gone}, the log of an image that is gone" in list(found)
    remove(engine, Leftovers((), found.logs))

    assert log.exists()
    assert not gone.exists()


def only(found: Leftovers, title: str) -> Leftovers:
    """Those of this test: another checkout's are for its owner to remove."""
    return Leftovers(tuple(image for image in found.images if image.title == title), ())
