"""Whatever a site does to its log files, every event is counted once.

By default only the reading runs; `nox -s full` runs the whole pipeline on the same cases.
"""

from __future__ import annotations

import gzip
import os
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from insights_pipeline.logs.files import BLOCK
from insights_pipeline.logs.ledger import Ledger
from lms_hosts import Host, LmsSite, LogReader, Pipeline, Read, event

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIZES = pytest.mark.parametrize(
    "size", [300, 5_000, 40_000], ids=["within a block", "over blocks", "larger than a block"]
)
TWO_DAYS = 48 * 3600  # seconds


def age(path: Path, seconds: float) -> None:
    """Make a file look as if it was written that long ago."""
    then = time.time() - seconds
    os.utime(path, (then, then))


# --- one live log -----------------------------------------------------------------------------


@SIZES
def test_a_log_that_grew_is_read_from_where_it_stopped(site: LmsSite, lms: Host, size: int) -> None:
    before = lms.log(5, size)
    assert site.read().events == before

    after = lms.log(5, size)
    assert site.read().events == after


def test_a_log_that_did_not_change_is_not_read(site: LmsSite, lms: Host) -> None:
    lms.log(5)
    site.read()

    assert site.read() == Read()


def test_a_new_time_alone_is_no_new_content(site: LmsSite, lms: Host) -> None:
    lms.log(5)
    lms.rotate()
    packed = lms.compress()
    lms.log(5)
    site.read()

    lms.clock.stamp(packed)
    lms.clock.stamp(lms.live)

    assert site.read() == Read()


def test_a_file_with_other_content_under_the_same_name_is_another_log(
    site: LmsSite, lms: Host
) -> None:
    lms.log(5)
    site.read()

    lms.live.unlink()
    other = lms.log(9)

    assert site.read().events == other


def test_a_file_that_another_one_replaced_comes_back_under_another_name(
    site: LmsSite, lms: Host
) -> None:
    lms.log(5)
    site.read()
    content = lms.live.read_bytes()
    lms.live.unlink()
    other = lms.log(2)
    assert site.read().events == other

    lms.write(content, lms.folder / "found-again.log")

    assert site.read() == Read()


# --- lines without an end ---------------------------------------------------------------------


def test_an_unfinished_line_is_waited_for(site: LmsSite, lms: Host) -> None:
    whole = lms.log(3)
    line = event(1000)
    lms.write(line[:200])
    assert site.read() == Read(lines=3, events=whole)

    lms.write(line[200:])
    assert site.read() == Read(lines=1, events=[1000])


def test_an_unfinished_first_line_is_waited_for(site: LmsSite, lms: Host) -> None:
    line = event(1000)
    lms.write(line[:200])
    assert site.read() == Read()

    lms.write(line[200:])
    assert site.read() == Read(lines=1, events=[1000])


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_whole_event_is_not_waited_for(site: LmsSite, lms: Host, end: bytes) -> None:
    lms.write(event(1000).rstrip())
    assert site.read() == Read(lines=1, events=[1000])

    lms.write(end)
    assert site.read() == Read()

    lms.write(event(1001))
    assert site.read() == Read(lines=1, events=[1001])


def test_a_whole_event_that_got_its_newline_and_more_since(site: LmsSite, lms: Host) -> None:
    lms.write(event(1000).rstrip())
    site.read()

    lms.write(b"\n" + event(1001))

    assert site.read() == Read(lines=1, events=[1001])


def test_what_waited_is_read_from_the_rotated_file(site: LmsSite, lms: Host) -> None:
    lms.log(3)
    line = event(1000)
    lms.write(line[:200])
    site.read()

    lms.write(line[200:])
    lms.rotate()
    lms.compress()

    assert site.read() == Read(lines=1, events=[1000])


def test_a_day_later_an_unfinished_line_is_not_waited_for(site: LmsSite, lms: Host) -> None:
    whole = lms.log(3)
    lms.write(event(1000)[:200])
    age(lms.live, TWO_DAYS)

    read = site.read()

    assert (read.lines, read.events, read.rejects) == (4, whole, {"cut_off": 1})
    assert site.read() == Read()


def test_an_unfinished_line_that_waited_grows_old(
    site: LmsSite, lms: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    lms.log(3)
    lms.write(event(1000)[:200])
    assert site.read().rejects == {}

    monkeypatch.setattr("insights_pipeline.logs.reader._OLD", 60)  # a day passes

    assert site.read() == Read(lines=1, rejects=Counter(cut_off=1))
    assert site.read() == Read()


def test_a_gzip_has_nothing_to_wait_for(site: LmsSite, lms: Host) -> None:
    whole = lms.log(3)
    lms.write(event(1000)[:200])
    lms.rotate()
    lms.compress()

    read = site.read()

    assert (read.lines, read.events, read.rejects) == (4, whole, {"cut_off": 1})


# --- logrotate --------------------------------------------------------------------------------


@SIZES
def test_a_renamed_log_is_not_read_again(site: LmsSite, lms: Host, size: int) -> None:
    lms.log(5, size)
    site.read()

    lms.rotate()

    assert site.read() == Read()


@SIZES
def test_a_renamed_log_is_not_read_again_when_it_is_packed_later(
    site: LmsSite, lms: Host, size: int
) -> None:
    lms.log(5, size)
    site.read()
    lms.rotate()
    site.read()

    lms.compress()

    assert site.read() == Read()


@SIZES
def test_lines_written_between_the_last_run_and_the_renaming(
    site: LmsSite, lms: Host, size: int
) -> None:
    lms.log(5, size)
    site.read()

    last = lms.log(4, size)
    lms.rotate()
    first = lms.log(2, size)

    assert site.read().events == last + first


@SIZES
def test_renamed_packed_and_begun_anew_between_two_runs(
    site: LmsSite, lms: Host, size: int
) -> None:
    lms.log(5, size)
    site.read()

    last = lms.log(4, size)
    lms.rotate()
    lms.compress()
    first = lms.log(9, size)

    assert site.read().events == last + first
    assert site.read() == Read()


def test_older_files_move_on_to_the_next_number(site: LmsSite, lms: Host) -> None:
    for _ in range(5):
        new = lms.log(3, size=400)  # the same size each time
        assert site.read().events == new
        lms.rotate()
        if lms.rotated(2).exists():
            lms.compress(lms.rotated(2))

    assert [path.name for path in lms.files()] == [
        "tracking.log.1",
        *(f"tracking.log.{age}.gz" for age in range(2, 6)),
    ]
    assert site.read() == Read()


@SIZES
def test_logs_that_are_read_for_the_first_time_after_many_rotations(
    site: LmsSite, lms: Host, size: int
) -> None:
    numbers = []
    for _ in range(3):
        numbers += lms.log(5, size)
        lms.rotate()
        lms.compress()
    numbers += lms.log(1, size)

    assert site.read().events == numbers


def test_a_log_that_was_only_packed_is_not_opened_for_reading(tmp_path: Path) -> None:
    reader = LogReader(tmp_path / "data")
    lms = LmsSite(tmp_path / "logs", reader).host("lms")
    lms.log(50, 5_000)
    reader.read(lms.folder)

    lms.rotate()
    lms.compress()

    assert list(Ledger(reader.storage).rounds(lms.folder, BLOCK)) == []


# --- logrotate with copytruncate --------------------------------------------------------------


@SIZES
@pytest.mark.parametrize("regrown", [0, 2, 5, 12], ids=["empty", "smaller", "as large", "larger"])
def test_a_log_that_was_copied_and_emptied(
    site: LmsSite, lms: Host, size: int, regrown: int
) -> None:
    lms.log(5, size)
    site.read()

    last = lms.log(3, size)  # before the copy, after the run
    lms.copytruncate()
    first = lms.log(regrown, size)

    assert site.read().events == last + first
    assert site.read() == Read()


def test_a_log_that_was_copied_emptied_and_packed_every_day(site: LmsSite, lms: Host) -> None:
    for day in range(1, 5):
        new = lms.log(day, 9_000)
        lms.copytruncate()
        lms.compress()
        assert site.read().events == new


# --- gzip -------------------------------------------------------------------------------------


@SIZES
def test_a_gzip_that_is_still_being_copied_is_left_and_told(
    site: LmsSite, lms: Host, size: int
) -> None:
    numbers = lms.log(5, size)
    lms.rotate()
    packed = lms.compress()
    content = packed.read_bytes()
    packed.write_bytes(content[: len(content) * 2 // 3])

    assert site.read() == Read(
        left={"lms/tracking.log.1.gz": "gzip ends too early: still being copied, or cut off"}
    )

    packed.write_bytes(content)
    assert site.read() == Read(lines=5, events=numbers)


def test_a_gzip_that_is_still_being_written_beside_its_log(site: LmsSite, lms: Host) -> None:
    lms.log(50, 5_000)
    site.read()
    last = lms.log(5)
    log = lms.rotate()
    content = gzip.compress(log.read_bytes())
    half = len(content) // 2
    lms.write(content[:half], lms.folder / "tracking.log.1.gz")

    read = site.read()
    assert read.events == last
    assert list(read.left) == ["lms/tracking.log.1.gz"]

    lms.write(content[half:], lms.folder / "tracking.log.1.gz")
    log.unlink()
    assert site.read() == Read()


def test_a_damaged_gzip_gives_nothing_and_is_told(site: LmsSite, lms: Host) -> None:
    lms.log(5, 5_000)
    lms.rotate()
    packed = lms.compress()
    content = bytearray(packed.read_bytes())
    content[-6] ^= 1  # in the checksum: all events were read when it turns out to be wrong
    packed.write_bytes(content)

    read = site.read()

    assert read.events == []
    assert read.left["lms/tracking.log.1.gz"].startswith("damaged gzip (crc check failed")


def test_a_damaged_gzip_is_told_in_each_run(site: LmsSite, lms: Host) -> None:
    lms.log(5)
    site.read()
    last = lms.log(100, 5_000)
    lms.rotate()
    packed = lms.compress()
    whole = packed.read_bytes()
    packed.write_bytes(whole[:-8] + bytes(8))

    assert list(site.read().left) == ["lms/tracking.log.1.gz"]
    assert list(site.read().left) == ["lms/tracking.log.1.gz"]

    packed.write_bytes(whole)
    assert site.read().events == last


def test_a_gzip_of_several_members(site: LmsSite, lms: Host) -> None:
    path = lms.folder / "tracking.log-2026.gz"
    for number in range(1000, 1003):
        lms.write(gzip.compress(event(number, 20_000)), path)

    assert site.read().events == [1000, 1001, 1002]


def test_a_gzip_that_members_were_added_to(site: LmsSite, lms: Host) -> None:
    path = lms.folder / "tracking.log-2026.gz"
    lms.write(gzip.compress(event(1000)), path)
    site.read()

    lms.write(gzip.compress(event(1001)), path)

    assert site.read() == Read(lines=1, events=[1001])


def test_a_gzip_needs_no_name_of_one(site: LmsSite, lms: Host) -> None:
    lms.write(gzip.compress(event(1000)), lms.folder / "tracking.log-2026")

    assert site.read().events == [1000]


def test_a_gz_that_is_none_is_read_as_what_it_is(site: LmsSite, lms: Host) -> None:
    lms.write(event(1000), lms.folder / "tracking.log.1.gz")

    assert site.read().events == [1000]


def test_a_gzip_of_nothing(site: LmsSite, lms: Host) -> None:
    lms.write(gzip.compress(b""), lms.folder / "tracking.log.1.gz")
    lms.write(b"\n" + event(1000))

    assert site.read() == Read(lines=2, events=[1000], rejects=Counter(blank=1))


def test_two_bytes_of_a_gzip(site: LmsSite, lms: Host) -> None:
    lms.write(b"\x1f\x8b", lms.folder / "tracking.log.1.gz")

    assert list(site.read().left) == ["lms/tracking.log.1.gz"]


# --- the same bytes in another folder ---------------------------------------------------------


@SIZES
@pytest.mark.parametrize("read_between", [False, True], ids=["same run", "later run"])
def test_a_copy_in_another_hosts_folder(
    site: LmsSite, lms: Host, mirror: Host, size: int, read_between: bool
) -> None:
    numbers = lms.log(5, size)
    events = site.read().events if read_between else []

    mirror.copy(lms.live)

    assert events + site.read().events == numbers
    assert site.read() == Read()


@SIZES
def test_a_copy_that_is_packed(site: LmsSite, lms: Host, mirror: Host, size: int) -> None:
    numbers = lms.log(5, size)
    mirror.copy(lms.live)
    mirror.compress(mirror.live)

    assert site.read().events == numbers


@SIZES
@pytest.mark.parametrize("read_between", [False, True], ids=["same run", "later run"])
def test_a_copy_that_is_shorter(
    site: LmsSite, lms: Host, mirror: Host, size: int, read_between: bool
) -> None:
    numbers = lms.log(3, size)
    mirror.copy(lms.live)
    numbers += lms.log(7, size)
    events = site.read().events if read_between else []

    assert events + site.read().events == numbers
    assert site.read() == Read()


@SIZES
def test_of_a_copy_that_is_longer_the_rest_is_new(
    site: LmsSite, lms: Host, mirror: Host, size: int
) -> None:
    lms.log(3, size)
    site.read()
    mirror.copy(lms.live)
    rest = [1000, 1001]
    mirror.write(b"".join(event(number, size) for number in rest))
    assert site.read().events == rest

    lms.write(mirror.live.read_bytes()[lms.live.stat().st_size :])
    assert site.read() == Read()


@SIZES
def test_a_shorter_copy_whose_original_is_gone(
    site: LmsSite, lms: Host, mirror: Host, size: int
) -> None:
    for events in (3, 2):
        lms.log(events, size)
        site.read()

    mirror.copy(lms.live, size=4 * size + 100)
    lms.live.unlink()

    assert site.read() == Read()


@SIZES
def test_a_log_that_is_copied_again_from_its_beginning(site: LmsSite, lms: Host, size: int) -> None:
    lms.log(5, size)
    site.read()
    content = lms.live.read_bytes() + event(1000)

    lms.live.write_bytes(content[: 2 * size + 100])
    lms.clock.stamp(lms.live)
    assert site.read() == Read()

    lms.live.write_bytes(content)
    lms.clock.stamp(lms.live)
    assert site.read() == Read(lines=1, events=[1000])


def test_a_shorter_copy_of_a_log_that_was_renamed_since(
    site: LmsSite, lms: Host, mirror: Host
) -> None:
    lms.log(100, 400)
    site.read()

    lms.rotate()
    mirror.copy(lms.rotated(), size=1_000)
    first = lms.log(2)

    assert site.read().events == first


def test_a_copy_in_progress_of_rsync_is_not_looked_at(site: LmsSite, lms: Host) -> None:
    numbers = lms.log(5)
    hidden = lms.rotate().rename(lms.folder / ".tracking.log.1.Xk3b9Q")
    (lms.folder / ".rsync-partial").mkdir()
    lms.write(event(1000), lms.folder / ".rsync-partial/tracking.log.2")
    assert site.read() == Read()

    hidden.rename(lms.rotated())
    assert site.read().events == numbers


# --- files that begin alike -------------------------------------------------------------------


@pytest.mark.parametrize("first", [b"\n", b"# made by hand\n", event(999)])
def test_files_of_which_only_the_first_line_is_the_same(
    site: LmsSite, lms: Host, first: bytes
) -> None:
    numbers = list(range(1000, 1010))
    for number in numbers:
        lms.write(first + event(number, 3_000 * (number % 7)), lms.folder / f"{number}.log")

    read = site.read()
    assert [number for number in read.events if number != 999] == numbers

    for number in numbers:
        lms.write(event(number + 1000), lms.folder / f"{number}.log")
    assert site.read().events == [number + 1000 for number in numbers]


def test_a_log_that_begins_like_the_one_before(site: LmsSite, lms: Host) -> None:
    lms.write(b"\n")
    lms.log(3)
    site.read()
    lms.rotate()

    lms.write(b"\n")
    new = lms.log(9)

    assert site.read().events == new


def test_a_stretch_that_two_logs_share_later_on_counts_for_both(
    site: LmsSite, lms: Host, mirror: Host
) -> None:
    lms.write(event(1000) + event(1001))
    mirror.write(event(1002) + event(1001))

    assert site.read().events == [1000, 1001, 1001, 1002]


# --- what is no log ---------------------------------------------------------------------------


def test_an_empty_file(site: LmsSite, lms: Host) -> None:
    lms.live.touch()
    assert site.read() == Read()

    numbers = lms.log(3)
    assert site.read().events == numbers


def test_a_folder_named_like_a_log(site: LmsSite, lms: Host) -> None:
    lms.live.mkdir()
    lms.write(event(1000), lms.live / "tracking.log")

    assert site.read() == Read(lines=1, events=[1000])


def test_a_link_to_nowhere(site: LmsSite, lms: Host) -> None:
    lms.live.symlink_to("not-there")
    lms.rotated().symlink_to("tracking.log.1")
    lms.write(event(1000), lms.folder / "good.log")

    read = site.read()

    assert read.events == [1000]
    assert read.left == {
        "lms/tracking.log": "no such file or directory",
        "lms/tracking.log.1": "too many levels of symbolic links",
    }


def test_a_link_to_a_log_is_that_log(site: LmsSite, lms: Host, mirror: Host) -> None:
    numbers = lms.log(3)
    mirror.live.symlink_to(lms.live)

    assert site.read().events == numbers


def test_a_binary_file(site: LmsSite, lms: Host) -> None:
    lms.write(bytes(range(256)) * 100, lms.folder / "core")

    assert site.read() == Read(left={"lms/core": "binary, not a tracking log"})


def test_a_log_with_zeros_in_it(site: LmsSite, lms: Host) -> None:
    """As a power cut leaves it."""
    lms.write(event(1000) + bytes(500) + b"\n" + event(1001))

    read = site.read()

    assert (read.events, read.rejects) == ([1000, 1001], {"not_json": 1})


def test_a_text_that_is_no_log(site: LmsSite, lms: Host) -> None:
    lms.write(b"Mind the gap.\n\n{not json}\n", lms.folder / "README")

    read = site.read()

    assert (read.lines, read.rejects) == (3, {"not_json": 1, "blank": 1, "cut_off": 1})
    assert site.read() == Read()


def test_a_name_that_is_not_utf8(site: LmsSite, lms: Host) -> None:
    lms.log()
    lms.live.rename(lms.folder / os.fsdecode(b"caf\xe9.log"))

    assert site.read() == Read(left={"lms/caf\\xe9.log": "its name is not UTF-8: rename it"})


# --- what changes while it is read ------------------------------------------------------------


@pytest.fixture(params=[0, 1], ids=["before it is read", "amid its reading"])
def busy(tmp_path: Path, request: pytest.FixtureRequest) -> BusySite:
    reader = LogReader(tmp_path / "data")
    return BusySite(LmsSite(tmp_path / "logs", reader), reader, request.param)


@dataclass
class BusySite:
    """A site on which something happens to a log, once, after `pieces` of it were read."""

    site: LmsSite
    reader: LogReader
    pieces: int

    def read_while(self, action: Callable[[], object]) -> Read:
        actions = [action]

        def act(pieces_read: int) -> None:
            if pieces_read == self.pieces and actions:
                actions.pop()()

        self.reader.meanwhile = act
        read = self.site.read()
        assert not actions
        return read


REPLACED = {"lms/tracking.log": "replaced or cut while it was read"}


def test_a_log_that_grows_while_it_is_read(busy: BusySite) -> None:
    lms = busy.site.host("lms")
    numbers = lms.log(50, 3_000)
    later: list[int] = []

    assert busy.read_while(lambda: later.extend(lms.log(5))) == Read(lines=50, events=numbers)

    assert busy.site.read() == Read(lines=5, events=later)


def test_a_log_that_vanishes_while_it_is_read(busy: BusySite) -> None:
    lms = busy.site.host("lms")
    numbers = lms.log(50, 3_000)
    elsewhere = busy.site.folder / "elsewhere"

    assert busy.read_while(lambda: lms.live.rename(elsewhere)) == Read(
        left={"lms/tracking.log": "no such file or directory"}
    )

    assert busy.site.read().events == numbers


@pytest.mark.parametrize("rotate", [Host.rotate, Host.copytruncate])
@pytest.mark.parametrize("new", [1, 80], ids=["smaller", "larger"])
def test_a_log_that_is_rotated_while_it_is_read(
    busy: BusySite, rotate: Callable[[Host], Path], new: int
) -> None:
    lms = busy.site.host("lms")
    numbers = lms.log(50, 3_000)

    def rotate_and_go_on() -> None:
        rotate(lms)
        numbers.extend(lms.log(new, 3_000))

    assert busy.read_while(rotate_and_go_on) == Read(left=REPLACED)

    assert busy.site.read().events == numbers
    assert busy.site.read() == Read()


def test_a_log_that_is_packed_while_it_is_read(busy: BusySite) -> None:
    lms = busy.site.host("lms")
    numbers = lms.log(50, 3_000)
    lms.rotate()

    read = busy.read_while(lms.compress)
    assert read.left == {"lms/tracking.log.1": "no such file or directory"}

    assert busy.site.read().events == numbers


# --- the warehouse keeps the ledger -----------------------------------------------------------


def test_a_weeks_nightly_runs(tmp_path: Path) -> None:
    """Two hosts, one with copytruncate, and a mirror of both, through the whole pipeline."""
    site = LmsSite(tmp_path / "logs", Pipeline(tmp_path / "data"))
    lms, other, mirror = site.host("lms"), site.host("other"), site.host("mirror")
    waiting = event(999)
    counted, written = [], []
    for day in range(7):
        written += lms.log(20, 3_000) + other.log(5)
        counted += site.read().events
        written += lms.log(10) + other.log(1)
        lms.rotate()
        other.copytruncate()
        if day:
            lms.compress(lms.rotated(2))
            other.compress(other.rotated(2))
        mirror.copy(lms.rotated(), f"lms-{day}")
        mirror.copy(other.rotated(), f"other-{day}", size=1_500)
    lms.write(waiting[:50])
    counted += site.read().events
    lms.write(waiting[50:])
    counted += site.read().events

    assert sorted(counted) == sorted([*written, 999])
    assert site.read() == Read()
