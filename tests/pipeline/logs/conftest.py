from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lms_hosts import Host, LmsSite, LogReader, Pipeline

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["log reader", pytest.param("whole pipeline", marks=pytest.mark.full)])
def site(tmp_path: Path, request: pytest.FixtureRequest) -> LmsSite:
    """A site of which one event was read already."""
    data = tmp_path / "data"
    site = LmsSite(
        tmp_path / "logs", Pipeline(data) if request.param == "whole pipeline" else LogReader(data)
    )
    site.host("first").log()
    site.read()
    return site


@pytest.fixture
def lms(site: LmsSite) -> Host:
    return site.host("lms")


@pytest.fixture
def mirror(site: LmsSite) -> Host:
    """Another folder below the same one, for copies."""
    return site.host("mirror")
