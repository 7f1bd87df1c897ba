"""The roster in a real Elasticsearch: whole for every reader, whatever happens meanwhile."""

from __future__ import annotations

import json
import signal
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from elasticsearch.exceptions import ApiError, TransportError

import elasticsearch_server
from embedded import Site
from insights_pipeline import schema
from insights_pipeline.errors import BadOption
from insights_pipeline.inputs import Inputs
from insights_pipeline.interval import Interval
from insights_pipeline.publish.roster_index import ALIAS, RosterIndex
from insights_pipeline.warehouse import FILE, open_warehouse
from reference.engagement_strategies import COLUMNS
from reference.lms import write_csv

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from elasticsearch import Elasticsearch

    from elasticsearch_server import Server
    from insights_pipeline.runs import RunRecord

COURSE = "course-v1:edX+DemoX+2014"
FIRST_DAY = date(2014, 7, 21)
LONGEST = "😀" * 20_000


@pytest.fixture(scope="module")
def running_server() -> Iterator[Server]:
    with elasticsearch_server.running() as server:
        yield server


@pytest.fixture
def server(running_server: Server) -> Server:
    """A server without an index."""
    running_server.clear()
    return running_server


@pytest.fixture
def client(server: Server) -> Iterator[Elasticsearch]:
    with server.client() as client:
        yield client


@dataclass(frozen=True)
class Crowd:
    """A site with learners 1 to `size` in one course."""

    site: Site
    size: int

    @classmethod
    def in_folder(cls, folder: Path, size: int) -> Crowd:
        site = Site(folder)
        site.log(enrollment(user) for user in range(1, size + 1))
        lms = folder / "lms"
        lms.mkdir()
        for table, rows in lms_tables(size).items():
            write_csv(lms / f"{table}.csv", COLUMNS[table], rows)
        return cls(site, size)

    def update(self, hosts: str, day: int) -> RunRecord:
        """Run as on a day of the course: the roster says until when it looked."""
        interval = Interval(FIRST_DAY, FIRST_DAY + timedelta(days=day))
        inputs = Inputs(self.site.folder / "lms")
        return self.site.update(interval, inputs, elasticsearch=hosts)


def enrollment(user: int) -> bytes:
    line = {
        "time": f"{FIRST_DAY}T10:00:00",
        "event_type": "edx.course.enrollment.activated",
        "context": {},
        "event": {"course_id": COURSE, "user_id": user, "mode": "audit"},
    }
    return json.dumps(line).encode()


def lms_tables(size: int) -> dict[str, list[tuple[object, ...]]]:
    learners = range(1, size + 1)
    texts = {1: ("Anna Müller", LONGEST), 2: ("Bob", None)}
    return {
        "auth_user": [
            (user, f"learner_{user}", f"Learner.{user}@example.org") for user in learners
        ],
        "auth_userprofile": [
            (user, texts.get(user, ("Someone", ""))[0], "f", 1980, "m")
            + (texts.get(user, ("", ""))[1],) * 6
            for user in learners
        ],
        "course_groups_courseusergroup": [(1, "Blue Team", COURSE, "cohort")],
        "course_groups_courseusergroup_users": [(1, 2)],
    }


def roster(site: Site) -> list[dict[str, Any]]:
    """The rows of the table."""
    names = schema.LEARNER_ROSTER.names
    return [dict(zip(names, row, strict=True)) for row in site.reports()["learner_roster"]]


def state(client: Elasticsearch) -> Counter[str]:
    """How many learners readers see, by the end of the week that the roster is about."""
    found = client.search(index=ALIAS, size=0, aggs={"ends": {"terms": {"field": "end_date"}}})
    return Counter(
        {
            bucket["key_as_string"]: bucket["doc_count"]
            for bucket in found["aggregations"]["ends"]["buckets"]
        }
    )


def indexes(client: Elasticsearch) -> list[str]:
    return sorted(client.indices.get(index="*"))


def end(day: int) -> str:
    return str(FIRST_DAY + timedelta(days=day))


def test_it_holds_what_the_table_holds(
    server: Server, client: Elasticsearch, tmp_path: Path
) -> None:
    crowd = Crowd.in_folder(tmp_path, 5)
    record = crowd.update(server.url, day=7)
    assert record.notes == [note for note in record.notes if "learner search" not in note]
    found = {
        hit["_source"]["username"]: hit["_source"]
        for hit in client.search(index=ALIAS, size=10)["hits"]["hits"]
    }
    rows = roster(crowd.site)
    assert len(rows) == 5
    for row in rows:
        row["segments"] = row["segments"].split(",")
        assert found[row["username"]] == {
            name: value for name, value in row.items() if value is not None
        }
    assert found["learner_1"]["goals"] == LONGEST


@pytest.mark.parametrize(
    ("query", "learners"),
    [
        ({"match": {"name": "müller"}}, [1]),
        ({"match_phrase_prefix": {"name": "anna mü"}}, [1]),
        ({"term": {"username": "learner_3"}}, [3]),
        (
            {"prefix": {"username": {"value": "LEARNER_", "case_insensitive": True}}},
            [5, 4, 3, 2, 1],
        ),
        ({"term": {"email": "learner.4@EXAMPLE.org"}}, [4]),
        ({"match": {"email.words": {"query": "learner 4 example.org", "operator": "and"}}}, [4]),
        ({"term": {"cohort": "Blue Team"}}, [2]),
        ({"term": {"segments": "inactive"}}, [5, 4, 3, 2, 1]),
        ({"bool": {"must_not": {"term": {"enrollment_mode": "audit"}}}}, []),
    ],
)
def test_what_a_learner_search_needs(
    query: dict[str, Any], learners: list[int], searched: Elasticsearch
) -> None:
    found = searched.search(index=ALIAS, query=query, sort=[{"user_id": "desc"}])
    assert [hit["_source"]["user_id"] for hit in found["hits"]["hits"]] == learners


@pytest.fixture(scope="module")
def searched(
    running_server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Elasticsearch]:
    """A client of a server with a roster of five learners."""
    running_server.clear()
    Crowd.in_folder(tmp_path_factory.mktemp("searched"), 5).update(running_server.url, day=7)
    with running_server.client() as client:
        yield client


def test_readers_never_see_it_empty_or_mixed(
    server: Server, client: Elasticsearch, tmp_path: Path
) -> None:
    crowd = Crowd.in_folder(tmp_path, 1500)
    crowd.update(server.url, day=7)
    with readers(server, 3) as seen:
        for day in (8, 9, 10):
            crowd.update(server.url, day)
    whole = {frozenset({end(day): 1500}.items()) for day in (7, 8, 9, 10)}
    assert set(seen) == whole
    assert state(client) == {end(10): 1500}
    assert len(indexes(client)) == 1


@contextmanager
def readers(server: Server, count: int) -> Iterator[Counter[frozenset[Any]]]:
    """Threads that query all the time; yields what they see, errors among it."""
    seen: Counter[frozenset[Any]] = Counter()
    done = threading.Event()

    def read() -> None:
        with server.client() as client:
            while not done.wait(0.01):
                try:
                    seen[frozenset(state(client).items())] += 1
                except (ApiError, TransportError) as error:
                    seen[frozenset({repr(error)})] += 1

    threads = [threading.Thread(target=read) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield seen
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_an_unchanged_roster_is_left_alone_and_a_lost_one_made_again(
    server: Server, client: Elasticsearch, tmp_path: Path
) -> None:
    crowd = Crowd.in_folder(tmp_path, 3)
    crowd.update(server.url, day=7)
    first = indexes(client)
    crowd.update(server.url, day=7)
    assert indexes(client) == first
    client.indices.delete(index=first[0])
    crowd.update(server.url, day=7)
    assert state(client) == {end(7): 3}


def test_what_a_run_that_died_left_behind_is_removed(
    server: Server, client: Elasticsearch, tmp_path: Path
) -> None:
    crowd = Crowd.in_folder(tmp_path, 3)
    crowd.update(server.url, day=7)
    crowd.update("", day=8)
    with open_warehouse(crowd.site.data, 2**28, 1) as warehouse, RosterIndex(server.url) as index:
        index.fill(warehouse, "d1e5" * 8)
    client.indices.create(index="roster-of-something-else")
    assert state(client) == {end(7): 3}
    assert len(indexes(client)) == 3

    crowd.update(server.url, day=9)

    assert state(client) == {end(9): 3}
    _shown, other = indexes(client)
    assert other == "roster-of-something-else"


def test_a_server_that_dies_keeps_yesterdays_roster(server: Server, tmp_path: Path) -> None:
    crowd = Crowd.in_folder(tmp_path, 4000)
    crowd.update(server.url, day=7)
    killer = threading.Thread(target=kill_while_it_is_filled, args=[server])
    killer.start()
    record = crowd.update(server.url, day=8)
    killer.join()
    server.start()

    with server.client() as client:
        assert state(client) == {end(7): 4000}
        assert record.status == "succeeded"
        assert "learner search still shows the roster of before" in record.notes[-1]
        assert stored_notes(crowd.site)[-1] == record.notes[-1]
        assert {row["end_date"] for row in roster(crowd.site)} == {end(8)}

        crowd.update(server.url, day=8)
        assert state(client) == {end(8): 4000}
        assert len(indexes(client)) == 1


def kill_while_it_is_filled(server: Server) -> None:
    """Kill the server as soon as it has a second index."""
    with server.client() as client:
        while len(indexes(client)) < 2:
            time.sleep(0.01)
    server.end(signal.SIGKILL)


def stored_notes(site: Site) -> list[str]:
    with closing(sqlite3.connect(site.data / "reports.sqlite3")) as reports:
        (row,) = reports.execute("SELECT notes FROM pipeline_run ORDER BY id DESC LIMIT 1")
    notes: list[str] = json.loads(row[0])
    return notes


def test_without_a_server_the_reports_stand_and_no_secret_is_told(tmp_path: Path) -> None:
    crowd = Crowd.in_folder(tmp_path, 3)
    record = crowd.update("http://elastic:s3cret@127.0.0.1:9", day=7)
    (note,) = (note for note in record.notes if "learner search" in note)
    assert record.status == "succeeded"
    assert record.error is None
    assert "http://127.0.0.1:9" in note
    assert "s3cret" not in note
    assert len(crowd.site.reports()["learner_roster"]) == 3


@pytest.mark.parametrize(
    "hosts", ["elasticsearch", "elasticsearch:9200", "http://es", "ftp://es:1"]
)
def test_hosts_that_are_none(hosts: str, tmp_path: Path) -> None:
    with pytest.raises(BadOption, match="ELASTICSEARCH_HOSTS"):
        Crowd.in_folder(tmp_path, 1).update(hosts, day=7)
    assert not (tmp_path / "data" / FILE).exists()
