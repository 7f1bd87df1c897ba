"""Reports databases, and the Data API that serves them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import mariadb_server
from analytics_data_api.database import migrate_sqlite
from served import Served
from serving import data_api
from updating import SampleSite, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mariadb_server import Server


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A current database without rows; not to be written to."""
    path = tmp_path_factory.mktemp("reports") / "reports.sqlite3"
    migrate_sqlite(path)
    return path


@pytest.fixture(scope="session")
def sample_site(tmp_path_factory: pytest.TempPathFactory) -> SampleSite:
    """A sample site of two weeks."""
    return SampleSite.make(tmp_path_factory.mktemp("sample"))


@pytest.fixture(scope="session")
def served(sample_site: SampleSite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The reports of the sample site; not to be written to."""
    data = tmp_path_factory.mktemp("served") / "data"
    run(sample_site.earlier_update(data))
    run(sample_site.update(data))
    with data_api(data) as api:
        yield Served(data, api)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Reports without a row, for the rows of one module's tests."""
    data = tmp_path_factory.mktemp("empty")
    with data_api(data) as api:
        yield Served(data, api)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[Server]:
    """A MariaDB server, without databases."""
    with mariadb_server.running() as server:
        yield server
