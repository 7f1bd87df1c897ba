"""The learner roster in Elasticsearch, for the learner search: what `learner_roster` holds.

Each roster is a fresh index behind one alias. Who searches by the alias finds the roster of before
or of after, whole: the index is filled beside the one that is shown, and one switch of the alias
takes its place. Its own mapping notes which run of which warehouse it shows, so that a roster that
did not change is left alone, and one that was lost, or not written, is made by the next run.

The index is no part of the run's transaction: the reports stand without it. A server that cannot be
reached, or dies, keeps what it showed; the run succeeds and says so, and every later run tries
again. It is filled before the reports are published and shown after, so that what went wrong while
it was filled is part of the run's record.
"""

from __future__ import annotations

import hashlib
import re
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from insights_pipeline import schema
from insights_pipeline.errors import BadOption, PipelineError
from insights_pipeline.schema import Type
from insights_pipeline.schema.columns import GONE, RUN

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from elasticsearch import Elasticsearch

    from insights_pipeline.runs import RunRecord
    from insights_pipeline.warehouse import Warehouse

ALIAS = "roster"
"""What is searched: upstream's name for it."""

_ROSTER = schema.LEARNER_ROSTER
_OURS = re.compile(rf"{ALIAS}-\d{{6,}}-[0-9a-f]{{32}}")
"""The names of indexes: run, and its id. A site may have others that begin alike."""
_BATCH = 500  # documents
_BATCH_BYTES = 8 * 2**20
_TIMEOUT = 60  # seconds for one answer
_GRACE = 1.0  # seconds
_NEXT_RUN = "; the next run tries again"
_SETTINGS = {
    "number_of_shards": 1,
    # Copies where there is a second server to hold one.
    "auto_expand_replicas": "0-1",
    # It is filled once, then shown.
    "refresh_interval": "-1",
}
_NUMBERS = {
    Type.INTEGER: "integer",
    Type.BIGINT: "long",
    Type.DOUBLE: "double",
    Type.BOOLEAN: "boolean",
}
# Lucene takes no term above 32,766 bytes: four for each character at most.
_EXACT = {"type": "keyword", "ignore_above": 8191}
_SORTED = _EXACT | {"normalizer": "lowercase"}
_WORDS = {"type": "text"}
_FIELDS: dict[str, dict[str, Any]] = {
    # Searched by words, sorted without regard to case, and found by their beginning.
    "name": _WORDS | {"fields": {"sort": _SORTED}},
    "username": _EXACT | {"fields": {"sort": _SORTED, "words": _WORDS}},
    "email": _SORTED | {"fields": {"words": _WORDS}},
    # Shown only.
    "mailing_address": _WORDS | {"index": False},
    "goals": _WORDS | {"index": False},
}


class SearchUnavailable(PipelineError):
    """Elasticsearch cannot be used as it is."""


def check(hosts: str | None) -> None:
    """Make sure that `hosts` can be addresses of Elasticsearch, comma-separated URLs, or nothing.

    Raises:
        BadOption: they cannot.
    """
    for host in _split(hosts):
        try:
            parts = urlsplit(host)
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port
        except ValueError:
            usable = False
        if not usable:
            raise BadOption(
                f"ELASTICSEARCH_HOSTS names {_without_secrets(host)}: give URLs with a port, such"
                " as http://elasticsearch:9200, or nothing for a site without learner search"
            )


@contextmanager
def following(hosts: str | None, warehouse: Warehouse, record: RunRecord) -> Generator[None]:
    """Have the index show this run's roster once the block, which publishes the reports, is done.

    If the block fails, the index stays as it was. What fails here becomes a note of the record.

    Args:
        hosts: URLs of Elasticsearch's servers, comma-separated; none for a site without it.
        warehouse: after its run was committed.
        record: of that run.
    """
    if not hosts:
        yield
        return
    problems: list[str] = []
    with RosterIndex(hosts) as index:
        with record.step("roster"), _told(hosts, problems, _NEXT_RUN):
            index.fill(warehouse, record.run_id)
        record.notes += problems
        yield
        with record.step("roster"), _told(hosts, problems, _NEXT_RUN):
            index.show()
    record.search_is_behind = bool(problems)


def bring_up_to_date(hosts: str, warehouse: Warehouse, run_id: str) -> None:
    """Have the index show the warehouse's roster, outside of a run.

    Raises:
        SearchUnavailable: it still shows the roster of before.
    """
    if not hosts:
        return
    problems: list[str] = []
    with RosterIndex(hosts) as index, _told(hosts, problems, ", and do it again"):
        index.fill(warehouse, run_id)
        index.show()
    for problem in problems:
        raise SearchUnavailable(problem)


class RosterIndex:
    """The indexes behind the alias; a context that closes the connections.

    Args:
        hosts: URLs of Elasticsearch's servers, comma-separated.
    """

    def __init__(self, hosts: str) -> None:
        from elasticsearch import Elasticsearch

        self._client: Elasticsearch = Elasticsearch(
            _split(hosts), request_timeout=_TIMEOUT, max_retries=2, retry_on_timeout=True
        )
        self._fresh: str | None = None

    def __enter__(self) -> RosterIndex:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._client.close()

    def fill(self, warehouse: Warehouse, run_id: str) -> None:
        """Make an index of the roster, unless the one that is shown holds it; nobody sees it yet.

        What earlier runs left behind is removed.

        Raises:
            elasticsearch.ApiError, elasticsearch.TransportError: the server refuses, or is gone.
            elasticsearch.helpers.BulkIndexError: it refuses a learner.
        """
        from elasticsearch.helpers import streaming_bulk

        client, shown = self._client, self._shown()
        for name in client.indices.get(index=f"{ALIAS}-*", filter_path="*.aliases"):
            if _OURS.fullmatch(name) and name not in shown:
                client.indices.delete(index=name, ignore_unavailable=True)
        if len(shown) == 1 and self._holds(shown[0], warehouse):
            return
        name = f"{ALIAS}-{warehouse.sequence:06}-{run_id}"
        client.indices.create(index=name, settings=_SETTINGS, mappings=_mapping(warehouse, run_id))
        documents = 0
        for _ in streaming_bulk(
            client,
            _actions(warehouse, name),
            chunk_size=_BATCH,
            max_chunk_bytes=_BATCH_BYTES,
            # A server that has too much to do says 429.
            max_retries=8,
        ):
            documents += 1
        client.indices.refresh(index=name)
        found = client.count(index=name)["count"]
        if found != documents:
            raise SearchUnavailable(f"{found:,} of {documents:,} learners arrived")
        self._fresh = name

    def show(self) -> None:
        """Have the alias show what was filled, at once, and remove what it showed before.

        Raises: as `fill`.
        """
        if self._fresh is None:
            return
        before = self._shown()
        self._client.indices.update_aliases(
            actions=[
                *({"remove": {"index": name, "alias": ALIAS}} for name in before),
                {"add": {"index": self._fresh, "alias": ALIAS}},
            ]
        )
        if before:
            # Searches that looked up the alias before come to their end.
            time.sleep(_GRACE)
            self._client.indices.delete(index=before, ignore_unavailable=True)

    def _shown(self) -> list[str]:
        """The indexes that the alias names: one, or none before the first."""
        found = self._client.options(ignore_status=404).indices.get_alias(name=ALIAS)
        return [] if found.meta.status == 404 else sorted(found)

    def _holds(self, name: str, warehouse: Warehouse) -> bool:
        """Whether an index holds the warehouse's roster as it is now."""
        found = self._client.indices.get_mapping(index=name)[name]["mappings"]
        made = found.get("_meta", {})
        if found["properties"].keys() != {*_ROSTER.names} or not warehouse.made(
            made.get("sequence", -1), made.get("run_id", "")
        ):
            return False
        (changed,) = warehouse.connection.execute(
            f"SELECT EXISTS (FROM {_ROSTER.name} WHERE {RUN} > $run)"
            f" OR EXISTS (FROM {_ROSTER.name}{GONE} WHERE {RUN} > $run)",
            {"run": made["sequence"]},
        ).fetchall()
        return changed == (False,)


def _mapping(warehouse: Warehouse, run_id: str) -> dict[str, Any]:
    return {
        "dynamic": "strict",
        "_meta": {"sequence": warehouse.sequence, "run_id": run_id},
        "properties": {column.name: _field(column) for column in _ROSTER.columns},
    }


def _field(column: schema.Column) -> dict[str, Any]:
    if column.name in _FIELDS:
        return _FIELDS[column.name]
    if column.type is Type.DATE:
        return {"type": "date", "format": "strict_date"}
    return {"type": _NUMBERS[column.type]} if column.type in _NUMBERS else _EXACT


def _actions(warehouse: Warehouse, index: str) -> Iterator[dict[str, Any]]:
    """A document for each learner and course; what is NULL is left out, segments are a list."""
    columns = ", ".join(
        f'CAST("{column.name}" AS VARCHAR)' if column.type is Type.DATE else f'"{column.name}"'
        for column in _ROSTER.columns
    )
    cursor = warehouse.connection.cursor()
    cursor.execute(f"SELECT {columns} FROM {_ROSTER.name}")
    while rows := cursor.fetchmany(_BATCH):
        for row in rows:
            learner = {
                name: value
                for name, value in zip(_ROSTER.names, row, strict=True)
                if value is not None
            }
            learner["segments"] = [segment for segment in learner["segments"].split(",") if segment]
            yield {"_index": index, "_id": document_id(learner), "_source": learner}


def document_id(learner: dict[str, Any]) -> str:
    """The id of a learner's document: of any course, no longer than Elasticsearch allows."""
    course = hashlib.sha1(learner["course_id"].encode(), usedforsecurity=False).hexdigest()
    return f"{learner['user_id']}-{course}"


@contextmanager
def _told(hosts: str, notes: list[str], then: str = "") -> Generator[None]:
    """Turn what Elasticsearch complains of into a note."""
    from elasticsearch import ApiError, TransportError
    from elasticsearch.helpers import BulkIndexError

    try:
        yield
        return
    except ApiError as error:
        reason = f"{error.message} ({error.status_code})"
    except TransportError as error:
        reason = error.message
    except BulkIndexError as error:
        # Its full explanation quotes the learner.
        (refused,) = error.errors[0].values()
        reason = f"a learner was refused ({refused['error']['type']})"
    except SearchUnavailable as error:
        reason = str(error)
    places = ", ".join(map(_without_secrets, _split(hosts)))
    notes.append(
        f"learner search still shows the roster of before: Elasticsearch at {places}:"
        f" {reason.splitlines()[0]}: check ELASTICSEARCH_HOSTS and the server{then}"
    )


def _split(hosts: str | None) -> list[str]:
    return [host.strip() for host in (hosts or "").split(",") if host.strip()]


def _without_secrets(host: str) -> str:
    scheme, separator, rest = host.rpartition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"
