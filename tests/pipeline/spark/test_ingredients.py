"""Tables are made anew when their query or anything that they are made of is another."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from insights_pipeline.interval import Interval
from insights_pipeline.metrics import METRICS
from insights_pipeline.spark.ingredients import Ingredients
from insights_pipeline.warehouse import open_warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from insights_pipeline.metrics import Metric
    from insights_pipeline.warehouse import Warehouse

BY_NAME = {metric.name: metric for metric in METRICS}
ENROLLMENTS, DAYS = BY_NAME["enrollment_event"], BY_NAME["enrollment_day"]
GENDERS, GRADES = BY_NAME["course_enrollment_gender_daily"], BY_NAME["grade_distribution"]
ALL = (ENROLLMENTS, DAYS, GENDERS, GRADES)
PROFILE = "INSERT INTO auth_userprofile BY NAME SELECT 7 AS user_id, 'f' AS gender"


@pytest.fixture
def warehouse(tmp_path: Path) -> Iterator[Warehouse]:
    """Of a first run, which had events and made all tables."""
    with open_warehouse(tmp_path, 2**28, 1) as warehouse:
        assert made(warehouse, new_events=True) == ALL
        yield warehouse


def made(
    warehouse: Warehouse, new_events: bool = False, interval: str = "2026-01-01:2026-02-01"
) -> tuple[Metric, ...]:
    """What the next run has to make."""
    with warehouse.run("run") as number:
        ingredients = Ingredients(warehouse, number, new_events)
        found = []
        for metric in ALL:
            query = metric.query(Interval.parse(interval))
            if not ingredients.are_the_same(metric, query):
                ingredients.made(metric, query)
                found.append(metric)
        ingredients.keep()
    return tuple(found)


def test_nothing_new(warehouse: Warehouse) -> None:
    assert made(warehouse) == ()


def test_new_events_and_all_that_is_made_of_them(warehouse: Warehouse) -> None:
    assert made(warehouse, new_events=True) == (ENROLLMENTS, DAYS, GENDERS)
    assert made(warehouse) == ()


def test_a_row_of_an_input(warehouse: Warehouse) -> None:
    warehouse.connection.execute(PROFILE)
    assert made(warehouse) == (GENDERS,)

    warehouse.connection.execute("UPDATE auth_userprofile SET gender = 'm'")
    assert made(warehouse) == (GENDERS,)


def test_another_interval_is_another_query(warehouse: Warehouse) -> None:
    again = made(warehouse, interval="2026-01-01:2026-02-02")
    assert DAYS in again
    assert GRADES not in again


def test_run_that_failed_has_made_nothing(warehouse: Warehouse) -> None:
    with suppress(RuntimeError), warehouse.run("run") as number:
        ingredients = Ingredients(warehouse, number, new_events=True)
        ingredients.made(DAYS, "another query")
        ingredients.keep()
        raise RuntimeError

    assert made(warehouse) == ()
