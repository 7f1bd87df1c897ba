"""What one run leaves behind, and how the next one goes on from there."""

from __future__ import annotations

import gzip
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import lms_services
import updating
from embedded import Site
from insights_pipeline import __version__
from insights_pipeline.errors import BadDataFolder
from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval
from insights_pipeline.metrics import SUBJECTS
from insights_pipeline.schema import REPORTS
from insights_pipeline.update import Update
from reference import reference_totals
from updating import SampleSite

if TYPE_CHECKING:
    from pathlib import Path

JANUARY = Interval(date(2026, 1, 1), date(2026, 2, 1))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleSite:
    return SampleSite.make(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="module")
def first_run(sample: SampleSite, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder after one run over all; not to be changed."""
    data = tmp_path_factory.mktemp("data") / "first"
    updating.run(sample.update(data))
    return data


@pytest.fixture
def data(first_run: Path, tmp_path: Path) -> Path:
    """A copy of the data folder after one run."""
    return shutil.copytree(first_run, tmp_path / "data")


def plain_lines(path: Path) -> list[bytes]:
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).splitlines(keepends=True)


def rejects_of(data: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for path in sorted((data / "rejects").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def event(day: int, user_id: int = 1, kind: str = "page_close", **fields: object) -> bytes:
    context = {"course_id": "course-v1:Org+Course+Run", "user_id": user_id}
    time = f"2026-01-{day:02}T12:00:00+00:00"
    return json.dumps({"event_type": kind, "time": time, "context": context} | fields).encode()


def enrollment(day: int, user_id: int = 1) -> bytes:
    payload = {"course_id": "course-v1:Org+Course+Run", "user_id": user_id, "mode": "audit"}
    return event(day, user_id, "edx.course.enrollment.activated", event=payload)


# What comes in.


def test_every_line_is_an_event_or_a_reject(sample: SampleSite, first_run: Path) -> None:
    files = [path for path in sample.sample.logs.rglob("*") if path.is_file()]
    lines = [line for path in files for line in plain_lines(path)]

    (run,) = updating.runs_of(first_run)

    rejects = json.loads(run["rejects_by_reason"])
    assert (run["lines"], run["events"], rejects) == reference_totals(lines)
    assert run["lines"] == run["events"] + run["rejected"]
    assert run["bytes"] == sum(map(len, lines))
    assert run["files"] == len(files)
    assert run["events"] == updating.events_in_ledger(first_run)
    assert run["events"] == updating.events_on_disk(first_run)


def test_every_reject_is_kept_with_its_file_line_and_reason(
    sample: SampleSite, first_run: Path
) -> None:
    (run,) = updating.runs_of(first_run)
    rejects = rejects_of(first_run)

    assert len(rejects) == run["rejected"] > 10
    for reject in rejects:
        line = plain_lines(sample.sample.logs / reject["file"])[reject["line"] - 1]
        assert line.decode(errors="replace").startswith(reject["text"])
        assert reference_totals([line])[2] == {reject["reason"]: 1}


def test_lines_of_a_log_that_grew_are_counted_from_its_beginning(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.log([event(5), b"not an event", event(6)])
    site.update(JANUARY)
    site.log([event(7), b'{"cut', event(8)])
    site.update(JANUARY)

    assert [(row["line"], row["reason"], row["text"]) for row in rejects_of(site.data)] == [
        (2, "not_json", "not an event"),
        (5, "cut_off", '{"cut'),
    ]


def test_in_pieces_and_by_several_processes_it_is_the_same(
    sample: SampleSite, first_run: Path, tmp_path: Path
) -> None:
    record = updating.run(sample.update(tmp_path, resources=updating.WITH_WORKERS))

    assert updating.reports_of(tmp_path) == updating.reports_of(first_run)
    assert updating.events_on_disk(tmp_path) == record.events
    assert sorted(rejects_of(tmp_path), key=str) == sorted(rejects_of(first_run), key=str)


# The record of a run.


def test_run_record(sample: SampleSite, first_run: Path) -> None:
    (run,) = updating.runs_of(first_run)

    assert (run["status"], run["error"], run["engine"]) == ("succeeded", None, "duckdb")
    assert run["version"] == __version__
    assert run["started"] <= run["ended"]
    assert (run["interval_start"], run["interval_end"]) == tuple(
        day.isoformat() for day in sample.sample.interval
    )
    tables = updating.reports_of(first_run)
    assert json.loads(run["rows_by_table"]) == {name: len(rows) for name, rows in tables.items()}
    steps = json.loads(run["seconds_by_step"])
    metrics = [f"metrics.{subject}" for subject in SUBJECTS]
    assert [*steps] == ["open", "inputs", "read", *metrics, "events", "files", "publish"]
    assert not [note for note in json.loads(run["notes"]) if note.startswith("no ")]


def test_run_that_found_nothing_new(sample: SampleSite, data: Path) -> None:
    before = updating.reports_of(data)

    record = updating.run(sample.update(data))

    assert (record.files, record.bytes, record.lines) == (0, 0, 0)
    assert record.rows_written == 0
    assert updating.reports_of(data) == before
    assert [run["status"] for run in updating.runs_of(data)] == ["succeeded"] * 2


def test_late_events_are_those_of_days_that_were_published(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.log([event(10), event(11)])
    assert site.update(Interval(date(2026, 1, 10), date(2026, 1, 12))).late_events == 0

    site.log([event(9), event(10), event(11), event(12)])

    record = site.update(Interval(date(2026, 1, 10), date(2026, 1, 13)))
    assert record.late_events == 2
    found = sorted(path.name for path in (site.data / "events").iterdir())
    assert found == [f"date=2026-01-{day:02}" for day in (9, 10, 11, 12)]


def test_events_of_a_run_that_could_not_publish_come_with_the_next_one(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.log([event(5)])
    site.update(JANUARY)
    site.log([event(6), event(7)])
    reports = sqlite3.connect(site.data / "reports.sqlite3")
    with closing(reports):
        reports.execute("ALTER TABLE video RENAME TO moved")
        with pytest.raises(BadDataFolder, match="nothing was published"):
            site.update(JANUARY)
        reports.execute("ALTER TABLE moved RENAME TO video")

    record = site.update(JANUARY)

    assert record.lines == 0
    assert "with 2 events of earlier runs that were not published here" in record.notes
    failed = updating.runs_of(site.data)[1]
    assert (failed["status"], failed["events"]) == ("failed", 2)
    assert failed["error"].endswith("(in step publish)")


# The interval.


def test_interval_is_by_default_from_the_first_event_to_the_last_whole_day(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.log([event(11), event(9), event(10)])

    record = updating.run(Update(site.logs, site.data))

    assert record.interval == Interval(date(2026, 1, 9), datetime.now(UTC).date())


def test_interval_is_a_day_where_the_first_event_is_of_today(tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    site = Site(tmp_path)
    site.log([event(9, time=f"{today}T00:00:00")])

    record = updating.run(Update(site.logs, site.data))

    assert record.interval == Interval(today - timedelta(1), today)


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, -3), (5, 0), (3, -4), (-3, 2), (0, 9), (-20, -16)],
    ids=["ends sooner", "starts later", "narrower", "wider", "ends later", "elsewhere"],
)
def test_tables_of_another_interval_are_those_of_a_first_run(
    sample: SampleSite, data: Path, tmp_path: Path, start: int, end: int
) -> None:
    interval = Interval(
        sample.interval.start + timedelta(start), sample.interval.end + timedelta(end)
    )

    updating.run(sample.update(data, interval=interval))

    updating.run(sample.update(tmp_path / "fresh", interval=interval))
    assert updating.reports_of(data) == updating.reports_of(tmp_path / "fresh")


def test_from_night_to_night_tables_are_those_of_one_run(
    sample: SampleSite, first_run: Path, tmp_path: Path
) -> None:
    """New logs, the live log rotated, a later interval and the LMS's tables, all at once."""
    earlier = Interval(sample.interval.start, sample.interval.end - timedelta(5))
    updating.run(replace(sample.earlier_update(tmp_path), interval=earlier))
    updating.run(sample.update(tmp_path))

    assert updating.reports_of(tmp_path) == updating.reports_of(first_run)
    assert updating.events_on_disk(tmp_path) == updating.events_on_disk(first_run)
    totals = [sum(run[name] for run in updating.runs_of(tmp_path)) for name in ("lines", "bytes")]
    assert totals == [updating.runs_of(first_run)[0][name] for name in ("lines", "bytes")]


# Folders that were removed, copied or restored.


def test_removed_reports_are_filled_anew(sample: SampleSite, data: Path) -> None:
    before = updating.reports_of(data)
    (data / "reports.sqlite3").unlink()

    record = updating.run(sample.update(data))

    assert updating.reports_of(data) == before
    assert record.lines == 0


def test_older_reports_are_caught_up_with(sample: SampleSite, tmp_path: Path) -> None:
    updating.run(sample.earlier_update(tmp_path))
    backup = (tmp_path / "reports.sqlite3").read_bytes()
    updating.run(sample.update(tmp_path))
    before = updating.reports_of(tmp_path)
    (tmp_path / "reports.sqlite3").write_bytes(backup)

    record = updating.run(sample.update(tmp_path))

    assert updating.reports_of(tmp_path) == before
    assert record.rows_written < sum(record.rows_by_table.values())  # those that had changed


def test_removed_warehouse_is_made_anew_from_all_logs_and_the_run_says_so(
    sample: SampleSite, data: Path
) -> None:
    before = updating.reports_of(data)
    (data / "warehouse.duckdb").unlink()

    record = updating.run(sample.update(data))

    assert record.lines == updating.runs_of(data)[0]["lines"]
    assert "warehouse.duckdb is new: all logs were read, and all reports replaced" in record.notes
    assert updating.reports_of(data) == before
    assert updating.events_on_disk(data) == updating.events_in_ledger(data) == record.events


def test_removed_warehouse_with_fewer_logs_leaves_nothing_of_the_one_before(
    sample: SampleSite, data: Path, tmp_path: Path
) -> None:
    (data / "warehouse.duckdb").unlink()

    updating.run(sample.earlier_update(data))

    updating.run(sample.earlier_update(tmp_path / "fresh"))
    assert updating.reports_of(data) == updating.reports_of(tmp_path / "fresh")
    assert updating.events_on_disk(data) == updating.events_in_ledger(data)
    assert [path.name for path in (data / "rejects").iterdir()] == ["run-000001.jsonl"]


def test_restored_warehouse_replaces_reports_of_runs_that_it_does_not_know(
    sample: SampleSite, tmp_path: Path
) -> None:
    """Even where its next run takes the number of the one that is shown."""
    data, fresh = tmp_path / "data", tmp_path / "fresh"
    updating.run(sample.earlier_update(data))
    backup = (data / "warehouse.duckdb").read_bytes()
    updating.run(sample.update(data))
    (data / "warehouse.duckdb").write_bytes(backup)
    narrow = Interval(sample.interval.start, sample.interval.end - timedelta(2))

    record = updating.run(sample.update(data, interval=narrow))

    updating.run(sample.update(fresh, interval=narrow))
    assert updating.reports_of(data) == updating.reports_of(fresh)
    assert updating.events_on_disk(data) == updating.events_in_ledger(data)
    assert "the reports were not made from this warehouse.duckdb" in record.notes[-1]


def test_missing_event_files_are_told_and_change_no_report(sample: SampleSite, data: Path) -> None:
    before = updating.reports_of(data)
    lost = sorted((data / "events").rglob("*.parquet"))[:3]
    for path in lost:
        path.unlink()

    record = updating.run(sample.update(data))

    assert record.notes[0].startswith(f"3 files of {data / 'events'} are missing")
    assert updating.reports_of(data) == before


def test_data_folder_works_in_another_place(sample: SampleSite, data: Path, tmp_path: Path) -> None:
    data = data.rename(tmp_path / "another place, it's here")
    before = updating.reports_of(data)

    record = updating.run(sample.update(data))
    assert (record.lines, record.rows_written) == (0, 0)

    (sample_copy := tmp_path / "logs").mkdir()
    (sample_copy / "tracking.log").write_bytes(event(6, 3_000_000) + b"\n")
    record = updating.run(sample.update(data, logs=sample_copy))
    assert record.events == 1
    assert updating.events_on_disk(data) == updating.events_in_ledger(data)
    assert updating.reports_of(data) != before


def test_other_files_in_the_data_folder_are_left_alone(sample: SampleSite, data: Path) -> None:
    (data / "warehouse.duckdb").unlink()
    kept = [data / "events" / "notes.txt", data / "rejects" / "notes.txt", data / "notes.txt"]
    for path in kept:
        path.write_text("mine")

    updating.run(sample.update(data))

    assert [path.read_text() for path in kept] == ["mine"] * 3


# Publishing.


def test_only_rows_that_changed_are_written(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.log([enrollment(5), enrollment(6, user_id=2)])
    site.update(JANUARY)
    days = "SELECT date, id FROM course_enrollment_daily"
    before = dict(updating.query(site.data, days))

    site.log([enrollment(30, user_id=3)])
    record = site.update(JANUARY)

    after = dict(updating.query(site.data, days))
    written = {day for day, id in after.items() if before.get(day) != id}
    assert written == {"2026-01-30", "2026-01-31"}
    assert record.rows_written < 12


def test_rows_that_are_no_more_are_removed(sample: SampleSite, data: Path) -> None:
    one_day = Interval(sample.interval.start, sample.interval.start + timedelta(1))

    record = updating.run(sample.update(data, interval=one_day))

    assert record.rows_written > 100
    assert record.rows_by_table["course_activity"] == 0
    assert {row[1] for row in updating.reports_of(data)["course_enrollment_daily"]} == {
        one_day.start.isoformat()
    }


def test_services_give_the_reports_that_files_give(
    sample: SampleSite, first_run: Path, tmp_path: Path
) -> None:
    given = sample.update(tmp_path / "data").inputs
    with lms_services.serving() as services:
        services.courses += _objects(given.course_list)
        services.course_runs += _objects(given.catalog)
        services.programs += _objects(given.programs)
        services.blocks |= {each["course_id"]: each for each in _objects(given.course_blocks)}
        service = services.service()
        asked = Inputs(lms=given.lms, geo=given.geo, lms_service=service, discovery=service)

        updating.run(sample.update(tmp_path / "data", inputs=asked))

    assert updating.reports_of(tmp_path / "data") == updating.reports_of(first_run)
    assert {*services.asked} > {lms_services.COURSES, lms_services.PROGRAMS}


def _objects(lines: Path | None) -> list[dict[str, Any]]:
    assert lines
    return [json.loads(line) for line in lines.read_text(encoding="utf-8").splitlines()]


def test_inputs_that_are_no_longer_named_are_kept(sample: SampleSite, data: Path) -> None:
    before = updating.reports_of(data)

    updating.run(sample.update(data, inputs=Inputs()))

    assert updating.reports_of(data) == before


def test_rows_by_table_names_every_report(first_run: Path) -> None:
    (run,) = updating.runs_of(first_run)
    assert [*json.loads(run["rows_by_table"])] == [table.name for table in REPORTS]
