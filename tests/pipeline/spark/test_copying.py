"""What is copied in pieces, and read elsewhere, is what the embedded engine reads in place."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights_pipeline.logs import reader
from insights_pipeline.logs.files import BLOCK, LogFile, inspect
from insights_pipeline.logs.ledger import Reading, Stream
from insights_pipeline.logs.reader import (
    REPLACED,
    PieceRead,
    cut,
    join,
    put_together,
    read_piece,
)
from insights_pipeline.spark import copying
from insights_pipeline.spark.copying import Copied, Copier, spool
from insights_pipeline.spark.reading import EVENT, REJECT, Spoilt, from_text, read_copied
from insights_pipeline.spark.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

NEW = b'{"event_type": "page_close", "time": "2026-01-05T10:00:00+00:00", "ip": "%s"}'
lines = st.one_of(
    st.sampled_from([b"", b"{", b"   ", b"\r", b'{"cut', NEW % b"1"]),
    st.integers(0, 3 * BLOCK).map(lambda size: NEW % (b"x" * size)),
)
contents = st.tuples(
    st.lists(lines, max_size=12), st.sampled_from([b"\n", b"\r\n"]), st.booleans()
).map(lambda drawn: drawn[1].join(drawn[0]) + drawn[1] * drawn[2])


def log_file(folder: Path, content: bytes) -> LogFile:
    (folder / "tracking.log").write_bytes(content)
    file = inspect(folder, "tracking.log")
    assert isinstance(file, LogFile)
    return file


def read_in_place(file: LogFile, begin: int) -> PieceRead:
    (piece,) = cut(file, begin, 2**40)
    with tempfile.TemporaryDirectory() as name:
        return put_together(file, [read_piece(piece, Path(name), "part", 2**40)])


def read_elsewhere(file: LogFile, begin: int, size: int) -> tuple[PieceRead, int, int]:
    """The summary of all pieces, and how many events and rejects they gave."""
    pieces = []
    with tempfile.TemporaryDirectory() as name:
        for piece in cut(file, begin, size):
            copied = spool(piece, Path(name, "piece"))
            pieces.append((copied, Path(name, "piece").read_bytes()))
    return read_all(pieces)


def read_all(pieces: list[tuple[Copied, bytes]]) -> tuple[PieceRead, int, int]:
    reads, kinds = [], []
    for copied, content in pieces:
        *rows, summary = read_copied(copied, content)
        kinds += [kind for batch in rows for kind in batch["kind"].to_pylist()]
        reads.append(from_text(summary["detail"][0].as_py()))
    return join(reads), kinds.count(EVENT), kinds.count(REJECT)


def assert_same(found: tuple[PieceRead, int, int], expected: PieceRead) -> None:
    read, events, rejects = found
    told = ("lines", "events", "rejects", "end", "open_line", "head", "blocks", "tail")
    if expected.end:
        assert {name: getattr(read, name) for name in told} == {
            name: getattr(expected, name) for name in told
        }
    assert (events, rejects) == (expected.events, expected.rejects.total())


@given(content=contents, blocks=st.integers(1, 6), data=st.data())
def test_pieces_of_any_size_from_anywhere(content: bytes, blocks: int, data: st.DataObject) -> None:
    ends = [0, *(place + 1 for place, byte in enumerate(content) if byte == ord("\n"))]
    begin = data.draw(st.sampled_from(ends))
    with tempfile.TemporaryDirectory() as name:
        file = log_file(Path(name), content)

        assert_same(read_elsewhere(file, begin, blocks * BLOCK), read_in_place(file, begin))


@given(content=contents, long=st.integers(1, 9 * BLOCK), blocks=st.integers(1, 6))
def test_of_a_line_that_no_event_may_be_as_long_as_the_end_is_left_out(
    content: bytes, long: int, blocks: int
) -> None:
    content = content + b"x" * long + b"\n" + content
    with (
        tempfile.TemporaryDirectory() as name,
        patch.object(copying, "MAXIMUM_LINE", BLOCK),
        patch.object(reader, "MAXIMUM_LINE", BLOCK),
    ):
        file = log_file(Path(name), content)

        assert_same(read_elsewhere(file, 0, blocks * BLOCK), read_in_place(file, 0))


def test_content_that_was_spoilt_in_the_store_is_refused(tmp_path: Path) -> None:
    (piece,) = cut(log_file(tmp_path, NEW % b"1" + b"\n"), 0, BLOCK)
    copied = spool(piece, tmp_path / "piece")

    with pytest.raises(Spoilt):
        list(read_copied(copied, b"{" + (tmp_path / "piece").read_bytes()))


class Folder(Store):
    """A folder of this machine in the place of a cluster's."""

    def __init__(self, root: Path) -> None:
        self.root = str(root)

    def put(self, local: Path, name: str) -> None:
        shutil.move(local, f"{self.root}/{name}")


@given(content=contents, blocks=st.integers(1, 6), data=st.data())
def test_gzip_is_cut_like_what_it_holds(content: bytes, blocks: int, data: st.DataObject) -> None:
    ends = [0, *(place + 1 for place, byte in enumerate(content) if byte == ord("\n"))]
    begin = data.draw(st.sampled_from(ends))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = log_file(folder, gzip.compress(content, 1))
        (folder / "store").mkdir()
        (folder / "spool").mkdir()
        reading = Reading(file, Stream(1, b"", bytes_read=begin), [])
        copier = Copier(Folder(folder), "store", folder / "spool", threads=2)

        (log,) = copier.copy([reading], blocks * BLOCK, lambda _size: None)

        assert log.problem is None
        found = [(copied, (folder / "store" / copied.name).read_bytes()) for copied in log.pieces]
        assert_same(read_all(found), read_in_place(file, begin))
        assert all(held for _, held in found), "Spark would pass over an empty file"


def forbid(log: Path) -> None:
    log.chmod(0)
    if os.access(log, os.R_OK):  # root may read anything, but no folder as if it were a file
        log.unlink()
        log.mkdir()


PROBLEMS: dict[str, tuple[Callable[[Path], object], str]] = {
    "vanished": (Path.unlink, "no such file or directory"),
    "unreadable": (forbid, "permission denied|is a directory"),
    "cut": (lambda log: os.truncate(log, 10), REPLACED),
    "replaced": (lambda log: log.write_bytes(b"x" * 10**6), REPLACED),
    "packed, and not to its end": (
        lambda log: log.write_bytes(log.read_bytes()[:-9]),
        "gzip ends too early: still being copied, or cut off",
    ),
}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_what_befalls_a_log_leaves_that_log_alone(tmp_path: Path, problem: str) -> None:
    """It happens between the look at the logs and the copy's end."""
    for name in ("store", "spool", "sound", "other"):
        (tmp_path / name).mkdir()
    content = NEW % b"1" + b"\n"
    packed = gzip.compress(content) if "packed" in problem else content
    logs = [log_file(tmp_path / "sound", content), log_file(tmp_path / "other", packed)]
    befall, said = PROBLEMS[problem]
    befall(tmp_path / "other" / "tracking.log")
    readings = [Reading(file, Stream(0, b""), []) for file in logs]
    copier = Copier(Folder(tmp_path), "store", tmp_path / "spool", threads=2)

    sound, other = copier.copy(readings, BLOCK, lambda _size: None)

    assert (sound.problem, len(sound.pieces)) == (None, 1)
    assert re.fullmatch(said, str(other.problem))
    assert other.pieces == []
    assert list((tmp_path / "spool").iterdir()) == []
