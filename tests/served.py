"""A running Data API together with the reports that it serves."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from pathlib import Path

    from serving import DataApi

Row = dict[str, Any]


@dataclass(frozen=True)
class Served:
    """A data folder and the Data API that serves it."""

    data: Path
    api: DataApi

    @property
    def reports(self) -> Path:
        return self.data / "reports.sqlite3"

    def get(self, path: str, **options: Any) -> requests.Response:
        """Ask the API, as Insights does; `path` begins with a slash."""
        return self.request("GET", path, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.request("POST", path, **options)

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {"Authorization": f"Token {self.api.token}", **options.pop("headers", {})}
        return requests.request(
            method, f"{self.api.root}{path}", headers=headers, timeout=30, **options
        )

    def csv(self, path: str, **options: Any) -> str:
        """An answer as CSV."""
        response = self.get(path, headers={"Accept": "text/csv"}, **options)
        assert response.status_code == 200, response.text
        return response.text

    def select(self, sql: str, *values: Any) -> list[Row]:
        """What the reports database itself says."""
        with closing(sqlite3.connect(f"file:{self.reports}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, values)]

    def insert(self, table: str, *rows: Row) -> None:
        """Publish rows by hand."""
        with closing(sqlite3.connect(self.reports)) as connection, connection:
            for row in rows:
                named = {"created": "2026-02-01 03:00:00", **row}
                connection.execute(
                    f"INSERT INTO {table} ({', '.join(named)})"
                    f" VALUES ({', '.join('?' * len(named))})",
                    [*named.values()],
                )

    def execute(self, sql: str) -> None:
        """Change the reports in another way."""
        with closing(sqlite3.connect(self.reports)) as connection, connection:
            connection.execute(sql)
