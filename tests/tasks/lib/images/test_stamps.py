from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.lib.images import stamps
from tasks.lib.images.stamps import Stamp, StampError

if TYPE_CHECKING:
    from pathlib import Path

STAMP = Stamp(
    id="sha256:1234",
    name="registry.test/am/openedx/api:ci",
    parents={"registry.test/am/openedx/base:ci": "sha256:5678", "debian:bookworm-slim": None},
    arguments={"VERSION": "ci"},
    began=1_764_065_472_123_456_789,
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    stamps.write(tmp_path, STAMP)
    assert stamps.read(tmp_path) == STAMP
    assert (tmp_path / ".target").stat().st_mtime_ns == STAMP.began


def test_it_is_for_people_too(tmp_path: Path) -> None:
    stamps.write(tmp_path, STAMP)
    text = (tmp_path / ".target").read_text()
    assert '\n  "began": "2025-11-25T10:11:12.123456789Z"\n' in text


def test_init_makes_one_that_says_never_built(tmp_path: Path) -> None:
    assert stamps.create(tmp_path)
    assert (tmp_path / ".target").stat().st_mtime == 0
    assert stamps.read(tmp_path) is None
    assert not stamps.create(tmp_path)


def test_init_leaves_one_that_is_there(tmp_path: Path) -> None:
    stamps.write(tmp_path, STAMP)
    assert not stamps.create(tmp_path)
    assert stamps.read(tmp_path) == STAMP


def test_none_is_never_built(tmp_path: Path) -> None:
    assert stamps.read(tmp_path) is None


def test_it_is_discarded(tmp_path: Path) -> None:
    stamps.write(tmp_path, STAMP)
    stamps.discard(tmp_path)
    assert stamps.read(tmp_path) is None
    assert (tmp_path / ".target").stat().st_mtime == 0


def test_writing_leaves_the_folders_time_alone(tmp_path: Path) -> None:
    stamps.create(tmp_path)
    os.utime(tmp_path, ns=(1, 1))
    stamps.write(tmp_path, STAMP)
    stamps.discard(tmp_path)
    assert tmp_path.stat().st_mtime_ns == 1


def test_a_copied_or_touched_one_counts_from_when_its_build_began(tmp_path: Path) -> None:
    stamps.write(tmp_path, STAMP)
    (tmp_path / ".target").touch()
    assert stamps.read(tmp_path) == STAMP
    os.utime(tmp_path / ".target", ns=(7, 7))
    older = stamps.read(tmp_path)
    assert older
    assert older.began == 7


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"id": "sha256:1"}',
        '{"id": "1", "name": "a", "parents": 3, "arguments": {}, "began": "2025-01-01T00:00:00Z"}',
        '{"id": "1", "name": "a", "parents": {}, "arguments": {}, "began": "yesterday"}',
        '{"id": "1", "name": "a", "parents": {}, "arguments": {}, "began": 5}',
    ],
)
def test_what_no_build_wrote_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / ".target").write_text(content)
    with pytest.raises(StampError, match=r"/\.target is not as a build writes it: "):
        stamps.read(tmp_path)


def test_one_that_was_cut_short_while_written_is_never_taken_for_whole(tmp_path: Path) -> None:
    stamps.write(tmp_path, STAMP)
    whole = (tmp_path / ".target").read_text()
    for length in range(len(whole.rstrip())):
        (tmp_path / ".target").write_text(whole[:length])
        with pytest.raises(StampError):
            stamps.read(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StampError, match=r"nowhere/\.target cannot be written: No such file"):
        stamps.write(tmp_path / "nowhere", STAMP)


@given(began=st.integers(0, 4 * 10**18))
def test_no_nanosecond_is_lost(tmp_path_factory: pytest.TempPathFactory, began: int) -> None:
    folder = tmp_path_factory.getbasetemp()
    stamps.write(folder, Stamp("sha256:1", "a:1", {}, {}, began))
    # By what is written alone.
    os.utime(folder / ".target")
    written = json.loads((folder / ".target").read_text())["began"]
    assert int(written[-10:-1]) == began % 10**9
    read = stamps.read(folder)
    assert read
    assert read.began == min(began, (folder / ".target").stat().st_mtime_ns)
