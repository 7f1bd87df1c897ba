from __future__ import annotations

from tasks.lib.bench.startup import measure_startup


def test_listing_the_tasks_takes_at_most_twice_what_an_empty_tasks_file_takes() -> None:
    assert measure_startup(runs=11).ratio <= 2.0
