"""The web applications as tests run them: real servers on free ports of the loopback interface."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analytics_data_api.database import migrate_sqlite
from tasks.lib.local import applications, serve
from tasks.lib.local.runs import REPORTS_FILE
from tasks.lib.local.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path


@dataclass(frozen=True)
class DataApi:
    """A running Data API: `root` without a path, and the token of Insights."""

    root: str
    token: str

    @property
    def url(self) -> str:
        """The base URL of version 0, as the published client takes it."""
        return f"{self.root}/api/v0"

    @property
    def url_v1(self) -> str:
        return f"{self.root}/api/v1"


@contextmanager
def data_api(data: Path, **settings: str) -> Generator[DataApi]:
    """Run the Data API on the reports of a data folder; absent ones are made, without rows.

    Args:
        data: the folder.
        settings: of the Data API, that are not those of a data folder.
    """
    if not (data / REPORTS_FILE).exists():
        migrate_sqlite(data / REPORTS_FILE)
    secrets = Secrets.of(data)
    application = applications.data_api(data, secrets)
    application = replace(application, environment={**application.environment, **settings})
    serve.prepare(application)
    with serve.listen(0) as address, serve.serving(application, address) as server:
        serve.wait_for(server)
        yield DataApi(address.url, secrets.api_token)
