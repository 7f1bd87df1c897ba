from __future__ import annotations

from pathlib import Path

import pytest

FIXTURES = Path(__file__).resolve().parents[3] / "shared" / "fixtures"


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """Folder of the worked examples that are handed out beside this checkout."""
    if not FIXTURES.is_dir():
        pytest.skip("the fixtures are not beside this checkout (../shared/fixtures)")
    return FIXTURES
