"""Hive in its containers: tables in the metastore, SQL on port 10000, the metastore itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from python_on_whales import docker

from images.engine import Lab, inside, logs, wait_until_healthy
from images.hadoop import drive, healthy, start_driver, start_hdfs, unhealthy_says

if TYPE_CHECKING:
    from collections.abc import Iterator

    from python_on_whales import Container

SESSION = """
from pyspark.sql import SparkSession
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
print("----")
"""
QUERY = """
import sys
from pyhive import hive
with hive.connect("127.0.0.1", 10000) as connection, connection.cursor() as cursor:
    cursor.execute(sys.argv[1])
    for row in cursor.fetchall():
        print(*row, sep="|")
"""
VERSION = "SELECT SCHEMA_VERSION FROM metastore.VERSION"


@dataclass(frozen=True)
class Tables:
    lab: Lab
    mysql: Container
    metastore: Container
    server: Container
    driver: Container

    def ask(self, query: str) -> list[str]:
        """What a client of HiveServer2's protocol gets."""
        return inside(self.server, "python", "-c", QUERY, query).splitlines()

    def database(self, statement: str) -> list[str]:
        """What MariaDB answers to its administrator."""
        return inside(self.mysql, "mariadb", "-Ne", statement).splitlines()


@pytest.fixture(scope="module")
def tables() -> Iterator[Tables]:
    with Lab() as lab:
        mysql = lab.start("mysql", volumes={lab.volume(): "/var/lib/mysql"})
        start_hdfs(lab)
        wait_until_healthy(mysql)
        metastore = lab.start("hive-metastore")
        healthy(metastore)
        server = lab.start("hive-server", volumes={lab.volume(): "/var/lib/spark"})
        healthy(server)
        yield Tables(lab, mysql, metastore, server, start_driver(lab))


def test_a_table_of_a_driver_is_there_for_clients_with_its_comments(tables: Tables) -> None:
    drive(
        tables.driver,
        f"""{SESSION}
spark.sql('''
    CREATE TABLE visits (course STRING COMMENT 'its id', learners BIGINT, day DATE)
    USING parquet PARTITIONED BY (day) COMMENT 'who was there'
''')
spark.sql('''
    INSERT INTO visits VALUES ('A', 1, DATE '2026-01-01'), ('B', 2, DATE '2026-01-02')
''')
spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
spark.sql("INSERT OVERWRITE visits VALUES ('C', 5, DATE '2026-01-02')")
""",
    )
    assert tables.ask("SELECT course, learners, day FROM visits ORDER BY day") == [
        "A|1|2026-01-01",
        "C|5|2026-01-02",
    ]
    assert tables.ask("SELECT sum(learners) FROM visits") == ["6"]
    assert "visits" in "\n".join(tables.ask("SHOW TABLES"))
    described = "\n".join(tables.ask("DESCRIBE TABLE EXTENDED visits"))
    assert "course|string|its id" in described
    assert "Comment|who was there|" in described
    assert "Location|hdfs://namenode:8020/warehouse/visits|" in described
    assert sorted(tables.ask("SHOW PARTITIONS visits")) == ["day=2026-01-01", "day=2026-01-02"]


def test_a_table_that_is_dropped_takes_its_files_along(tables: Tables) -> None:
    drive(
        tables.driver,
        f"""{SESSION}
spark.sql("CREATE TABLE gone USING parquet AS SELECT 1 AS one")
spark.sql("DROP TABLE gone")
files = spark._jvm.org.apache.hadoop.fs.Path("hdfs://namenode:8020/warehouse/gone")
assert not files.getFileSystem(spark._jsc.hadoopConfiguration()).exists(files)
""",
    )
    assert "gone" not in "\n".join(tables.ask("SHOW TABLES"))


def test_beeline_connects_too(tables: Tables) -> None:
    command = "exec $SPARK_HOME/bin/beeline -u jdbc:hive2://127.0.0.1:10000 -e 'SELECT 40 + 2'"
    assert "42" in inside(tables.server, "bash", "-c", f"HOME=/tmp {command} 2>&1")


def test_no_process_of_the_sql_service_knows_the_metastores_password(tables: Tables) -> None:
    password = tables.lab.settings["MYSQL_METASTORE_PASSWORD"]
    found = inside(tables.server, "sh", "-c", "cat /run/analytics/* /proc/1/environ")
    assert password not in found
    environment = inside(tables.metastore, "cat", "/proc/1/environ")
    assert "PATH=" in environment
    assert password not in environment


def test_a_metastore_without_its_database_is_not_healthy_until_it_is_back(tables: Tables) -> None:
    docker.stop(tables.mysql)
    unhealthy_says(tables.metastore, "")
    docker.start(tables.mysql)
    wait_until_healthy(tables.mysql)
    healthy(tables.metastore)


def test_a_restart_changes_nothing(tables: Tables) -> None:
    before = tables.ask("SHOW TABLES")
    docker.restart(tables.metastore)
    healthy(tables.metastore)
    assert tables.ask("SHOW TABLES") == before


def test_tables_of_another_version_are_refused_and_left_as_they_are(tables: Tables) -> None:
    [version] = tables.database(VERSION)
    tables.database("UPDATE metastore.VERSION SET SCHEMA_VERSION = '3.1.0'")
    code, printed = tables.lab.run("hive-metastore", alias="other")
    assert code == 1
    assert printed.startswith(
        "start-metastore: the tables of the metastore are of Hive's schema 3.1.0, this is 4.0.0:"
    )
    assert printed.count("\n") == 1
    assert tables.database(VERSION) == ["3.1.0"]
    tables.database(f"UPDATE metastore.VERSION SET SCHEMA_VERSION = '{version}'")


def test_a_first_start_that_was_cut_short_begins_anew(lab: Lab) -> None:
    mysql = lab.start("mysql", volumes={lab.volume(): "/var/lib/mysql"})
    start_hdfs(lab)
    wait_until_healthy(mysql)
    count = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'metastore'"
    first = lab.start("hive-metastore")
    inside(mysql, "sh", "-c", f'until [ "$(mariadb -Ne "{count}")" -gt 20 ]; do :; done')
    docker.kill(first, signal="KILL")
    docker.wait(first)
    assert inside(mysql, "sh", "-c", f'mariadb -Ne "{VERSION}" || true').strip() == ""

    second = lab.start("hive-metastore")
    healthy(second)
    assert inside(mysql, "mariadb", "-Ne", VERSION).strip() == "4.0.0"


def test_without_a_database_it_ends_with_a_line(lab: Lab) -> None:
    code, printed = lab.run("hive-metastore")
    assert code == 1
    assert printed.startswith("start-metastore: the database metastore at mysql cannot be used: ")
    assert printed.count("\n") == 1


def test_the_services_stop_when_they_are_told_to(tables: Tables) -> None:
    for container in (tables.server, tables.metastore):
        docker.stop(container, time=60)
        container.reload()
        assert container.state.exit_code in (0, 128 + 15), logs(container)[-2000:]
        docker.start(container)
        healthy(container)
