"""Old events go, and no number with them."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import pytest

from embedded import SMALL, Site, reports_in
from insights_pipeline import pruning
from insights_pipeline.errors import BadDataFolder
from insights_pipeline.interval import Interval

if TYPE_CHECKING:
    from pathlib import Path

FORTNIGHT = Interval(date(2014, 7, 14), date(2014, 7, 28))


def play(day: int, user_id: int = 1) -> bytes:
    return json.dumps(
        {
            "time": f"2014-07-{day}T10:00:00",
            "event_type": "play_video",
            "event_source": "browser",
            "username": f"learner_{user_id}",
            "context": {"course_id": "edX/DemoX/Demo_Course", "user_id": user_id},
            "event": {"id": "v"},
        }
    ).encode()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.log([play(14), play(20), play(21), play(27), b"no event"])
    site.update(FORTNIGHT)
    return site


def days(site: Site) -> list[str]:
    return sorted(path.name for path in (site.data / "events").iterdir())


def test_old_events_go_and_numbers_stay(site: Site) -> None:
    before = site.reports()
    old = pruning.prune(site.data, 7, reports_in(site.data), SMALL)

    assert (old.before, len(old.events), old.runs) == (date(2014, 7, 21), 2, ())
    assert days(site) == ["date=2014-07-21", "date=2014-07-27"]
    record = site.update(FORTNIGHT)
    assert not [note for note in record.notes if "missing" in note]
    assert site.reports() == before


def test_late_events_of_days_that_went_still_count(site: Site, tmp_path: Path) -> None:
    pruning.prune(site.data, 7, reports_in(site.data), SMALL)
    site.log([play(14, user_id=2)])
    site.update(FORTNIGHT)

    other = Site(tmp_path / "other")
    other.log([play(14), play(20), play(21), play(27), play(14, user_id=2)])
    other.update(FORTNIGHT)
    assert site.warehouse() == other.warehouse()


def test_what_is_found_is_left(site: Site) -> None:
    old = pruning.find(site.data, 7, SMALL)
    assert len(old.events) == 2
    assert len(days(site)) == 4


def test_rejects_and_records_of_old_runs_go_but_the_last(site: Site) -> None:
    rejects = site.data / "rejects" / "run-000001.jsonl"
    os.utime(rejects, (0, 0))
    site.update(FORTNIGHT)
    reports = site.data / "reports.sqlite3"
    with closing(sqlite3.connect(reports)) as database:
        database.execute("UPDATE pipeline_run SET started = '2014-08-01 00:00:00'")
        database.commit()

    old = pruning.prune(site.data, 30, reports_in(site.data), SMALL)

    assert (old.events, old.runs) == ((), (1,))
    assert not rejects.exists()
    with closing(sqlite3.connect(reports)) as database:
        assert database.execute("SELECT sequence FROM pipeline_run").fetchall() == [(2,)]
    assert site.update(FORTNIGHT).rows_written == 0


def test_a_folder_of_another_engine_is_left(site: Site) -> None:
    import duckdb

    with closing(duckdb.connect(str(site.data / "warehouse.duckdb"))) as warehouse:
        warehouse.execute("INSERT INTO meta VALUES ('engine', 'spark')")
    with pytest.raises(BadDataFolder, match="kept by the engine spark"):
        pruning.find(site.data, 7, SMALL)
