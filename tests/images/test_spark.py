"""Spark in its containers: drivers, workers, what is left of those that were killed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from python_on_whales import docker

from images.engine import Lab, inside
from images.hadoop import Driver, driver, healthy, unhealthy_says

if TYPE_CHECKING:
    from collections.abc import Iterator

    from python_on_whales import Container

MASTER = "spark://spark:7077"


@dataclass(frozen=True)
class Cluster:
    lab: Lab
    master: Container
    worker: Container
    scratch: str


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Lab() as lab:
        master = lab.start("spark")
        healthy(master)
        scratch = lab.volume()
        worker = start_worker(lab, scratch)
        healthy(worker)
        yield Cluster(lab, master, worker, scratch)


@pytest.fixture(scope="module")
def session(cluster: Cluster) -> Iterator[Driver]:
    """One whose tables end with it: there is no metastore."""
    with driver(cluster.lab, MASTER, METASTORE="none") as session:
        yield session


def start_worker(lab: Lab, scratch: str) -> Container:
    return lab.start("spark-worker", volumes={scratch: "/var/lib/spark"})


def folders(container: Container) -> set[str]:
    """Those of workers on the volume that they share."""
    return set(inside(container, "ls", "/var/lib/spark").split())


def name(container: Container) -> str:
    """What a process in it calls its machine."""
    return inside(container, "hostname").strip()


@pytest.mark.full  # in CI whole runs do: tests/stack/test_hadoop.py
def test_workers_run_sql_and_python_on_arrow(cluster: Cluster, session: Driver) -> None:
    printed = session.run("""
def where(batches):
    import socket
    import pyarrow
    for batch in batches:
        names = [socket.gethostname()] * batch.num_rows
        yield pyarrow.RecordBatch.from_pydict({"host": names})
hosts = spark.range(100, numPartitions=4).mapInArrow(where, "host string")
print(*hosts.groupBy("host").count().first())
""")
    assert printed == f"{name(cluster.worker)} 100\n"


def test_an_executor_has_the_memory_that_its_worker_offers(session: Driver) -> None:
    printed = session.run("""
import json, urllib.request
spark.range(10).count()
[worker] = json.load(urllib.request.urlopen("http://spark:8080/json/"))["workers"]
print(worker["memory"], worker["memoryused"], spark.conf.get("spark.executor.memory"))
""")
    offered, used, wanted = printed.split()
    assert offered == used == wanted.removesuffix("m")


def test_two_workers_both_take_tasks_and_go_on_when_one_dies(
    cluster: Cluster, session: Driver
) -> None:
    second = start_worker(cluster.lab, cluster.scratch)
    healthy(second)
    both = folders(second)
    assert len(both) == 2
    printed = session.run("""
import socket, time
def where(_):
    time.sleep(1)
    return socket.gethostname()
while len(spark.sparkContext._jsc.sc().statusTracker().getExecutorInfos()) < 3:
    time.sleep(0.2)
print(*sorted(set(spark.sparkContext.parallelize(range(8), 8).map(where).collect())))
""")
    assert printed.split() == sorted([name(cluster.worker), name(second)])

    docker.kill(second, signal="KILL")
    docker.wait(second)
    assert session.run("print(spark.range(1000, numPartitions=8).count())") == "1000\n"

    # What it left goes with the next one's start; what the first has does not.
    third = start_worker(cluster.lab, cluster.scratch)
    healthy(third)
    assert len(folders(third)) == 2
    assert len(folders(third) & both) == 1
    docker.stop(third)


def test_a_worker_without_its_master_is_not_healthy_and_both_end_when_they_are_told_to(
    lab: Lab,
) -> None:
    master = lab.start("spark")
    healthy(master)
    worker = start_worker(lab, lab.volume())
    healthy(worker)
    docker.kill(master, signal="KILL")
    unhealthy_says(worker, "no")
    docker.start(master)
    healthy(master, worker)
    for container in (worker, master):
        docker.stop(container, time=30)
        container.reload()
        assert container.state.exit_code == 128 + 15


def test_a_malformed_setting_ends_it_with_a_line_that_names_it(lab: Lab) -> None:
    code, printed = lab.run("spark", WAREHOUSE="a folder")
    assert code == 1
    assert printed.startswith("render-settings: WAREHOUSE is 'a folder': set it to a URL such as ")
