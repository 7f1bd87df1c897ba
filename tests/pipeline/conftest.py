from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import mariadb_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mariadb_server import Server

FIXTURES = Path(__file__).resolve().parents[3] / "shared" / "fixtures"


@pytest.fixture(scope="session")
def fixtures() -> Path:
    """Folder of the worked examples that are handed out beside this checkout."""
    if not FIXTURES.is_dir():
        pytest.skip("the fixtures are not beside this checkout (../shared/fixtures)")
    return FIXTURES


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Server]:
    """A MariaDB server, without databases."""
    with mariadb_server.running() as server:
        yield server
