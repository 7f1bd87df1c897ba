"""MariaDB in its container: first start, every start, rights, crashes."""

from __future__ import annotations

import itertools
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pymysql
import pytest
from python_on_whales import docker

from images.engine import DATABASE_USERS, Lab, inside, logs, wait_for, wait_until_healthy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from python_on_whales import Container

DATA = "/var/lib/mysql"
DENIED = {1044, 1142, 1227, 1370}


def connect(
    lab: Lab, container: Container, user: str, database: str | None = None, password: str = ""
) -> Any:
    return pymysql.connect(
        host=lab.address(container),
        user=user,
        password=password or lab.settings[f"MYSQL_{user.upper()}_PASSWORD"],
        database=database,
        autocommit=True,
        connect_timeout=5,
    )


def ask(lab: Lab, container: Container, user: str, *statements: str) -> Any:
    """The first column of what the last statement finds."""
    with closing(connect(lab, container, user)) as connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return [row[0] for row in cursor.fetchall()]


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Lab, Container]]:
    with Lab() as lab:
        container = lab.start("mysql", volumes={lab.volume(): DATA})
        wait_until_healthy(container)
        yield lab, container


def test_users_and_databases_are_those_that_are_needed_and_no_others(
    server: tuple[Lab, Container],
) -> None:
    query = "SELECT CONCAT(user, '@', host) FROM mysql.user; SHOW DATABASES"
    found = set(inside(server[1], "mariadb", "-Ne", query).split())
    applications = {f"{user}@%" for user in DATABASE_USERS}
    system = {"mysql", "information_schema", "performance_schema", "sys"}
    server_users = {"mysql@localhost", "mariadb.sys@localhost"}
    databases = {"reports", "api", "insights", "metastore"}
    assert found == applications | server_users | databases | system


@pytest.mark.parametrize("user", ["root", "mysql", "mariadb.sys", "", "nobody"])
def test_nobody_else_signs_in_over_the_network(server: tuple[Lab, Container], user: str) -> None:
    lab, container = server
    for password in ("", "invalid", user):
        with pytest.raises(pymysql.OperationalError, match="Access denied"):
            pymysql.connect(host=lab.address(container), user=user, password=password)


MAY = [
    ("api", "CREATE TABLE api.t (id INT)"),
    ("api", "DROP TABLE api.t"),
    ("api", "SELECT * FROM reports.numbers"),
    ("insights", "CREATE TABLE insights.t (id INT)"),
    ("metastore", "CREATE TABLE metastore.t (id INT)"),
    ("migrations", "CREATE TABLE reports.t (id INT PRIMARY KEY)"),
    ("migrations", "ALTER TABLE reports.t ADD COLUMN name TEXT"),
    ("migrations", "DROP TABLE reports.t"),
    ("pipeline", "INSERT INTO reports.numbers VALUES (1)"),
    ("pipeline", "UPDATE reports.numbers SET id = 2"),
    ("pipeline", "DELETE FROM reports.numbers"),
    ("pipeline", "SELECT * FROM reports.numbers"),
]
MAY_NOT = [
    ("api", "INSERT INTO reports.numbers VALUES (1)"),
    ("api", "CREATE TABLE reports.mine (id INT)"),
    ("api", "SELECT * FROM insights.t"),
    ("insights", "SELECT * FROM reports.numbers"),
    ("insights", "SELECT * FROM api.t"),
    ("metastore", "SELECT * FROM reports.numbers"),
    ("migrations", "CREATE TABLE api.mine (id INT)"),
    ("migrations", "GRANT SELECT ON reports.* TO insights@'%'"),
    ("pipeline", "DROP TABLE reports.numbers"),
    ("pipeline", "ALTER TABLE reports.numbers ADD COLUMN name TEXT"),
    ("pipeline", "CREATE TABLE reports.mine (id INT)"),
    *((user, "SELECT * FROM mysql.global_priv") for user in DATABASE_USERS),
    *((user, "CREATE DATABASE mine") for user in DATABASE_USERS),
    *((user, "SELECT 1 INTO OUTFILE '/tmp/mine'") for user in DATABASE_USERS),
    *((user, "SET GLOBAL max_connections = 1") for user in DATABASE_USERS),
    *((user, "SHUTDOWN") for user in DATABASE_USERS),
]


@pytest.fixture(scope="module")
def numbers(server: tuple[Lab, Container]) -> None:
    ask(*server, "migrations", "CREATE TABLE reports.numbers (id INT PRIMARY KEY)")


@pytest.mark.usefixtures("numbers")
def test_each_user_may_do_what_it_has_to(server: tuple[Lab, Container]) -> None:
    for user, statement in MAY:
        ask(*server, user, statement)


@pytest.mark.usefixtures("numbers")
@pytest.mark.parametrize(("user", "statement"), MAY_NOT)
def test_and_nothing_else(server: tuple[Lab, Container], user: str, statement: str) -> None:
    with pytest.raises(pymysql.MySQLError) as caught:
        ask(*server, user, statement)
    assert caught.value.args[0] in DENIED | {1045}, caught.value


def test_no_file_of_a_client_can_be_loaded(server: tuple[Lab, Container]) -> None:
    assert ask(*server, "api", "SELECT @@local_infile") == [0]


def test_texts_that_differ_at_all_are_different_keys(server: tuple[Lab, Container]) -> None:
    texts = ["course-v1:X+Y", "Course-v1:X+Y", "course-v1:X+Y ", "course-v1:X+Ÿ", "course-v1:X+🎓"]
    create = "CREATE TABLE insights.texts (id VARCHAR(255) PRIMARY KEY)"
    inserts = [f"INSERT INTO insights.texts VALUES ('{text}')" for text in texts]
    found = ask(*server, "insights", create, *inserts, "SELECT id FROM insights.texts")
    assert sorted(found) == sorted(texts)


def test_time_is_utc_and_a_value_that_does_not_fit_is_an_error(
    server: tuple[Lab, Container],
) -> None:
    assert ask(*server, "api", "SELECT TIMEDIFF(NOW(), UTC_TIMESTAMP()) = 0") == [1]
    create = "CREATE TABLE insights.short (id VARCHAR(1))"
    with pytest.raises(pymysql.DataError, match="too long"):
        ask(*server, "insights", create, "INSERT INTO insights.short VALUES ('ab')")


def test_new_passwords_are_good_after_a_restart_and_the_old_ones_are_not(lab: Lab) -> None:
    volume = {lab.volume(): DATA}
    first = lab.start("mysql", volumes=volume)
    wait_until_healthy(first)
    ask(lab, first, "insights", "CREATE TABLE insights.kept (id INT)")
    old = dict(lab.settings)
    docker.stop(first)

    # With what SQL, a shell or a URL might take for something else.
    signs = "'\";--/*`$(x)\\%?#@"
    for user in DATABASE_USERS:
        lab.settings[f"MYSQL_{user.upper()}_PASSWORD"] = f"{user}-{signs}"
    second = lab.start("mysql", volumes=volume)
    wait_until_healthy(second)

    for user in DATABASE_USERS:
        assert ask(lab, second, user, "SELECT 1") == [1]
        with pytest.raises(pymysql.OperationalError, match="Access denied"):
            connect(lab, second, user, password=old[f"MYSQL_{user.upper()}_PASSWORD"])
    assert ask(lab, second, "insights", "SHOW TABLES FROM insights") == ["kept"]


def test_rights_that_somebody_added_are_gone_after_a_restart(lab: Lab) -> None:
    container = lab.start("mysql", volumes={lab.volume(): DATA})
    wait_until_healthy(container)
    for statement in (
        "GRANT ALL PRIVILEGES ON *.* TO insights@'%' WITH GRANT OPTION",
        "DROP DATABASE metastore",
    ):
        inside(container, "mariadb", "-e", statement)

    docker.restart(container)
    wait_until_healthy(container)
    with pytest.raises(pymysql.MySQLError, match="denied"):
        ask(lab, container, "insights", "SELECT * FROM mysql.global_priv")
    assert ask(lab, container, "metastore", "SHOW DATABASES LIKE 'metastore'") == ["metastore"]


@pytest.mark.parametrize("files", [0, 50, 180])
def test_a_first_start_that_was_killed_begins_anew(lab: Lab, files: int) -> None:
    """Killed when it had made so many of its some 200 files."""
    volume = {lab.volume(): DATA}
    killed = lab.start("mysql", volumes=volume, cpus=0.5)  # slowly, so as to hit the moment
    made = f"find {DATA}/.new -type f 2>/dev/null | wc -l"
    inside(killed, "sh", "-c", f"until [ -d {DATA}/.new ] && [ $({made}) -ge {files} ]; do :; done")
    docker.kill(killed, signal="KILL")
    docker.wait(killed)
    look = lab.start("mysql", volumes=volume, entrypoint="ls", command=["-A", DATA])
    docker.wait(look)
    assert logs(look).split() == [".new"]

    second = lab.start("mysql", volumes=volume)
    wait_until_healthy(second)
    assert ask(lab, second, "api", "SHOW DATABASES LIKE 'reports'") == ["reports"]
    assert inside(second, "ls", "-A", DATA).split() == ["data"]


def test_what_was_committed_is_there_after_a_kill(lab: Lab) -> None:
    container = lab.start("mysql", volumes={lab.volume(): DATA})
    wait_until_healthy(container)
    ask(lab, container, "insights", "CREATE TABLE insights.kept (id INT PRIMARY KEY)")
    committed: list[int] = []

    def write() -> None:
        with closing(connect(lab, container, "insights")) as connection:
            cursor = connection.cursor()
            for number in itertools.count():
                cursor.execute(f"INSERT INTO insights.kept VALUES ({number})")
                committed.append(number)

    def write_until_it_ends() -> None:
        with pytest.raises(pymysql.MySQLError):
            write()

    writer = threading.Thread(target=write_until_it_ends)
    writer.start()
    while len(committed) < 200:
        time.sleep(0.01)
    docker.kill(container, signal="KILL")
    writer.join()

    docker.start(container)
    wait_until_healthy(container)
    found = ask(lab, container, "insights", "SELECT id FROM insights.kept ORDER BY id")
    assert found[: len(committed)] == committed
    # The one that was under way may be there, as nobody was told.
    assert len(found) <= len(committed) + 1


def test_it_stops_in_order(lab: Lab) -> None:
    container = lab.start("mysql", volumes={lab.volume(): DATA})
    wait_until_healthy(container)
    docker.stop(container, time=60)
    container.reload()
    assert container.state.exit_code == 0
    assert "Shutdown complete" in logs(container)


def test_nobody_gets_in_if_users_could_not_be_brought_up_to_date(lab: Lab) -> None:
    spoil = "sed -i '/^GRANT/ s/ ON .*/ ON nothing at all;/' /run/analytics/init.sql && start-mysql"
    container = lab.start("mysql", command=["sh", "-c", spoil])
    wait_for(lambda: "ready for connections" in logs(container))
    with pytest.raises(pymysql.MySQLError, match="init_connect"):
        ask(lab, container, "api", "SELECT 1")
    assert "error in your SQL syntax" in logs(container)


def test_a_volume_of_somebody_else_is_named(lab: Lab) -> None:
    container = lab.start("mysql", volumes={"/usr/share/doc": f"{DATA}:ro"})
    assert docker.wait(container) == 1
    reason = f"start-mysql: cannot write {DATA}: its owner must be user 10002\n"
    assert logs(container) == reason
