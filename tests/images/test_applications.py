"""Data API and Insights in their containers, on the real MariaDB."""

from __future__ import annotations

import http.client
import json
import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from python_on_whales import DockerException, docker

from images.engine import Lab, inside, logs, wait_for, wait_until_healthy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from python_on_whales import Container

CACHE = "/var/cache/insights"


@dataclass(frozen=True)
class Stack:
    lab: Lab
    mysql: Container
    api: Container
    insights: Container

    def ask(self, container: Container, path: str, **headers: str) -> tuple[int, bytes]:
        """Ask an application, as nginx does."""
        address = self.lab.address(container)
        connection = http.client.HTTPConnection(address, 8000, timeout=60)
        from_nginx = {"Host": "insights.test", "X-Forwarded-Proto": "https"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request("GET", path, headers=from_nginx | named)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    @property
    def token(self) -> str:
        return f"Token {self.lab.settings['API_TOKEN']}"


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """One for all tests: those that stop a part of it start it again."""
    with Lab() as lab:
        mysql = lab.start("mysql", volumes={lab.volume(): "/var/lib/mysql"})
        wait_until_healthy(mysql)
        api = lab.start("api", LOG_FORMAT="json")
        wait_until_healthy(api)
        insights = lab.start("insights", volumes={lab.volume(): CACHE}, LOG_FORMAT="json")
        wait_until_healthy(insights)
        yield Stack(lab, mysql, api, insights)


PACKAGES = {"api": "analytics_data_api", "insights": "insights"}


@pytest.mark.parametrize(("service", "silenced"), [("api", 1), ("insights", 0)])
def test_djangos_deployment_check_is_clean(stack: Stack, service: str, silenced: int) -> None:
    """What is silenced has its reason in the settings."""
    command = ["python", "-m", PACKAGES[service], "check", "--deploy", "--fail-level=WARNING"]
    printed = inside(getattr(stack, service), *command)
    assert printed.strip() == f"System check identified no issues ({silenced} silenced)."


@pytest.mark.parametrize("service", PACKAGES)
def test_the_server_has_no_secret_in_its_environment(stack: Stack, service: str) -> None:
    container: Container = getattr(stack, service)
    environment = inside(container, "cat", "/proc/1/environ")
    assert "gunicorn" in inside(container, "cat", "/proc/1/cmdline")
    assert "PATH=" in environment
    names = [name for name in stack.lab.settings if re.search("_(PASSWORD|KEY|TOKEN)$", name)]
    assert not [name for name in names if name in environment]
    assert not [name for name in names if stack.lab.settings[name] in environment]


def test_the_data_api_cannot_change_tables_of_reports(stack: Stack) -> None:
    password = stack.lab.settings["MYSQL_MIGRATIONS_PASSWORD"]
    found = inside(stack.api, "sh", "-c", "ls /run/analytics; cat /run/analytics/*")
    assert "prepare.yml" not in found
    assert password not in found


@pytest.mark.parametrize("service", PACKAGES)
def test_it_runs_as_its_own_user_with_nothing_to_write_to(stack: Stack, service: str) -> None:
    container: Container = getattr(stack, service)
    assert inside(container, "id", "-u").strip() == "10001"
    for folder in ("/", "/opt/venv", "/etc/analytics", "/srv", "/usr/local/bin"):
        with pytest.raises(DockerException, match=r"Read-only|Permission denied"):
            inside(container, "touch", f"{folder}/x")
    status = inside(container, "cat", "/proc/1/status")
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status


def test_readers_are_logged_with_their_own_address_in_either_form(stack: Stack) -> None:
    plain = stack.lab.start("insights", alias="plain", volumes={stack.lab.volume(): CACHE})
    wait_until_healthy(plain)
    for insights in (plain, stack.insights):
        stack.ask(insights, "/sign-in/?x=1", X_Forwarded_For="203.0.113.7", User_Agent='a "b"')
    [line] = lines(plain, "203.0.113.7")
    assert 'INFO gunicorn.access: 203.0.113.7 "GET /sign-in/?x=1" 200 ' in line
    [request] = [json.loads(line) for line in lines(stack.insights, "203.0.113.7")]
    assert request["address"] == "203.0.113.7"
    assert (request["path"], request["status"], request["agent"]) == ("/sign-in/?x=1", 200, 'a "b"')
    for line in lines(stack.insights, ""):
        assert {"time", "level", "logger", "message"} <= json.loads(line).keys()


def lines(container: Container, part: str) -> list[str]:
    """The lines of its log that hold a text, of which there is one in a moment."""

    def found() -> list[str]:
        return [line for line in logs(container).splitlines() if part in line]

    wait_for(lambda: bool(found()))
    return found()


def test_insights_brings_its_static_files_along(stack: Stack) -> None:
    _, page = stack.ask(stack.insights, "/sign-in/")
    path = page.decode().partition('href="/static/')[2].partition('"')[0]
    status, style = stack.ask(stack.insights, f"/static/{path}", Accept_Encoding="gzip")
    assert status == 200
    assert style[:2] == b"\x1f\x8b"


def test_it_finishes_what_is_under_way_before_it_stops(stack: Stack) -> None:
    """The Data API waits for a lock on its tables, and is told to stop meanwhile."""
    hold = "LOCK TABLES api.authtoken_token WRITE; SELECT SLEEP(4)"
    holder = threading.Thread(target=inside, args=(stack.mysql, "mariadb", "-e", hold))
    answers: list[tuple[int, bytes]] = []

    def ask() -> None:
        answers.append(stack.ask(stack.api, "/api/v0/runs/", Authorization=stack.token))

    asker = threading.Thread(target=ask)
    holder.start()
    time.sleep(1)
    asker.start()
    time.sleep(0.5)
    assert answers == []
    docker.stop(stack.api, time=40)
    asker.join()
    holder.join()
    assert [status for status, _ in answers] == [200]
    stack.api.reload()
    assert stack.api.state.exit_code == 0
    docker.start(stack.api)
    wait_until_healthy(stack.api)


def test_health_follows_what_it_needs(stack: Stack) -> None:
    docker.stop(stack.mysql)
    for container in (stack.api, stack.insights):
        status, body = stack.ask(container, "/health/")
        assert status == 503
        assert json.loads(body)["overall_status"] == "UNAVAILABLE"
    docker.start(stack.mysql)
    wait_until_healthy(stack.mysql)
    for container in (stack.api, stack.insights):
        wait_for(lambda container=container: stack.ask(container, "/health/")[0] == 200)  # type: ignore[misc]


def test_a_killed_one_is_back_with_the_same_data(stack: Stack) -> None:
    create = "echo a-very-long-password | python -m insights create_user ada --superuser"
    inside(stack.insights, "sh", "-c", create)
    for container in (stack.api, stack.insights):
        docker.kill(container, signal="KILL")
        docker.start(container)
        wait_until_healthy(container)
    query = "SELECT username FROM insights.auth_user"
    assert "ada" in inside(stack.mysql, "mariadb", "-Ne", query)
