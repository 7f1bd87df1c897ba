"""A file is read to the same end, however it is packed and cut."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import os
import pickle
import select
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights_pipeline.errors import PipelineError
from insights_pipeline.events import Rejected, parse_line
from insights_pipeline.logs import reader
from insights_pipeline.logs.files import BLOCK, LogFile, Unreadable, inspect
from insights_pipeline.logs.reader import Piece, cut, put_together, read_pieces
from lms_hosts import event, event_numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG_AGO = 10**9  # seconds; no last line is waited for


@dataclass
class Found:
    """All that was read of a file: events by number, rejects by line."""

    lines: int
    events: list[int]
    rejects: list[tuple[int, str]]
    end: int
    open_line: bool
    digests: tuple[bytes, bytes, bytes]
    problem: str | None


def log_file(folder: Path, content: bytes) -> LogFile:
    path = folder / "tracking.log"
    path.write_bytes(content)
    os.utime(path, (LONG_AGO, LONG_AGO))
    file = inspect(folder, path.name)
    assert not isinstance(file, Unreadable)
    return file


def read(file: LogFile, pieces: list[Piece], workers: int = 1) -> Found:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        by_index = dict(read_pieces(pieces, folder, "part", 50_000, workers))
        reads = [by_index[index] for index in range(len(pieces))]
        whole = put_together(file, reads)
        rejects, lines_before = [], 0
        for piece in reads:
            if piece.reject_file:
                for row in (folder / piece.reject_file).read_text().splitlines():
                    line, reason, _ = json.loads(row)
                    rejects.append((lines_before + line, reason))
            lines_before += piece.lines
        assert whole.rejects == Counter(reason for _, reason in rejects)
        assert whole.events == sum(part.rows for part in whole.parts)
        return Found(
            whole.lines,
            event_numbers(folder / part.name for part in whole.parts),
            rejects,
            whole.end,
            whole.open_line,
            (whole.head, whole.blocks, whole.tail),
            whole.problem,
        )


def in_one_piece(file: LogFile) -> Found:
    return read(file, cut(file, 0, sys.maxsize))


@st.composite
def logs(draw: st.DrawFn, longest: int = 3 * BLOCK) -> bytes:
    """Lines of all lengths, some of them no events, with all kinds of ends."""
    sizes = st.integers(200, longest) | st.sampled_from([BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK])
    kinds = draw(st.lists(sizes | st.sampled_from([b"", b"{", b"  ", b"\r"]), max_size=12))
    lines = [
        event(number, kind)[:-1] if isinstance(kind, int) else kind
        for number, kind in enumerate(kinds)
    ]
    ends = draw(st.lists(st.sampled_from([b"\n", b"\n", b"\r\n"]), min_size=12, max_size=12))
    content = b"".join(map(bytes.__add__, lines, ends))
    return content.rstrip(b"\r\n") if draw(st.booleans()) else content


@given(content=logs())
def test_each_line_is_an_event_or_a_reject(content: bytes) -> None:
    *lines, rest = content.split(b"\n")
    lines += [rest] if rest else []
    with tempfile.TemporaryDirectory() as folder:
        found = in_one_piece(log_file(Path(folder), content))

    assert found.lines == len(lines) == len(found.events) + len(found.rejects)
    assert found.end == len(content)
    for number, reason in found.rejects:
        with pytest.raises(Rejected, match=reason):
            parse_line(lines[number - 1])


@given(content=logs(), blocks=st.integers(1, 6))
def test_pieces_of_any_size_give_the_same(content: bytes, blocks: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = log_file(Path(folder), content)

        assert read(file, cut(file, 0, blocks * BLOCK)) == in_one_piece(file)


@given(content=logs(), blocks=st.integers(1, 6), data=st.data())
def test_a_file_that_is_read_on_gives_the_same(
    content: bytes, blocks: int, data: st.DataObject
) -> None:
    stop = data.draw(st.integers(0, len(content)))
    with tempfile.TemporaryDirectory() as folder:
        whole = in_one_piece(log_file(Path(folder), content))
        before = log_file(Path(folder), content[:stop])
        before = replace(before, mtime_ns=time.time_ns())  # an unfinished line is waited for
        first = read(before, cut(before, 0, blocks * BLOCK))
        file = log_file(Path(folder), content)
        rest = read(file, cut(file, first.end, blocks * BLOCK, first.open_line))

    lines = [(first.lines + line, reason) for line, reason in rest.rejects]
    assert first.lines + rest.lines == whole.lines
    assert first.events + rest.events == whole.events
    assert first.rejects + lines == whole.rejects
    assert max(first.end, rest.end) == whole.end


@given(content=logs())
def test_gzip_gives_the_same_as_plain(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        plain = in_one_piece(log_file(Path(folder), content))
        packed = log_file(Path(folder), gzip.compress(content, 1))

        assert packed.gzipped
        assert in_one_piece(packed) == plain


def test_worker_processes_give_the_same(tmp_path: Path) -> None:
    file = log_file(tmp_path, b"".join(event(number, 5_000) for number in range(40)) + b"{\n")

    assert read(file, cut(file, 0, BLOCK), workers=2) == in_one_piece(file)


# --- lines that are too long ------------------------------------------------------------------


@pytest.fixture(scope="module")
def short_lines_only() -> Iterator[int]:
    """Reading whose longest line is two blocks, which are also what it reads at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "MAXIMUM_LINE", 2 * BLOCK)
        patch.setattr(reader, "_CHUNK", 2 * BLOCK)
        yield 2 * BLOCK


@given(content=logs(longest=8 * BLOCK), blocks=st.integers(1, 6))
def test_too_long_lines_are_rejected_wherever_they_are_cut(
    short_lines_only: int, content: bytes, blocks: int
) -> None:
    *lines, rest = content.split(b"\n")
    lines += [rest] if rest else []
    too_long = [i for i, line in enumerate(lines, 1) if len(line) > short_lines_only]
    with tempfile.TemporaryDirectory() as folder:
        file = log_file(Path(folder), content)
        found = read(file, cut(file, 0, blocks * BLOCK))

        assert found == in_one_piece(file)
        assert found.lines == len(lines)
        assert [line for line, reason in found.rejects if reason == "too_long"] == too_long


def test_a_line_of_any_length_takes_little_memory(tmp_path: Path, short_lines_only: int) -> None:
    file = log_file(tmp_path, event(0) + b"x" * 1000 * short_lines_only + b"\n" + event(1))

    tracemalloc.start()
    found = read(file, cut(file, 0, 200 * short_lines_only))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (found.events, found.rejects) == ([0, 1], [(2, "too_long")])
    assert peak < 20 * short_lines_only


# --- damaged gzip -----------------------------------------------------------------------------


def test_a_gzip_cut_anywhere_is_a_problem(tmp_path: Path) -> None:
    content = gzip.compress(event(0) + event(1, 50_000) + event(2))

    for size in range(2, len(content)):
        file = log_file(tmp_path, content[:size])
        problem = in_one_piece(file).problem
        assert problem == "gzip ends too early: still being copied, or cut off"


@given(data=st.data())
def test_a_damaged_gzip_is_a_problem_or_read_rightly(data: st.DataObject) -> None:
    content = bytearray(gzip.compress(b"".join(event(number, 3_000) for number in range(9))))
    place = data.draw(st.integers(2, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    with tempfile.TemporaryDirectory() as folder:
        found = in_one_piece(log_file(Path(folder), bytes(content)))

    assert found.problem or found.events == list(range(9))


def test_a_file_that_is_gone_is_a_problem(tmp_path: Path) -> None:
    file = log_file(tmp_path, event(0))
    (tmp_path / file.path).unlink()

    assert in_one_piece(file).problem == "no such file or directory"


def test_a_file_that_is_gone_before_it_is_looked_at(tmp_path: Path) -> None:
    assert inspect(tmp_path, "gone") == Unreadable("gone", "no such file or directory")


# --- processes that end before their time -----------------------------------------------------


@pytest.fixture
def endless(tmp_path: Path) -> list[Piece]:
    """Two pieces that are never read to their end."""
    file = log_file(tmp_path, event(0))
    (tmp_path / file.path).unlink()
    os.mkfifo(tmp_path / file.path)
    return [Piece(file, 0, file.size)] * 2


def test_workers_that_are_killed_are_told(endless: list[Piece], tmp_path: Path) -> None:
    """By this process, which is free for other work while they read."""

    def kill() -> None:
        while len(workers := multiprocessing.active_children()) < 2:
            time.sleep(0.01)
        for worker in workers:
            worker.kill()

    with pytest.raises(PipelineError, match="a process that reads logs was killed"):
        list(read_pieces(endless, tmp_path, "part", 1, workers=2, meanwhile=kill))


START_WORKERS = """
import multiprocessing, pickle, sys, threading, time
from pathlib import Path
from insights_pipeline.logs.reader import read_pieces

pieces, folder = pickle.loads(sys.stdin.buffer.read())
read = lambda: list(read_pieces(pieces, folder, "part", 1, workers=2))
threading.Thread(target=read, daemon=True).start()
while len(workers := multiprocessing.active_children()) < 2:
    time.sleep(0.01)
print(*(worker.pid for worker in workers), flush=True)
time.sleep(60)
"""


def test_workers_end_with_the_process_that_started_them(
    endless: list[Piece], tmp_path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", START_WORKERS],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as parent:
        assert parent.stdin
        assert parent.stdout
        parent.stdin.write(pickle.dumps((endless, tmp_path)))
        parent.stdin.close()
        workers = [os.pidfd_open(int(pid)) for pid in parent.stdout.readline().split()]
        assert len(workers) == 2
        parent.kill()

    for worker in workers:
        ended, _, _ = select.select([worker], [], [], 20)
        os.close(worker)
        assert ended
