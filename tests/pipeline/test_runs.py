"""The record of a run: what each step took, and which one failed."""

from __future__ import annotations

import time

import pytest

from insights_pipeline.runs import RunRecord


def test_a_step_within_another_has_its_time_for_itself() -> None:
    record = RunRecord("duckdb")

    with record.step("read"), record.step("inputs"):
        time.sleep(0.2)

    assert record.seconds_by_step["inputs"] >= 0.2
    assert record.seconds_by_step["read"] < 0.1


def test_a_failure_is_of_the_innermost_step() -> None:
    record = RunRecord("duckdb")

    with pytest.raises(ValueError, match="x"), record.step("read"), record.step("inputs"):
        raise ValueError("x")

    assert record.error == "in step inputs"
