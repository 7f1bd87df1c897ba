from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from taking import Site

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A data folder that has taken in nothing."""
    return Site(tmp_path)
