"""The roster in Elasticsearch, as the pipeline's `publish/roster_index.py` makes it."""

from __future__ import annotations

import logging
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings

from analytics_data_api.reports.models import LearnerRoster
from analytics_data_api.roster import SEGMENTS, TEXTS, Learner, Question, Roster
from analytics_data_api.roster.table import TableRoster

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    from elasticsearch import Elasticsearch

    Found = TypeVar("Found")

log = logging.getLogger(__name__)

ALIAS = "roster"
_SECONDS = 2  # for one answer; a page waits no longer for it
_PAUSE = 30.0  # seconds until a server that was away is asked again
_WINDOW = 10_000  # learners; Elasticsearch shows no later ones by their place
_MOST_VALUES = 1_000  # cohorts, of which only the largest are counted

# Under which name of a field its texts are whole, and in lower case.
_WHOLE = {"username": "username.sort", "email": "email", "name": "name.sort"}


class SearchedRoster:
    """Finds learners in Elasticsearch; in the table whenever it cannot."""

    def __init__(self, client: Elasticsearch) -> None:
        self._client = client
        self._table: Roster = TableRoster()
        self._away_until = 0.0

    def find(self, question: Question, start: int, stop: int) -> tuple[list[Learner], int]:
        """See `Roster.find`."""
        if stop > _WINDOW:
            return self._table.find(question, start, stop)
        return self._ask(
            lambda: self._find(question, start, stop),
            lambda: self._table.find(question, start, stop),
        )

    def learner(self, course_id: str, username: str) -> Learner | None:
        """See `Roster.learner`; the table finds one by its key."""
        return self._table.learner(course_id, username)

    def counts(self, course_id: str) -> Any:
        """See `Roster.counts`."""
        return self._ask(lambda: self._counts(course_id), lambda: self._table.counts(course_id))

    def _ask(self, server: Callable[[], Found], table: Callable[[], Found]) -> Found:
        from elasticsearch import ApiError, TransportError

        if time.monotonic() < self._away_until:
            return table()
        try:
            return server()
        except (ApiError, TransportError) as error:
            log.warning("Elasticsearch: %s; the table answers for it", error)
            self._away_until = time.monotonic() + _PAUSE
            return table()

    def _find(self, question: Question, start: int, stop: int) -> tuple[list[Learner], int]:
        answer = self._client.search(
            index=ALIAS,
            query=_query(question),
            sort=[*_sorting(question)],
            from_=start,
            size=stop - start,
            track_total_hits=True,
        )
        hits = answer["hits"]
        return [_learner(hit["_source"]) for hit in hits["hits"]], hits["total"]["value"]

    def _counts(self, course_id: str) -> dict[str, dict[str, int]]:
        fields = {
            "enrollment_modes": "enrollment_mode",
            "segments": "segments",
            "cohorts": "cohort",
        }
        answer = self._client.search(
            index=ALIAS,
            query={"term": {"course_id": course_id}},
            size=0,
            aggregations={
                name: {"terms": {"field": field, "size": _MOST_VALUES}}
                for name, field in fields.items()
            },
        )
        counts = {
            name: {bucket["key"]: bucket["doc_count"] for bucket in found["buckets"]}
            for name, found in answer["aggregations"].items()
        }
        counts["segments"] = dict.fromkeys(SEGMENTS, 0) | counts["segments"]
        return counts


def _query(question: Question) -> dict[str, Any]:
    conditions: list[dict[str, Any]] = [{"term": {"course_id": question.course_id}}]
    conditions += [{"bool": {"should": [*_has(word)]}} for word in question.words]
    if question.cohort:
        conditions.append({"term": {"cohort": question.cohort}})
    if question.enrollment_mode:
        conditions.append({"term": {"enrollment_mode": question.enrollment_mode}})
    if question.segments:
        conditions.append({"terms": {"segments": [*question.segments]}})
    query: dict[str, Any] = {"filter": conditions}
    if question.ignored_segments:
        query["must_not"] = [{"terms": {"segments": [*question.ignored_segments]}}]
    return {"bool": query}


def _has(word: str) -> list[dict[str, Any]]:
    """Conditions: the word is part of one of the things that a learner is searched by."""
    meant = "".join(f"\\{sign}" if sign in "*?\\" else sign for sign in word.lower())
    return [{"wildcard": {_WHOLE[name]: {"value": f"*{meant}*"}}} for name in TEXTS]


def _sorting(question: Question) -> list[dict[str, Any]]:
    columns = [(_WHOLE.get(name, name), down) for name, down in question.sorting]
    return [
        {column: {"order": "desc" if down else "asc", "missing": "_first" if down else "_last"}}
        for column, down in (*columns, ("username", False))
    ]


def _learner(document: dict[str, Any]) -> Learner:
    """What is NULL is not in a document."""
    return dict.fromkeys(field.name for field in LearnerRoster._meta.fields) | document


@cache
def roster() -> Roster:
    """What this server finds learners with."""
    if not settings.ELASTICSEARCH:
        return TableRoster()
    # It takes a while to load, and most sites do without.
    from elasticsearch import Elasticsearch

    client = Elasticsearch(settings.ELASTICSEARCH, request_timeout=_SECONDS, max_retries=0)
    return SearchedRoster(client)
