"""A site from a fresh clone to a course in a browser, as docs/set-up.md says.

All tests are in this file, so that they share one stack; they run in this order. What is left out
here stands in docs/: a command that no test runs is marked there.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import pytest
import requests
from analyticsclient.client import Client

import guide
from checkout import ROOT
from insights_pipeline.sample import SampleOptions, write_sample
from tasks.lib.local.users import User
from visiting import Site, visitor_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from fresh_clone import FreshClone
    from insights_pipeline.sample import Sample

COURSE = "course-v1:ExampleX+CS101+2026_T1"
SERVICES = ("api", "elasticsearch", "insights", "mysql", "nginx")
SET_UP = guide.commands(ROOT / "docs" / "set-up.md")
ALL_HEALTHY = dict.fromkeys(SERVICES, "healthy")
SECONDS_TO_HEAL = 120
DAYS = 42


@dataclass(frozen=True)
class Stack:
    """The clone's running site."""

    clone: FreshClone
    sample: Sample
    password: str

    @property
    def url(self) -> str:
        return f"https://localhost:{self.clone.setting('HTTPS_PORT')}"

    @property
    def certificate(self) -> str:
        """What a client trusts: the certificate that `inv init` made is its own authority."""
        return str(self.clone.root / self.clone.setting("TLS_CERTIFICATE"))

    def health(self) -> dict[str, str]:
        """The health of each service's container, as the engine sees it."""
        lines = self.clone.do("docker compose ps --format json").splitlines()
        return {found["Service"]: found["Health"] for found in map(json.loads, lines)}

    def wait_until_healthy(self) -> None:
        """Return once every service is."""
        deadline = time.monotonic() + SECONDS_TO_HEAL
        while self.health() != ALL_HEALTHY:
            assert time.monotonic() < deadline, self.health()
            time.sleep(0.5)

    def container(self, service: str) -> str:
        """The id of a service's container."""
        return self.clone.do(f"docker compose ps --all --quiet {service}").strip()

    def client(self, token: str = "") -> Client:
        """The published client, through nginx."""
        token = token or self.clone.setting("API_TOKEN")
        return Client(f"{self.url}/api/v0", auth_token=token, timeout=10)

    def enrollment(self) -> list[dict[str, Any]]:
        """A course's learners by day, as the published client gets them."""
        answer = self.client().courses(COURSE).enrollment(start_date="2026-01-05")
        rows: list[dict[str, Any]] = answer
        return rows


def run_section(clone: FreshClone, heading: str) -> str:
    """Run the commands of a section of the guide; returns what they printed."""
    lines = [command.line for command in SET_UP if command.heading == heading]
    assert lines, heading
    return "".join(clone.do(line) for line in lines)


@pytest.fixture(scope="module")
def stack(built_clone: FreshClone, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The guide, from "Up" to "Accounts"; at the end its "Down"."""
    clone = built_clone
    options = SampleOptions(days=DAYS, learners=150, courses=3)
    sample = write_sample(tmp_path_factory.mktemp("sample"), options)
    try:
        run_section(clone, "3. Up")
        shutil.copytree(sample.logs, clone.root / "data/tracking-logs", dirs_exist_ok=True)
        run_section(clone, "4. Numbers")
        password = re.search(r"^password of ada: (\S+)$", run_section(clone, "5. Accounts"), re.M)
        assert password
        yield Stack(clone, sample, password[1])
    finally:
        run_section(clone, "Down")


@pytest.fixture(autouse=True)
def trusted(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests trusts the site's certificate."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", stack.certificate)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)


def test_every_service_is_healthy(stack: Stack) -> None:
    assert stack.health() == ALL_HEALTHY


def test_plain_compose_agrees_with_what_inv_started(stack: Stack) -> None:
    before = {service: stack.container(service) for service in SERVICES}

    stack.clone.do("docker compose up --detach")

    assert {service: stack.container(service) for service in SERVICES} == before


def test_browser_signs_in_and_sees_a_course(stack: Stack, browser: Browser) -> None:
    ada = Site(stack.clone.root, stack.url, User("ada", stack.password))
    with browser.new_context(ignore_https_errors=True) as context:
        visitor = visitor_of(context, ada)
        visitor.sign_in()
        visitor.page.get_by_role("link", name=re.compile("CS101")).first.click()
        visitor.page.wait_for_load_state()
        last = stack.enrollment()[-1]
        assert f"{last['count']:,}" in visitor.page.inner_text("main")
        assert visitor.complaints == []
        assert visitor.foreign_requests == []


def test_published_client_gets_the_same_rows_as_the_database_holds(stack: Stack) -> None:
    rows = stack.enrollment()

    counts = stack.clone.do(
        './inv exec.mysql --command "mariadb reports --batch --skip-column-names --execute'
        f" \\\"SELECT date, count FROM course_enrollment_daily WHERE course_id = '{COURSE}'"
        ' ORDER BY date\\""'
    )
    assert [f"{row['date']}\t{row['count']}" for row in rows] == counts.splitlines()
    assert len(rows) >= DAYS


def test_a_second_update_reads_nothing_and_changes_nothing(stack: Stack) -> None:
    before = stack.enrollment()

    done = stack.clone.run(
        "./inv local.update --logs data/tracking-logs --data data/site --publish stack"
    )

    assert done.returncode == 0, done.stderr
    assert "0 files with something new" in done.stderr
    assert stack.enrollment() == before


def test_http_leads_to_https(stack: Stack) -> None:
    port = stack.clone.setting("HTTP_PORT")
    answer = requests.get(f"http://localhost:{port}/courses/", allow_redirects=False, timeout=5)
    assert answer.status_code in (301, 308)
    assert answer.headers["Location"] == f"{stack.url}/courses/"


def test_readers_address_reaches_the_application(stack: Stack) -> None:
    """And no address that a reader made up does."""
    requests.get(
        f"{stack.url}/courses/?q=whoami", headers={"X-Forwarded-For": "6.6.6.6"}, timeout=5
    )

    logs = stack.clone.do("./inv logs.insights --no-follow")

    line = next(line for line in logs.splitlines() if "q=whoami" in line)
    assert "6.6.6.6" not in line
    assert re.search(r"\b(?:\d{1,3}\.){3}1\b", line)  # the network's gateway: this machine


def test_day_by_day_commands(stack: Stack) -> None:
    printed = run_section(stack.clone, "Day by day")
    assert "COUNT(*)" in printed
    assert "Python 3" in printed


@pytest.mark.parametrize("service", SERVICES)
def test_killed_container_comes_back_without_loss(stack: Stack, service: str) -> None:
    """Killed as a crash does it, not by `docker kill`, after which the engine leaves it ended."""
    before = stack.enrollment()
    with light_load(stack):
        process = stack.clone.do(
            f"docker inspect --format '{{{{.State.Pid}}}}' {stack.container(service)}"
        )
        os.kill(int(process), signal.SIGKILL)
        time.sleep(1)
        stack.wait_until_healthy()

    assert stack.enrollment() == before


@contextmanager
def light_load(stack: Stack) -> Iterator[None]:
    """Somebody asks for pages and numbers meanwhile."""
    headers = {"Authorization": f"Token {stack.clone.setting('API_TOKEN')}"}
    over = Event()

    def ask() -> None:
        while not over.wait(0.1):
            for path in ("/", "/api/v0/course_summaries/"):
                with suppress(requests.RequestException):
                    requests.get(f"{stack.url}{path}", headers=headers, timeout=5)

    reader = Thread(target=ask)
    reader.start()
    try:
        yield
    finally:
        over.set()
        reader.join()


def test_changed_passwords_work_after_up(stack: Stack) -> None:
    clone = stack.clone
    before, old_token = stack.enrollment(), clone.setting("API_TOKEN")
    secrets = [
        *(f"MYSQL_{user}_PASSWORD" for user in ("API", "INSIGHTS", "PIPELINE", "MIGRATIONS")),
        *("API_TOKEN", "API_SECRET_KEY", "INSIGHTS_SECRET_KEY"),
    ]
    old = {name: clone.setting(name) for name in secrets}
    clone.set(**{name: value[::-1] for name, value in old.items()})

    for command in guide.commands(ROOT / "docs" / "upgrade.md"):
        if command.heading == "Other passwords":
            clone.do(command.line)

    assert stack.enrollment() == before
    status = requests.get(
        f"{stack.url}/api/v0/course_summaries/",
        headers={"Authorization": f"Token {old_token}"},
        timeout=5,
    ).status_code
    assert status == 401
    printed = clone.run(
        "./inv local.update --logs data/tracking-logs --data data/site --publish stack"
    )
    assert printed.returncode == 0, printed.stderr


def test_certificate_is_replaced_without_a_pause(stack: Stack) -> None:
    clone = stack.clone
    served = certificate_of(stack)
    for name in ("TLS_CERTIFICATE", "TLS_KEY"):
        (clone.root / clone.setting(name)).unlink()
    clone.inv("init")

    for command in guide.commands(ROOT / "docs" / "certificates.md"):
        if not command.is_marked:
            clone.do(command.line)

    assert certificate_of(stack) != served
    assert requests.get(f"{stack.url}/", timeout=5).status_code == 200


def certificate_of(stack: Stack) -> bytes:
    """The certificate that nginx shows now."""
    port = stack.clone.setting("HTTPS_PORT")
    shown = subprocess.run(
        ["openssl", "s_client", "-connect", f"localhost:{port}", "-servername", "localhost"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    ).stdout
    found = re.search(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", shown, re.S)
    assert found
    return found[0]
