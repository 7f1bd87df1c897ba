"""Hive in its containers: tables in the metastore, SQL on port 10000, the metastore itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from python_on_whales import docker

from images.engine import Lab, inside, logs, wait_until_healthy
from images.hadoop import (
    Driver,
    driver,
    healthy,
    start_datanode,
    start_namenode,
    unhealthy_says,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from python_on_whales import Container

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
    driver: Driver

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
        names, blocks = lab.volume(), lab.volume()
        namenode = start_namenode(lab, names, blocks)
        wait_until_healthy(mysql)
        metastore = lab.start("hive-metastore")
        healthy(namenode)
        datanode = start_datanode(lab, blocks)
        healthy(metastore)
        server = lab.start("hive-server", volumes={lab.volume(): "/var/lib/spark"})
        with driver(lab, "local[1]") as session:
            healthy(datanode, server)
            yield Tables(lab, mysql, metastore, server, session)


@pytest.mark.full  # CI asks the tables of a whole run: tests/stack/test_hadoop.py
def test_a_table_of_a_driver_is_there_for_clients_with_its_comments(tables: Tables) -> None:
    tables.driver.run("""
spark.sql('''
    CREATE TABLE visits (course STRING COMMENT 'its id', learners BIGINT, date DATE)
    USING parquet PARTITIONED BY (date) COMMENT 'who was there'
    LOCATION 'hdfs://namenode:8020/tables/visits'
''')
spark.sql('''
    INSERT INTO visits VALUES ('A', 1, DATE '2026-01-01'), ('B', 2, DATE '2026-01-02')
''')
spark.sql('''
    CREATE OR REPLACE VIEW courses (course COMMENT 'its id') COMMENT 'seen'
    AS SELECT course FROM visits
''')
""")
    assert tables.ask("SELECT course, learners, date FROM visits ORDER BY date") == [
        "A|1|2026-01-01",
        "B|2|2026-01-02",
    ]
    assert tables.ask("SELECT sum(learners) FROM visits WHERE date > '2026-01-01'") == ["2"]
    assert tables.ask("SELECT * FROM courses ORDER BY course") == ["A", "B"]
    assert "visits" in "\n".join(tables.ask("SHOW TABLES"))
    described = "\n".join(tables.ask("DESCRIBE TABLE EXTENDED visits"))
    assert "course|string|its id" in described
    assert "Comment|who was there|" in described
    assert "Location|hdfs://namenode:8020/tables/visits|" in described
    assert sorted(tables.ask("SHOW PARTITIONS visits")) == ["date=2026-01-01", "date=2026-01-02"]


def test_partitions_come_and_go_as_their_folders_do(tables: Tables) -> None:
    printed = tables.driver.run("""
place = "hdfs://namenode:8020/tables/days"
def days():
    print(*(row.partition for row in spark.sql("SHOW PARTITIONS days").collect()))
def add(day):
    spark.sql("SELECT 1 AS one").write.parquet(f"{place}/date={day}")
add("2026-01-01")
columns = "(one INT, date DATE) USING parquet PARTITIONED BY (date)"
spark.sql(f"CREATE TABLE days {columns} LOCATION '{place}'")
spark.sql("MSCK REPAIR TABLE days"); days()
add("2026-01-02")
spark.sql("ALTER TABLE days ADD IF NOT EXISTS PARTITION (date = DATE '2026-01-02')"); days()
spark.sql("ALTER TABLE days DROP IF EXISTS PARTITION (date = DATE '2026-01-01')"); days()
""")
    assert printed.splitlines() == [
        "date=2026-01-01",
        "date=2026-01-01 date=2026-01-02",
        "date=2026-01-02",
    ]
    assert tables.ask("SELECT * FROM days") == ["1|2026-01-02"]
    # Its files have a place of their own: they stay.
    printed = tables.driver.run("""
spark.sql("DROP TABLE days")
print(spark.read.parquet(f"{place}/date=2026-01-02").count())
""")
    assert printed == "1\n"


def test_a_table_that_is_dropped_takes_its_files_along_where_it_has_no_place(
    tables: Tables,
) -> None:
    tables.driver.run("""
spark.sql("CREATE TABLE gone USING parquet AS SELECT 1 AS one")
files = spark._jvm.org.apache.hadoop.fs.Path("hdfs://namenode:8020/warehouse/gone")
system = files.getFileSystem(spark._jsc.hadoopConfiguration())
assert system.exists(files)
spark.sql("DROP TABLE gone")
assert not system.exists(files)
""")
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
    before = tables.ask("SHOW TABLES")
    docker.stop(tables.mysql)
    unhealthy_says(tables.metastore, "")
    docker.start(tables.mysql)
    wait_until_healthy(tables.mysql)
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


@pytest.mark.full
def test_a_first_start_that_was_cut_short_begins_anew(lab: Lab) -> None:
    mysql = lab.start("mysql", volumes={lab.volume(): "/var/lib/mysql"})
    namenode = start_namenode(lab, lab.volume(), lab.volume())  # the warehouse is there
    wait_until_healthy(mysql)
    count = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = 'metastore'"
    first = lab.start("hive-metastore")
    # Nobody makes a table for a while then, however quick the machine is.
    hold = 'mariadb -e "FLUSH TABLES WITH READ LOCK; SELECT SLEEP(20)" >/dev/null 2>&1'
    until = f'until [ "$(mariadb -Ne "{count}")" -gt 5 ]; do :; done'
    inside(mysql, "sh", "-c", f"{until}; {hold} & sleep 1")
    docker.kill(first, signal="KILL")
    docker.wait(first)
    assert inside(mysql, "sh", "-c", f'mariadb -Ne "{VERSION}" || true').strip() == ""

    healthy(namenode)
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
