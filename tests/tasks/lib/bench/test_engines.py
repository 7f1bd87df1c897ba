"""The benchmark of the engines, on logs so small that it says nothing about them."""

from __future__ import annotations

import re

import pytest

import on_spark
from tasks.lib.bench.engines import Line, measure
from tasks.lib.errors import OperatorError


def test_line_through_points() -> None:
    line = Line.through([0, 10, 20], [5, 25, 45])
    assert (line.start, line.slope) == (5, 2)
    assert line.at(100) == 205


def test_where_one_line_overtakes_another() -> None:
    duckdb, spark = Line(start=1, slope=3), Line(start=21, slope=1)
    assert spark.overtakes(duckdb) == 10
    assert duckdb.overtakes(Line(start=0, slope=2)) is None


def test_one_size_says_nothing_of_growth() -> None:
    on_spark.need_spark()
    with pytest.raises(OperatorError, match="give two or more sizes"):
        next(measure([25, 25]))


@pytest.mark.full
def test_measures_both_engines() -> None:
    on_spark.need_spark()
    *_, crossing = lines = list(measure([1, 2]))
    assert len([line for line in lines if re.search(r" (duckdb|spark) +\d", line)]) == 4
    assert re.fullmatch(r"Spark (does not overtake|overtakes) DuckDB .*on this machine", crossing)
