"""The benchmark of `local.follow`: short here, an hour by `inv bench.follow`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from insights_pipeline.sample import SampleOptions
from tasks.lib.bench import follow

if TYPE_CHECKING:
    import pytest


def test_events_are_in_the_api_in_time_and_tables_are_those_of_one_update(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(follow, "_SAMPLE", SampleOptions(days=4, learners=100))
    monkeypatch.setattr(follow, "_BETWEEN_PROBES", 1.0)

    delays, middle, most, processor, tables = follow.measure(minutes=0.2, rate=200, every=2)

    found = re.search(r"(\d+) events: .* (\d+) s at most \(wanted: at most 17 s\)", delays)
    assert found
    assert int(found[1]) >= 8
    assert int(found[2]) <= 17
    for memory in (middle, most):
        assert re.search(r"MB in the last: ratio \d\.\d\d", memory)
    assert processor.startswith("processor: ")
    same = re.fullmatch(r"one update over [\d,]+ lines: (\d+) of (\d+) tables are the same", tables)
    assert same
    assert same[1] == same[2]
