from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from insights_pipeline.sample import Sample, SampleOptions, write_sample
from insights_pipeline.sample.dirt import Dirt

if TYPE_CHECKING:
    from pathlib import Path

LINE = json.dumps(
    {
        "agent": "Firefox",
        "context": {"course_id": "course-v1:X+Y+Z"},
        "event_type": "page_close",
        "time": "2026-01-05T10:11:12.131415+00:00",
    }
)
ENROLLMENT = LINE.replace("page_close", "edx.course.enrollment.activated")


def written(options: SampleOptions, line: str, lines_a_day: int) -> list[list[str]]:
    """Days of nothing but that line, spoilt."""
    dirt = Dirt(options)
    return [dirt.day(number, [line] * lines_a_day) for number in range(options.days)]


def course_ids(lines: list[str]) -> set[str]:
    return {json.loads(line)["context"]["course_id"] for line in lines if line.startswith("{")}


def test_the_share_of_dirty_lines_is_the_one_asked_for(
    sample: Sample, options: SampleOptions
) -> None:
    assert sample.dirty_lines / sample.lines == pytest.approx(options.dirty, rel=0.01)


def test_all_kinds_are_about_equally_frequent(sample: Sample) -> None:
    kinds = json.loads((sample.logs.parent / "sample.json").read_text())["dirty_lines"]

    assert len(kinds) == 10
    assert min(kinds.values()) > 0.8 * max(kinds.values())


def kind(line: str) -> str:
    """What is wrong with a line, told from the line alone."""
    prefix, brace, rest = line.partition("{")
    if not brace:
        return "blank"
    if prefix:
        assert re.match(r"Jan  5 10:11:12 lms \[service_variant=lms\]", prefix)
        assert brace + rest == LINE
        return "prefixed"
    if "\xe9\xff" in line:
        return "not UTF-8"
    try:
        event = json.loads(line)
    except ValueError:
        return "cut"
    if event["time"] != "2026-01-05T10:11:12.131415+00:00":
        return "skewed clock"
    key = event["context"]["course_id"]
    known = {
        "course-v1:X+Y+Z": "late",
        "course-v1:X+Y+Z\n": "key with newline",
        "course-v1:X+Y+Z/": "key with slash",
        "X/Y/Z": "old key",
    }
    return known.get(key, "invalid key")


def test_each_kind_shows_in_the_lines() -> None:
    dirt = Dirt(SampleOptions(days=10, dirty=1))
    lines = [line for number in range(10) for line in dirt.day(number, [LINE] * 100)]

    found = Counter(kind(line) for line in lines)

    assert found == dirt.kinds
    assert len(found) == 10
    assert min(found.values()) >= 80


def test_bytes_that_are_not_utf8_reach_the_files(lines: list[bytes]) -> None:
    spoilt = [line for line in lines if b"\xe9\xff" in line]

    assert spoilt
    for line in spoilt:
        with pytest.raises(UnicodeDecodeError):
            line.decode()


def test_a_late_event_is_written_days_after_its_time(tmp_path: Path) -> None:
    options = SampleOptions(days=8, learners=100, dirty=0.05, compress=False)
    sample = write_sample(tmp_path / "out", options)

    newest = [
        json.loads(line)["time"][:10]
        for file in sample.logs.rglob("tracking.log")
        for line in file.read_bytes().splitlines()
        if line.startswith(b'{"name"') and line.endswith(b"}") and line.isascii()
    ]

    late = [day for day in newest if "2026-01-05" <= day <= "2026-01-10"]
    assert late
    assert Counter(newest).most_common(1)[0][0] == "2026-01-12"


def test_no_line_is_late_on_the_last_day() -> None:
    (day,) = written(SampleOptions(days=1, dirty=1), LINE, lines_a_day=100)

    assert len(day) == 100


def test_enrollment_events_stay_readable() -> None:
    days = written(SampleOptions(days=10, dirty=1), ENROLLMENT, lines_a_day=50)
    lines = [line for day in days for line in day]

    assert len(lines) == 500
    assert {json.loads(line[line.index("{") :])["time"] for line in lines} == {
        "2026-01-05T10:11:12.131415+00:00"
    }
    assert course_ids(lines) == {"course-v1:X+Y+Z", "course-v1:X+Y+Z\n", "course-v1:X+Y+Z/"}


def test_without_dirt_every_line_is_an_event_in_the_order_of_time(
    clean_events: list[dict[str, Any]], tmp_path: Path
) -> None:
    assert len(clean_events) > 5000

    sample = write_sample(tmp_path / "out", SampleOptions(days=1, learners=200, dirty=0))

    for file in sample.logs.rglob("tracking.log"):
        times = [json.loads(line)["time"] for line in file.read_bytes().splitlines()]
        assert times == sorted(times, key=datetime.fromisoformat)
        assert len(times) > 500
