"""Spark in its containers: drivers, workers, what is left of those that were killed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from python_on_whales import docker

from images.engine import Lab, inside
from images.hadoop import Hdfs, drive, healthy, start_driver, start_hdfs, unhealthy_says

if TYPE_CHECKING:
    from collections.abc import Iterator

    from python_on_whales import Container

SESSION = """
from pyspark.sql import SparkSession
spark = (
    SparkSession.builder.master("spark://spark:7077")
    .config("spark.sql.catalogImplementation", "in-memory")
    .config("spark.ui.enabled", "false")
    .getOrCreate()
)
print("----")
"""


@dataclass(frozen=True)
class Cluster:
    lab: Lab
    hdfs: Hdfs
    master: Container
    worker: Container
    driver: Container
    scratch: str


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Lab() as lab:
        hdfs = start_hdfs(lab)
        master = lab.start("spark")
        healthy(master)
        scratch = lab.volume()
        worker = start_worker(lab, scratch)
        healthy(worker)
        yield Cluster(lab, hdfs, master, worker, start_driver(lab), scratch)


def start_worker(lab: Lab, scratch: str) -> Container:
    return lab.start("spark-worker", volumes={scratch: "/var/lib/spark"})


def folders(container: Container) -> set[str]:
    """Those of workers on the volume that they share."""
    return set(inside(container, "ls", "/var/lib/spark").split())


def test_a_driver_has_a_worker_read_and_write_hdfs(cluster: Cluster) -> None:
    printed = drive(
        cluster.driver,
        f"""{SESSION}
numbers = spark.range(1000).selectExpr("id", "id % 7 AS rest")
numbers.write.mode("overwrite").parquet("hdfs://namenode:8020/numbers")
found = spark.read.parquet("hdfs://namenode:8020/numbers")
print(found.groupBy("rest").count().orderBy("rest").first())
""",
    )
    assert printed == "Row(rest=0, count=143)\n"
    assert "/numbers/_SUCCESS" in cluster.hdfs.shell("-ls", "/numbers")


def test_workers_run_python_on_arrow(cluster: Cluster) -> None:
    printed = drive(
        cluster.driver,
        f"""{SESSION}
def where(batches):
    import socket
    import pyarrow
    for batch in batches:
        names = [socket.gethostname()] * batch.num_rows
        yield pyarrow.RecordBatch.from_pydict({{"host": names}})
print(spark.range(100, numPartitions=4).mapInArrow(where, "host string").distinct().collect())
""",
    )
    host = inside(cluster.worker, "hostname").strip()
    assert printed == f"[Row(host='{host}')]\n"


def test_an_executor_has_the_memory_that_its_worker_offers(cluster: Cluster) -> None:
    printed = drive(
        cluster.driver,
        f"""{SESSION}
import json, urllib.request
spark.range(10).count()
[worker] = [each for each in json.load(urllib.request.urlopen("http://spark:8080/json/"))["workers"]
            if each["state"] == "ALIVE"]
print(worker["memory"], worker["memoryused"], spark.conf.get("spark.executor.memory"))
""",
    )
    offered, used, wanted = printed.split()
    assert offered == used == wanted.removesuffix("m")


def test_two_workers_both_take_tasks_and_go_on_when_one_dies(cluster: Cluster) -> None:
    second = start_worker(cluster.lab, cluster.scratch)
    healthy(second)
    assert len(folders(second)) == 2
    printed = drive(
        cluster.driver,
        f"""{SESSION}
import socket, time
def where(_):
    time.sleep(1)
    return socket.gethostname()
while len(spark.sparkContext._jsc.sc().statusTracker().getExecutorInfos()) < 3:
    time.sleep(0.2)
print(*sorted(set(spark.sparkContext.parallelize(range(8), 8).map(where).collect())))
""",
    )
    hosts = [inside(each, "hostname").strip() for each in (cluster.worker, second)]
    assert printed.split() == sorted(hosts)

    docker.kill(second, signal="KILL")
    docker.wait(second)
    printed = drive(cluster.driver, f"{SESSION}\nprint(spark.range(1000, numPartitions=8).count())")
    assert printed == "1000\n"


def test_what_a_killed_worker_left_goes_with_the_next_start(cluster: Cluster) -> None:
    killed = start_worker(cluster.lab, cluster.scratch)
    healthy(killed)
    left = folders(killed)
    docker.kill(killed, signal="KILL")
    docker.wait(killed)
    new = start_worker(cluster.lab, cluster.scratch)
    healthy(new)
    # Its own, and that of the worker that has been there all along.
    assert len(folders(new)) == 2
    assert len(folders(new) & left) == 1
    docker.stop(new)


def test_a_worker_without_its_master_is_not_healthy(lab: Lab) -> None:
    master = lab.start("spark")
    healthy(master)
    worker = start_worker(lab, lab.volume())
    healthy(worker)
    docker.kill(master, signal="KILL")
    unhealthy_says(worker, "no")
    docker.start(master)
    healthy(worker)


def test_they_stop_when_they_are_told_to(lab: Lab) -> None:
    master = lab.start("spark")
    healthy(master)
    worker = start_worker(lab, lab.volume())
    healthy(worker)
    for container in (worker, master):
        docker.stop(container, time=30)
        container.reload()
        assert container.state.exit_code == 128 + 15


def test_a_malformed_setting_ends_it_with_a_line_that_names_it(lab: Lab) -> None:
    code, printed = lab.run("spark", WAREHOUSE="a folder")
    assert code == 1
    assert printed.startswith("render-settings: WAREHOUSE is 'a folder': set it to a URL such as ")
