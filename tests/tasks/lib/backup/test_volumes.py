"""Volumes of a real engine, packed and unpacked."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tasks.lib.backup.volumes import Volumes
from tasks.lib.engine import Engine, EngineError, Volume
from toy_stack import IMAGE, PREFIX

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("engine_running")

VOLUMES = Volumes(IMAGE)
CONTENT = """
mkdir -m 2750 /volume/deep && head -c 3000000 /dev/urandom >/volume/deep/table.duckdb
ln -s table.duckdb /volume/deep/link && mkfifo /volume/deep/.pipe && : >'/volume/with blank'
chown -hR 10004:10005 /volume && chmod 0700 /volume && chmod 2750 /volume/deep
chmod 0600 /volume/deep/table.duckdb && touch -d 2026-01-02T03:04:05Z /volume/deep/*
"""
LISTING = """
find /volume -printf '%P %y %m %U:%G %T@ %l\\n' | sort
find /volume -type f -exec sha256sum {} +
"""


@contextmanager
def new_volume(**options: str) -> Generator[str]:
    """An empty volume; options are its driver's."""
    name = f"{PREFIX}-{uuid4().hex[:8]}"
    Engine.connect().create_volume(Volume(name, "local", options, {}))
    try:
        yield name
    finally:
        docker("volume", "rm", "--force", name)


@pytest.fixture
def volume() -> Iterator[str]:
    with new_volume() as name:
        yield name


@pytest.fixture
def full(volume: str) -> str:
    """One with owners, modes and kinds of files as services make them."""
    in_container(volume, CONTENT)
    return volume


def in_container(volume: str, script: str) -> str:
    return docker("run", "--rm", f"--volume={volume}:/volume", IMAGE, "sh", "-euc", script)


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout


def pack(volume: str, archive: Path) -> None:
    with VOLUMES.packed(volume) as pieces, archive.open("wb") as file:
        file.writelines(pieces)


def containers_of(volume: str) -> str:
    return docker("ps", "--all", "--quiet", f"--filter=volume={volume}")


def wait_until_free(volume: str) -> None:
    """Return once no container has it; the engine may be removing the last one."""
    deadline = time.monotonic() + 10
    while containers_of(volume):
        assert time.monotonic() < deadline, containers_of(volume)
        time.sleep(0.1)


def test_content_owners_modes_and_times_come_back(full: str, tmp_path: Path) -> None:
    pack(full, tmp_path / "volume.tar")

    with new_volume() as other:
        VOLUMES.fill(other, tmp_path / "volume.tar")
        assert in_container(other, LISTING) == in_container(full, LISTING)
        wait_until_free(other)


def test_size_is_about_that_of_the_archive(full: str, tmp_path: Path) -> None:
    pack(full, tmp_path / "volume.tar")

    assert VOLUMES.size(full) == pytest.approx((tmp_path / "volume.tar").stat().st_size, rel=0.01)


def test_emptied_it_has_nothing_left(full: str) -> None:
    VOLUMES.empty(full)

    assert in_container(full, "find /volume -mindepth 1") == ""


def test_an_empty_volume_is_one_again(volume: str, tmp_path: Path) -> None:
    pack(volume, tmp_path / "volume.tar")
    VOLUMES.fill(volume, tmp_path / "volume.tar")

    assert in_container(volume, "find /volume -mindepth 1") == ""


def test_left_early_no_container_stays(full: str) -> None:
    def leave() -> None:
        with VOLUMES.packed(full) as pieces:
            next(pieces)
            assert containers_of(full)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        leave()

    wait_until_free(full)


def test_full_disk_is_told(full: str, tmp_path: Path) -> None:
    pack(full, tmp_path / "volume.tar")

    with (
        new_volume(type="tmpfs", device="tmpfs", o="size=1m") as small,
        pytest.raises(EngineError, match=f"^volume {small}: tar: "),
    ):
        VOLUMES.fill(small, tmp_path / "volume.tar")


def test_a_damaged_archive_is_told(volume: str, tmp_path: Path) -> None:
    (tmp_path / "volume.tar").write_bytes(bytes(range(256)) * 100)

    with pytest.raises(EngineError, match=f"^volume {volume}: tar: "):
        VOLUMES.fill(volume, tmp_path / "volume.tar")

    wait_until_free(volume)
