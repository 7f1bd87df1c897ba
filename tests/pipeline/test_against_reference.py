"""The pipeline and the slow, independent reference give the same tables, whatever the history."""

from __future__ import annotations

import json
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from embedded import Site, in_order
from insights_pipeline import schema
from insights_pipeline.errors import BadInput
from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval
from reference import COLUMNS, Lms, reference_tables, reference_totals
from reference.strategies import History, histories

OF_PROFILES = {
    "course_enrollment_gender_daily",
    "course_enrollment_birth_year_daily",
    "course_enrollment_education_level_daily",
}

no_health_checks = settings(deadline=None, suppress_health_check=list(HealthCheck), database=None)


# Without shrinking, which takes minutes: `full` does that.
@settings(no_health_checks, max_examples=60, derandomize=True, phases=[Phase.generate])
@given(histories())
def test_same_tables(history: History) -> None:
    check(history)


@pytest.mark.full
@settings(no_health_checks, max_examples=500)
@given(histories())
def test_same_tables_of_ever_new_histories(history: History) -> None:
    check(history)


@pytest.mark.parametrize("module_id", [7, 7.5, True, ["v"], {"v": 7}, None])
def test_who_watches_what_has_no_name(module_id: object) -> None:
    """Found by the test above: the number 7 was taken for the video "7" by one of the two."""
    watched = [
        player("play_video", "2014-07-23T17:04:51.000898", id=module_id, currentTime=57.152),
        player("stop_video", "2014-07-23T17:05:00.000898", id=module_id, currentTime=59.9),
    ]
    check(history_of(*watched, player("play_video", "2014-07-23T18:00:00", id="v", currentTime=0)))


def test_one_microsecond_in_any_order() -> None:
    """A thousandth of a microsecond orders nothing: what comes with it is cut off."""
    actions = [
        player("play_video", "2014-08-05T00:00:00.999999+00:00", id="v", currentTime=1),
        player("play_video", "2014-08-05T05:30:00.999999+05:30", id="v", currentTime=0),
        player("pause_video", "2014-08-05T00:00:00.999999001Z", id="v", currentTime=3.629),
        player("seek_video", "2014-08-04T16:00:00.999999999-08:00", id="v", old_time=9, new_time=5),
    ]
    for lines in (actions, reversed(actions), actions[2:] + actions[:2]):
        check(history_of(*lines))


def player(event_type: str, time: str, **payload: object) -> bytes:
    """A line of one learner's in one course."""
    event = {
        "event_type": event_type,
        "event_source": "browser",
        "time": time,
        "context": {"course_id": "course-v1:edX+DemoX+2014", "user_id": 1},
        "event": payload,
    }
    return json.dumps(event).encode()


def history_of(*lines: bytes) -> History:
    return History(list(lines), (date(2014, 7, 21), date(2014, 8, 11)), Lms(), [])


def check(history: History) -> None:
    lines, events, rejects = reference_totals(history.lines)
    interval = Interval(*history.interval)
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder))
        history.write(site.folder)
        inputs = Inputs(site.folder / "lms", site.folder / "course_runs.json")
        site.log(history.lines)
        if not events:
            with pytest.raises(BadInput):
                site.update(interval, inputs)
            return
        record = site.update(interval, inputs)
        tables = site.reports() | site.warehouse(schema.COURSE_ENROLLMENT_SUMMARY)
    assert (record.lines, record.events, record.rejects_by_reason) == (lines, events, rejects)
    expected = reference_tables(history.lines, history.interval, history.lms, history.catalog)
    if not history.lms.profiles:
        # The reference counts everybody as unknown; without profiles we say nothing.
        expected |= {table: [] for table in OF_PROFILES}
    for table in COLUMNS:
        rows = [tuple(map(as_text, row)) for row in tables[table]]
        assert in_order(rows) == in_order(expected[table]), table


def as_text(value: Any) -> Any:
    """Times as the reference writes them."""
    return f"{value:%Y-%m-%d %H:%M:%S.%f}" if hasattr(value, "strftime") else value
