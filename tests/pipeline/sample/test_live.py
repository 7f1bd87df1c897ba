"""A sample site that goes on today."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from insights_pipeline.events import Rejected, parse_line
from insights_pipeline.interval import today
from insights_pipeline.sample import (
    SampleError,
    SampleOptions,
    read_sample,
    sample_until_today,
    write_live,
    write_sample,
)

if TYPE_CHECKING:
    from pathlib import Path

SMALL = SampleOptions(days=3, learners=20, dirty=0.05)


def lines_of_today(out: Path) -> list[bytes]:
    return [
        line
        for log in (out / "tracking-logs").glob("*/tracking.log")
        for line in log.read_bytes().splitlines()
        if today().isoformat().encode() in line
    ]


def test_sample_ends_yesterday_and_is_written_once(tmp_path: Path) -> None:
    first = sample_until_today(tmp_path / "site", SMALL)
    assert first.interval == (today() - timedelta(days=3), today())
    assert sample_until_today(tmp_path / "site", SampleOptions(days=9, learners=9)) == first
    assert read_sample(tmp_path / "site") == first


def test_sample_of_days_to_come_has_no_today(tmp_path: Path) -> None:
    write_sample(tmp_path / "site", SampleOptions(days=2, learners=5, start=today()))
    with pytest.raises(SampleError, match="name another folder"):
        sample_until_today(tmp_path / "site", SMALL)


def test_lines_come_at_the_rate_that_was_asked_for_each_with_its_own_time(tmp_path: Path) -> None:
    sample_until_today(tmp_path / "site", SMALL)
    began, told = datetime.now(UTC), list[int]()

    written = write_live(tmp_path / "site", rate=400, seconds=2, told=told.append)

    assert 600 <= written <= 800
    assert told == sorted(told)
    assert told[-1] == written
    lines = lines_of_today(tmp_path / "site")
    times = []
    for line in lines:
        with suppress(Rejected):
            times.append(parse_line(line).time.replace(tzinfo=UTC))
    assert 0.8 * written < len(times) < len(lines), "a few are dirty"
    assert all(began <= at <= datetime.now(UTC) for at in times)
    assert len(set(times)) > len(times) // 2


def test_both_hosts_serve_and_a_log_that_was_rotated_is_begun_anew(tmp_path: Path) -> None:
    sample_until_today(tmp_path / "site", SMALL)
    log = tmp_path / "site" / "tracking-logs" / "lms1" / "tracking.log"

    def rotate(lines: int) -> None:
        if lines > 100 and not log.with_suffix(".1").exists():
            log.rename(log.with_suffix(".1"))

    write_live(tmp_path / "site", rate=400, seconds=1, told=rotate)

    hosts = Counter(path.parent.name for path in (tmp_path / "site").rglob("tracking.log"))
    assert hosts == {"lms1": 1, "lms2": 1}
    assert json.loads(log.read_bytes().splitlines()[-1])["time"].startswith(today().isoformat())


def test_folder_without_a_sample(tmp_path: Path) -> None:
    with pytest.raises(SampleError, match="holds no sample"):
        write_live(tmp_path, seconds=1)
