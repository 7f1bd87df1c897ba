"""A day's events in one file in place of many, whatever happens meanwhile."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest

import updating
from embedded import SMALL, Site, reports_in
from insights_pipeline import compacting, forgetting
from insights_pipeline.compacting import MANY, compact
from insights_pipeline.forgotten import Learner
from insights_pipeline.interval import Interval, today
from insights_pipeline.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WEEK = Interval(date(2014, 7, 14), date(2014, 7, 21))
FIRST, SECOND = date(2014, 7, 14), date(2014, 7, 15)


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
    """A site with a day of many files, one for each learner, and a day of one."""
    site = Site(tmp_path)
    for user_id in range(1, MANY + 1):
        site.log([play(14, user_id)])
        site.update(WEEK)
    site.log([play(15)])
    site.update(WEEK)
    return site


def files(site: Site, day: date = FIRST) -> list[str]:
    return sorted(path.name for path in (site.data / "events" / f"date={day}").iterdir())


def test_day_of_many_files_becomes_one(site: Site) -> None:
    before, tables = site.reports(), site.warehouse()

    assert compact(site.data, SMALL, before=SECOND) == 1

    assert files(site) == [f"run-{MANY:06}-day.parquet"]
    assert updating.events_on_disk(site.data) == updating.events_in_ledger(site.data) == MANY + 1
    site.log([play(14, 99)])
    record = site.update(WEEK)
    assert not [note for note in record.notes if "missing" in note]
    assert compact(site.data, SMALL, before=SECOND) == 0
    other = Site(site.folder / "other")
    other.log([play(14, user_id) for user_id in (*range(1, MANY + 1), 99)] + [play(15)])
    other.update(WEEK)
    assert site.reports() == other.reports() != before
    assert site.warehouse() == other.warehouse() != tables


def test_day_that_is_not_over_stays(site: Site) -> None:
    assert compact(site.data, SMALL, before=FIRST) == 0
    assert len(files(site)) == MANY


def test_day_of_which_files_were_removed_stays(site: Site) -> None:
    (site.data / "events" / f"date={FIRST}" / files(site)[0]).unlink()
    assert compact(site.data, SMALL, before=SECOND) == 0
    assert len(files(site)) == MANY - 1


def before_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Warehouse, "replace_parts", die)


def after_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    commit = Warehouse.replace_parts

    def die(*arguments: object) -> None:
        commit(*arguments)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(Warehouse, "replace_parts", die)


def before_the_file_is_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def die(_folder: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(compacting, "make_lasting", die)


@pytest.mark.parametrize("dies", [before_the_file_is_home, before_commit, after_commit])
def test_each_event_is_there_once_wherever_it_is_cut_short(
    site: Site, monkeypatch: pytest.MonkeyPatch, dies: Callable[[pytest.MonkeyPatch], None]
) -> None:
    with monkeypatch.context() as dying:
        dies(dying)
        with pytest.raises(KeyboardInterrupt):
            compact(site.data, SMALL, before=SECOND)

    record = site.update(WEEK)

    assert not [note for note in record.notes if "missing" in note]
    assert updating.events_on_disk(site.data) == updating.events_in_ledger(site.data) == MANY + 1
    compact(site.data, SMALL, before=SECOND)
    assert len(files(site)) == 1
    assert not list((site.data / "incoming").iterdir())


def test_learner_of_such_a_day_can_be_forgotten(site: Site) -> None:
    compact(site.data, SMALL, before=SECOND)
    forgetting.forget(site.data, Learner("learner_3", 3), [reports_in(site.data)], SMALL, False)

    content = b"".join(path.read_bytes() for path in (site.data / "events").rglob("*.parquet"))
    assert updating.events_on_disk(site.data) == MANY + 1
    assert b"learner_3" not in content


def test_rejects_of_a_days_runs_become_one_list(tmp_path: Path) -> None:
    site = Site(tmp_path)
    for number in range(MANY):
        site.log([play(14), b"no event %d" % number])
        site.update(WEEK)
    before = updating.rejects_of(site.data)
    tomorrow = today() + timedelta(days=1)

    compact(site.data, SMALL, before=today())
    assert len(list((site.data / "rejects").iterdir())) == MANY, "of today"
    compact(site.data, SMALL, before=tomorrow)

    (file,) = (site.data / "rejects").iterdir()
    assert file.name == f"run-{MANY:06}.jsonl"
    assert updating.rejects_of(site.data) == before
    site.update(WEEK)
    assert updating.rejects_of(site.data) == before
