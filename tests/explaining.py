"""A program that tells how the reports database answers the Data API's queries.

`python -m explaining PATH…` asks the API for each path and prints a JSON object: of each path, its
queries with the steps of their plans. Asking again, with the answer's tag or without, must cause no
other than the one for the schema's version and the run. The API's environment and a token
(ANALYTICS_DATA_API_TOKEN) are expected; it is a process of its own because Django has one
configuration a process.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main(*paths: str) -> None:
    """Explain the queries of each path."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "analytics_data_api.settings"
    import django

    django.setup()
    print(json.dumps({path: queries(path) for path in paths}))


class Answer:
    """What a WSGI application answers."""

    content = b""

    def start(self, status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
        self.status, self.headers = int(status.split()[0]), dict(headers)


def queries(path: str) -> list[tuple[str, list[str]]]:
    """The queries to the reports that answering a path takes, each with its plan."""
    from django.conf import settings
    from django.db import connections
    from django.test import RequestFactory

    from analytics_data_api.wsgi import application

    asked: list[tuple[str, Any]] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    def ask(**headers: str) -> Answer:
        token = {"Authorization": f"Token {settings.INSIGHTS_TOKEN}", "Host": "127.0.0.1"}
        answer = Answer()
        environ = RequestFactory(headers=token | headers).get(path).environ
        answer.content = b"".join(application(environ, answer.start))
        return answer

    with connections["reports"].execute_wrapper(note):
        response = ask()
        assert response.status == 200, response.content
        first, asked = asked, []
        if tag := response.headers.get("ETag"):
            again = ask(**{"If-None-Match": tag})
            assert (again.status, again.content) == (304, b"")
            assert again.headers.items() <= response.headers.items()
            kept = ask()
            assert (kept.content, kept.headers) == (response.content, response.headers)
            assert len(selects(asked)) == 2, asked
    with connections["reports"].cursor() as cursor:
        return [
            (sql, [step for *_, step in cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)])
            for sql, params in selects(first)
        ]


def selects(asked: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Those of the statements that ask for rows."""
    return [(sql, params) for sql, params in asked if sql.startswith("SELECT")]


if __name__ == "__main__":
    main(*sys.argv[1:])
