"""Random lives of a site: whatever happens in whatever order, every event is counted once."""

from __future__ import annotations

import gzip
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from lms_hosts import LmsSite, LogReader, Read, event

if TYPE_CHECKING:
    from lms_hosts import Host

HOSTS = st.sampled_from(["lms-1", "lms-2"])
SIZES = st.sampled_from([300, 2_000, 6_000, 20_000])  # bytes of an event
GZIP = b"\x1f\x8b"
TOO_EARLY = "gzip ends too early: still being copied, or cut off"
CUTS = st.integers(1, 60_000)  # bytes of a file


class Site(RuleBasedStateMachine):
    """Two hosts that log and rotate, a folder of copies, and runs in between."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        folder = Path(self.folder.name)
        self.site = LmsSite(folder / "logs", LogReader(folder / "data"))
        self.copies = self.site.host("copies")
        self.written: list[int] = []
        self.counted: list[int] = []
        self.unfinished: dict[Path, bytes] = {}  # what is still to be written to a file

    def teardown(self) -> None:
        with self.folder:
            for path, rest in self.unfinished.items():
                self.copies.write(rest, path)
            self.run()
            assert sorted(self.counted) == sorted(self.written)
            assert self.site.read() == Read(left=dict.fromkeys(self.cut_copies(), TOO_EARLY))

    def cut_copies(self) -> list[str]:
        """Copies of a gzip that will never be whole."""
        return [
            f"copies/{path.name}"
            for path in self.copies.files()
            if path.read_bytes().startswith(GZIP) and not is_whole(path)
        ]

    def whole(self, name: str) -> Host:
        """The host, with all that it had begun to write finished."""
        host = self.site.host(name)
        for path in [path for path in self.unfinished if path.parent == host.folder]:
            host.write(self.unfinished.pop(path), path)
            if path.suffix == ".gz":
                path.with_suffix("").unlink()
        return host

    def files(self) -> list[Path]:
        return sorted(path for path in self.site.folder.rglob("tracking*") if path.is_file())

    @initialize()
    def begin(self) -> None:
        """So that there is something to read."""
        self.written += self.site.host("first").log()

    @rule(name=HOSTS, events=st.integers(1, 8), size=SIZES)
    def log(self, name: str, events: int, size: int) -> None:
        self.written += self.whole(name).log(events, size)

    @rule(name=HOSTS)
    def log_a_blank_line(self, name: str) -> None:
        """At the beginning of a log, it makes this log look like others."""
        self.whole(name).write(b"\n")

    @rule(name=HOSTS, size=SIZES, data=st.data())
    def log_a_part_of_a_line(self, name: str, size: int, data: st.DataObject) -> None:
        host = self.whole(name)
        number = next(host.numbers)
        line = event(number, size)
        part = data.draw(st.integers(1, len(line) - 1) | st.just(len(line) - 1))
        host.write(line[:part])
        self.unfinished[host.live] = line[part:]
        self.written.append(number)

    @rule(name=HOSTS)
    def rotate(self, name: str) -> None:
        if has_logged(host := self.whole(name)):
            host.rotate()

    @rule(name=HOSTS)
    def copytruncate(self, name: str) -> None:
        if has_logged(host := self.whole(name)):
            host.copytruncate()

    @rule(name=HOSTS, in_steps=st.booleans(), data=st.data())
    def compress(self, name: str, in_steps: bool, data: st.DataObject) -> None:
        host = self.whole(name)
        rotated = [path for path in host.files() if path.suffix[1:].isdigit()]
        if not rotated:
            return
        path = data.draw(st.sampled_from(rotated))
        if not in_steps:
            host.compress(path)
            return
        packed = path.with_name(f"{path.name}.gz")
        content = gzip.compress(path.read_bytes(), 1)
        part = data.draw(st.integers(1, len(content) - 1))
        host.write(content[:part], packed)
        self.unfinished[packed] = content[part:]

    @rule(cut=st.none() | CUTS, data=st.data())
    def copy(self, cut: int | None, data: st.DataObject) -> None:
        """Bring a file, or a beginning of one, into another folder, perhaps over an older copy."""
        path = data.draw(st.sampled_from(self.files()))
        number = data.draw(st.integers(1, 9))
        self.copies.copy(path, f"copy-{number}", cut)

    @rule(data=st.data())
    def touch(self, data: st.DataObject) -> None:
        self.site.clock.stamp(data.draw(st.sampled_from(self.files())))

    @rule()
    def run(self) -> None:
        self.counted += self.site.read().events
        twice = [number for number, count in Counter(self.counted).items() if count > 1]
        assert not twice

    @precondition(lambda self: not self.unfinished)
    @rule(data=st.data())
    def run_and_remove_a_file(self, data: st.DataObject) -> None:
        self.run()
        path = data.draw(st.sampled_from(self.files()))
        if path.parent.name != "first":
            path.unlink()


def has_logged(host: Host) -> bool:
    return host.live.exists() and host.live.stat().st_size > 0


def is_whole(path: Path) -> bool:
    try:
        gzip.decompress(path.read_bytes())
    except EOFError:
        return False
    return True


def live(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        Site,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_every_event_is_counted_once() -> None:
    live(examples=100, steps=25)


@pytest.mark.full
def test_every_event_is_counted_once_in_long_lives() -> None:
    live(examples=500, steps=50)
