from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import on_spark

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="package", autouse=True)
def spark_installed() -> Iterator[None]:
    """Nothing here runs without Spark; and a session that other tests left is not ours."""
    on_spark.need_spark()
    on_spark.end_session()
    yield
    on_spark.end_session()
