"""A reports database as the pipeline finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from analytics_data_api.database import migrate_sqlite

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A current database without rows; not to be written to."""
    path = tmp_path_factory.mktemp("reports") / "reports.sqlite3"
    migrate_sqlite(path)
    return path
