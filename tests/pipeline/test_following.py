"""Logs that grow, and numbers that follow them."""

from __future__ import annotations

import gzip
import json
import shutil
import socket
import time
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import updating
from embedded import SMALL, Site, reports_in
from insights_pipeline import following
from insights_pipeline.compacting import MANY
from insights_pipeline.errors import BadInput, BadOption, NoRoom
from insights_pipeline.following import Follower, follow
from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval, today
from insights_pipeline.publish import reports
from insights_pipeline.update import Update, run_update
from small_disk import fill, small_disk

if TYPE_CHECKING:
    from pathlib import Path

DAY = timedelta(days=1)
TODAY = today()
COURSE = "course-v1:ExampleX+CS101+2026_T1"


def enrollment(user_id: int, day: date = TODAY) -> bytes:
    event = {"course_id": COURSE, "user_id": user_id, "mode": "audit"}
    return json.dumps(
        {
            "time": f"{day}T00:00:{user_id % 60:02}+00:00",
            "event_type": "edx.course.enrollment.activated",
            "event_source": "server",
            "username": f"learner_{user_id}",
            "context": {"course_id": COURSE, "user_id": user_id},
            "event": event,
        }
    ).encode()


def play(user_id: int, day: date) -> bytes:
    return json.dumps(
        {
            "time": f"{day}T10:00:00+00:00",
            "event_type": "play_video",
            "event_source": "browser",
            "username": f"learner_{user_id}",
            "context": {"course_id": COURSE, "user_id": user_id},
            "event": {"id": "v"},
        }
    ).encode()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site on its first day, with a learner."""
    site = Site(tmp_path)
    site.log([enrollment(1)])
    return site


def follower(site: Site, **options: Any) -> Follower:
    update = Update(site.logs, site.data, resources=SMALL, **options)
    return Follower(update, reports_in(site.data))


def learners(site: Site) -> dict[str, int]:
    """Learners of the course, day by day."""
    rows = updating.query(site.data, "SELECT date, count FROM course_enrollment_daily ORDER BY 1")
    return dict(rows)


def test_each_look_publishes_what_is_new(site: Site, tmp_path: Path) -> None:
    follows = follower(site)

    assert follows.look()
    assert learners(site) == {str(TODAY): 1}
    assert follows.look() is None

    site.log([enrollment(2), enrollment(3)])
    record = follows.look()
    assert record
    assert (record.events, record.late_events) == (2, 0)
    assert record.interval == Interval(TODAY, TODAY + DAY)
    assert learners(site) == {str(TODAY): 3}

    alone = Site(tmp_path / "alone")
    alone.log([enrollment(1), enrollment(2), enrollment(3)])
    alone.update(Interval(TODAY, TODAY + DAY))
    assert alone.reports() == site.reports()
    assert alone.warehouse() == site.warehouse()


def test_line_that_is_being_written_waits_for_its_end(site: Site) -> None:
    follows = follower(site)
    begin, end = enrollment(2)[:40], enrollment(2)[40:] + b"\n"
    with (site.logs / "tracking.log").open("ab", buffering=0) as log:
        log.write(begin)
        follows.look()
        assert learners(site) == {str(TODAY): 1}
        log.write(end)
    record = follows.look()
    assert record
    assert (record.events, record.rejected) == (1, 0)


@pytest.mark.parametrize("way", ["renamed", "packed", "copied and truncated"])
def test_rotation(site: Site, way: str) -> None:
    follows, live = follower(site), site.logs / "tracking.log"
    follows.look()
    site.log([enrollment(2)])
    rotated = site.logs / "tracking.log-1"
    match way:
        case "renamed":
            live.rename(rotated)
        case "packed":
            rotated.with_suffix(".gz").write_bytes(gzip.compress(live.read_bytes()))
            live.unlink()
        case _:
            shutil.copy(live, rotated)
            live.write_bytes(b"")
    site.log([enrollment(3)])

    record = follows.look()
    assert record
    assert (record.events, record.rejected) == (2, 0)
    assert learners(site) == {str(TODAY): 3}


def test_restart_goes_on_where_it_was(site: Site) -> None:
    follower(site).look()
    site.log([enrollment(2)])

    record = follower(site).look()

    assert record
    assert record.events == 1
    assert learners(site) == {str(TODAY): 2}


def test_new_day_begins_without_a_line(site: Site) -> None:
    now = [TODAY - DAY]
    site.log([enrollment(2, TODAY - DAY)])
    update = Update(site.logs, site.data, resources=SMALL)
    follows = Follower(update, reports_in(site.data), clock=lambda: now[0])
    follows.look()
    assert learners(site) == {str(TODAY - DAY): 1}

    now = [TODAY]
    record = follows.look()

    assert record
    assert record.events == 0
    assert learners(site) == {str(TODAY - DAY): 1, str(TODAY): 2}
    assert follows.look() is None


def test_week_counts_once_its_sunday_is_over(tmp_path: Path) -> None:
    site, monday = Site(tmp_path), date(2026, 3, 2)
    sunday = monday + 6 * DAY
    site.log([enrollment(1, monday), play(1, monday), play(2, sunday)])
    now = [sunday]
    update = Update(site.logs, site.data, resources=SMALL)
    follows = Follower(update, reports_in(site.data), clock=lambda: now[0])

    def weeks() -> list[tuple[Any, ...]]:
        columns = "SELECT date(interval_start), count FROM course_activity WHERE label = 'ACTIVE'"
        return updating.query(site.data, columns)

    follows.look()
    assert weeks() == []

    now = [sunday + DAY]
    follows.look()
    assert weeks() == [(str(monday), 2)]


def test_clock_that_is_ahead_hides_no_silence(site: Site) -> None:
    site.log([enrollment(2, TODAY + 9 * DAY)])
    record = follower(site).look()
    assert record
    assert record.newest_event == TODAY
    assert updating.runs_of(site.data)[-1]["newest_event"] == str(TODAY)


def test_logs_that_go_on_after_an_interval_are_no_silence(site: Site) -> None:
    site.log([enrollment(2, TODAY - 99 * DAY)])
    record = site.update(Interval(TODAY - 99 * DAY, TODAY - 9 * DAY))
    assert record.newest_event == TODAY


def test_events_of_days_before_are_late_and_todays_are_not(site: Site) -> None:
    site.log([enrollment(2, TODAY - DAY)])
    follows = follower(site)
    follows.look()
    site.log([enrollment(3, TODAY - DAY), enrollment(4)])

    record = follows.look()

    assert record
    assert (record.events, record.late_events) == (2, 1)
    assert learners(site) == {str(TODAY - DAY): 2, str(TODAY): 4}


def test_interval_may_begin_anywhere_and_ends_tomorrow_at_most(site: Site) -> None:
    follows = follower(site, interval=Interval(TODAY - DAY, TODAY + 99 * DAY))
    record = follows.look()
    assert record
    assert record.interval == Interval(TODAY - DAY, TODAY + DAY)


def test_interval_that_is_over_has_nothing_to_follow(site: Site) -> None:
    with pytest.raises(BadOption, match="is over, and nothing of it is to come"):
        follower(site, interval=Interval(TODAY - DAY, TODAY))
    assert not site.data.exists()


def test_nor_has_one_that_is_to_come(site: Site) -> None:
    with pytest.raises(BadOption, match="has not begun, and nothing of it is there"):
        follower(site, interval=Interval(TODAY + DAY, TODAY + 9 * DAY))


def test_no_folder_of_logs_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no folder of tracking logs"):
        follower(Site(tmp_path))


def test_what_comes_in_beside_the_logs_is_read_once_a_day(site: Site, tmp_path: Path) -> None:
    now = [TODAY - DAY]
    folder = tmp_path / "lms"
    folder.mkdir()
    profiles = folder / "auth_userprofile.csv"
    update = Update(site.logs, site.data, inputs=Inputs(lms=folder), resources=SMALL)
    follows = Follower(update, reports_in(site.data), clock=lambda: now[0])
    first = follows.look()
    assert first
    lacking = [note for note in first.notes if note.startswith("no auth_userprofile")]
    assert len(lacking) == 1

    profiles.write_text("user_id,name,gender,year_of_birth,level_of_education\n1,Ada,f,1815,p\n")
    site.log([enrollment(2)])
    second = follows.look()
    assert second
    assert second.notes == first.notes
    assert "inputs" not in second.seconds_by_step

    now = [TODAY]
    third = follows.look()
    assert third
    assert not [note for note in third.notes if note.startswith("no auth_userprofile")]


def test_files_follow_once_an_hour(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_that_files_show() -> int:
        shown = json.loads((site.data / "reports" / ".shown.json").read_text())
        (number,) = {number for number, _run_id in shown.values()}
        return int(number)

    follows = follower(site)
    follows.look()
    site.log([enrollment(2)])
    follows.look()
    assert run_that_files_show() == 1

    later = time.monotonic() + 3601
    monkeypatch.setattr(following.time, "monotonic", lambda: later)
    site.log([enrollment(3)])
    follows.look()
    assert run_that_files_show() == 3


def test_search_that_was_away_is_tried_again_before_an_hour_is_over(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        follows = follower(site, elasticsearch=f"http://127.0.0.1:{nobody.getsockname()[1]}")
        first = follows.look()
        assert first
        assert first.search_is_behind
        site.log([enrollment(2)])
        second = follows.look()
        assert second
        assert "roster" not in second.seconds_by_step
        assert second.notes == first.notes

        later = time.monotonic() + 301
        monkeypatch.setattr(following.time, "monotonic", lambda: later)
        site.log([enrollment(3)])
        third = follows.look()
        assert third
        assert "roster" in third.seconds_by_step


def test_full_disk_delays_and_loses_nothing(site: Site, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=48) as disk:
        update = Update(site.logs, disk / "data", resources=SMALL)
        follows = Follower(update, reports_in(disk / "data"))
        follows.look()
        site.log(enrollment(user_id) for user_id in range(2, 5_000))
        filling = fill(disk)
        with pytest.raises(NoRoom, match="no space left on the disk"):
            follows.look()

        filling.unlink()
        assert updating.query(disk / "data", "SELECT count FROM course_enrollment_daily") == [(1,)]
        record = follows.look()
        assert record
        assert record.events == 4_998
        assert updating.query(disk / "data", "SELECT count FROM course_enrollment_daily") == [
            (4_999,)
        ]


def test_what_lasts_is_told_and_noted_once_and_mends_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_LEAST_PAUSE", 0.0)
    site, said = Site(tmp_path), list[str]()
    site.log([b"no event"])
    looks = 0
    wait = following.time.sleep

    def sleep(seconds: float) -> None:
        nonlocal looks
        looks += 1
        wait(seconds)
        if looks == 3:
            site.log([enrollment(1)])
        if looks == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(following.time, "sleep", sleep)
    update = Update(site.logs, site.data, resources=SMALL)
    with pytest.raises(KeyboardInterrupt):
        follow(update, reports_in(site.data), 0, said.append)

    waiting, done = said
    assert waiting.startswith("not updated, and tried again each time: no event in ")
    assert done.startswith("1 events, 1 rejects: ")
    assert [run["status"] for run in updating.runs_of(site.data)] == ["failed", "succeeded"]


def test_other_update_at_work_is_waited_for(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from insights_pipeline.update import alone

    said = list[str]()
    holds = alone(site.data)
    holds.__enter__()

    def sleep(_seconds: float) -> None:
        if len(said) == 2:
            raise KeyboardInterrupt
        holds.__exit__(None, None, None)

    monkeypatch.setattr(following.time, "sleep", sleep)
    update = Update(site.logs, site.data, resources=SMALL)
    with pytest.raises(KeyboardInterrupt):
        follow(update, reports_in(site.data), 1, said.append)

    assert said[0].startswith(
        "not updated, and tried again each time: another update is at work on "
    )
    assert said[1].startswith("1 events: ")


def test_records_of_partial_days_are_kept_in_bounds(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "PARTIAL_RUNS", 3)
    site.log([enrollment(1, TODAY - 3 * DAY)])
    run_update(Update(site.logs, site.data, resources=SMALL), reports_in(site.data))
    follows = follower(site)
    for user_id in range(2, 8):
        site.log([enrollment(user_id)])
        follows.look()

    kept = updating.runs_of(site.data)
    assert [run["interval_end"] for run in kept] == [str(TODAY), *3 * [str(TODAY + DAY)]]
    assert learners(site)[str(TODAY)] == 7


def test_at_rest_nothing_is_touched(site: Site) -> None:
    follows = follower(site)
    follows.look()
    (site.logs / "tracking.log").chmod(0o444)
    follows.look()

    def touched() -> dict[str, int]:
        return {str(path): path.stat().st_mtime_ns for path in site.data.rglob("*")}

    before = touched()
    for _ in range(3):
        assert follows.look() is None
    assert touched() == before


def test_day_that_cannot_be_made_one_file_delays_no_number(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_LEAST_PAUSE", 0.0)
    yesterday, said = TODAY - DAY, list[str]()
    for user_id in range(2, MANY + 2):
        site.log([play(user_id, yesterday)])
        site.update(Interval(yesterday, TODAY))
    broken = next((site.data / "events" / f"date={yesterday}").iterdir())
    broken.write_bytes(b"x" * broken.stat().st_size)

    def sleep(_seconds: float) -> None:
        if len(said) > 2:
            raise KeyboardInterrupt
        site.log([enrollment(99)])

    monkeypatch.setattr(following.time, "sleep", sleep)
    update = Update(site.logs, site.data, resources=SMALL)
    with pytest.raises(KeyboardInterrupt):
        follow(update, reports_in(site.data), 0, said.append)

    complaint = "events of days that are over stay in many files until tomorrow: "
    assert [line.startswith(complaint) for line in said] == [False, True, False]
    assert "No magic bytes" in said[1]
    assert learners(site)[str(TODAY)] == 2
