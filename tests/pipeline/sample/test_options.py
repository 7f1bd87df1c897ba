from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from insights_pipeline.sample import SampleError, SampleOptions, options_for_size, write_sample

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"days": 0}, "days must be at least 1, not 0"),
        ({"learners": -3}, "learners must be at least 1, not -3"),
        ({"courses": 0}, "courses must be at least 1, not 0"),
        ({"dirty": 1.5}, "dirty is a share of lines from 0 to 1, not 1.5"),
        ({"dirty": float("nan")}, "dirty is a share of lines from 0 to 1, not nan"),
        ({"start": date(9998, 1, 1)}, "120 days from 9998-01-01 do not lie between"),
    ],
)
def test_values_out_of_bounds_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(SampleError, match=message):
        SampleOptions(**wrong)


def test_a_size_below_a_megabyte_is_refused() -> None:
    with pytest.raises(SampleError, match="megabytes must be at least 1"):
        options_for_size(0, days=7)


@pytest.mark.parametrize(("megabytes", "days"), [(5, 7), (5, 30), (10, 91)])
def test_a_sample_for_a_size_has_about_that_size(tmp_path: Path, megabytes: int, days: int) -> None:
    options = options_for_size(megabytes, days)

    sample = write_sample(tmp_path / "out", options)

    assert options.days == days
    assert sample.bytes == pytest.approx(megabytes * 1e6, rel=0.2)
