"""What a run may use is shared out so that all of it together stays within the limit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from insights_pipeline.resources import Resources

MIB = 2**20
PYTHON, JAVA = 160 * MIB, 128 * MIB  # beside tables, and beside a heap
MORE_THAN_ITS_LIMIT = 20 / 11  # what DuckDB takes for what it is given


@given(st.integers(700 * MIB, 64 * 2**30), st.integers(1, 64))
def test_engine_beside_sparks_driver(memory: int, processors: int) -> None:
    resources = Resources(memory, processors)

    engine = resources.engine_memory_beside_driver

    assert engine >= 64 * MIB
    taken = resources.driver_heap + JAVA + PYTHON + engine * MORE_THAN_ITS_LIMIT
    assert taken <= memory * 1.1
    assert taken <= memory or engine == 64 * MIB


def test_engine_once_sparks_driver_has_ended() -> None:
    resources = Resources(1024 * MIB, 2)

    assert resources.engine_memory > 3 * resources.engine_memory_beside_driver
    assert (resources.threads, resources.threads_with(resources.engine_memory_beside_driver)) == (
        2,
        1,
    )
