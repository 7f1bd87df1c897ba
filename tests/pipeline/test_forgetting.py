"""A learner who is forgotten is nowhere afterwards, and no number has changed."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import pytest

from embedded import SMALL, Rows, Site, reports_in
from insights_pipeline import schema
from insights_pipeline.errors import BadDataFolder, BadOption
from insights_pipeline.forgetting import forget
from insights_pipeline.forgotten import Forgotten, Learner
from insights_pipeline.interval import Interval
from insights_pipeline.update import Update, run_update
from insights_pipeline.warehouse import FILE
from wanda import GONE, NUMBER, OTHER, TEXTS, line, lines, tables

if TYPE_CHECKING:
    from pathlib import Path

WEEK = Interval(date(2014, 7, 21), date(2014, 7, 28))
AGGREGATES = (
    schema.COURSE_ENROLLMENT_DAILY,
    schema.COURSE_ENROLLMENT_MODE_DAILY,
    schema.COURSE_ACTIVITY,
    schema.VIDEO,
    schema.VIDEO_TIMELINE,
    schema.TOTAL_EVENTS_DAILY,
)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    site.log(lines())
    site.update(WEEK, tables(tmp_path / "lms"))
    return site


def run(site: Site, learner: Learner, dry_run: bool = False) -> list[str]:
    return forget(site.data, learner, [reports_in(site.data)], SMALL, dry_run)


def mentions(site: Site) -> list[str]:
    """Files, and rows of tables, in which the learner's name, address or number stands."""
    found = []
    for path in site.data.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            found += [f"{path.name}: {text}" for text in TEXTS if text.encode() in content]
    with closing(duckdb.connect(str(site.data / FILE), read_only=True)) as warehouse:
        names = [f'"{name}"' for (name,) in warehouse.execute("SHOW TABLES").fetchall()]
        names.append(f"read_parquet('{site.data}/events/*/*.parquet')")
        for name in names:
            rows = warehouse.execute(f"FROM {name}").fetchall()
            found += [f"{name}: {row}" for row in rows for text in TEXTS if text in str(row)]
    with closing(sqlite3.connect(site.data / "reports.sqlite3")) as reports:
        for table in schema.REPORTS:
            rows = reports.execute(f"SELECT * FROM {table.name}").fetchall()
            found += [f"{table.name}: {row}" for row in rows for text in TEXTS if text in str(row)]
    return found


def numbers(site: Site) -> dict[str, Rows]:
    return site.warehouse(*AGGREGATES)


def test_nothing_of_the_learner_is_left_and_no_number_changes(site: Site) -> None:
    before, others, shown = numbers(site), files(site), published(site, "2014-07-28 03:00:00")
    assert any(GONE in text for text in mentions(site) if text.startswith("answer_distribution"))

    told = run(site, Learner(GONE))

    assert mentions(site) == []
    assert numbers(site) == before
    assert published(site) > shown
    assert "auth_user: 1 removed" in told
    assert "enrollment_event: 1 under a pseudonym" in told
    after = files(site)
    assert after.keys() == others.keys()
    assert any("problem_response" in path for path in after)
    for path, content in others.items():
        assert after[path] == [row for row in content if GONE not in row]


def published(site: Site, moment: str = "") -> str:
    """When readers are told that what the run published was changed last; or, set it."""
    with closing(sqlite3.connect(site.data / "reports.sqlite3")) as reports, reports:
        if moment:
            reports.execute("UPDATE pipeline_run SET created = ?", [moment])
        return str(reports.execute("SELECT created FROM pipeline_run").fetchone()[0])


def files(site: Site) -> dict[str, list[str]]:
    folder = site.data / "reports"
    return {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8").splitlines()
        for path in folder.rglob("*.csv")
    }


def test_no_later_run_brings_the_learner_back(site: Site) -> None:
    before = numbers(site)
    run(site, Learner(GONE))

    site.log([line(59, "problem_check", GONE, NUMBER, problem_id="q")])
    later = {path: path.stat().st_mtime for path in site.folder.rglob("lms/*")}
    for path in later:
        path.touch()
    site.update(WEEK, tables(site.folder / "lms"))
    assert mentions(site) == []

    again = Update(site.logs, site.data, WEEK, tables(site.folder / "lms"), SMALL, full=True)
    run_update(again, reports_in(site.data))
    assert mentions(site) == []
    after = numbers(site)
    assert after.pop("total_events_daily") == [(date(2014, 7, 22), len(lines()))]
    before.pop("total_events_daily")
    assert after == before


def test_incremental_equals_full_afterwards(site: Site) -> None:
    run(site, Learner(GONE))
    site.log([line(59, "play_video", OTHER, 2, id="v", currentTime=1)])
    site.update(WEEK, tables(site.folder / "lms"))
    grown = site.warehouse()

    again = Update(site.logs, site.data, WEEK, tables(site.folder / "lms"), SMALL, full=True)
    run_update(again, reports_in(site.data))
    for name, rows in site.warehouse().items():
        assert rows == grown[name], name


def test_a_dry_run_changes_nothing(site: Site) -> None:
    before = mentions(site)
    told = run(site, Learner(GONE), dry_run=True)
    assert "auth_user: 1 removed" in told
    assert mentions(site) == before
    assert not (site.data / "forgotten.json").exists()


def test_it_can_be_done_again(site: Site) -> None:
    run(site, Learner(GONE))
    run(site, Learner(GONE, NUMBER))
    assert mentions(site) == []


def test_another_ones_number_is_refused(site: Site) -> None:
    with pytest.raises(BadOption, match=f"--user-id 2 is not {GONE}'s in auth_user"):
        run(site, Learner(GONE, 2))


def test_a_list_that_is_damaged_stops_a_run(site: Site) -> None:
    (site.data / "forgotten.json").write_text("{")
    with pytest.raises(BadDataFolder, match="is damaged: restore it"):
        site.update(WEEK)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Dear ada, hello", "Dear {}, hello"),
        ("mail @ada.", "mail @{}."),
        ("Canada, ada_2, ada-3", "Canada, ada_2, ada-3"),
    ],
)
def test_a_name_in_a_text_is_a_word_of_its_own(text: str, kept: str) -> None:
    gone = Forgotten().also(Learner("ada", 7))
    assert gone.text(text) == kept.format(gone.name("ada"))


def test_a_short_number_is_a_learner_only_where_one_is_meant() -> None:
    gone = Forgotten().also(Learner("ada", 7))
    payload = json.loads(gone.payload('{"user_id": 7, "position": 7, "students": ["7", 8]}'))
    assert payload == {"user_id": gone.number(7), "position": 7, "students": [gone.name("7"), 8]}
