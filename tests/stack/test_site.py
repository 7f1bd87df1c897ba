"""A site from a fresh clone to a course in a browser, and through its life, as docs/ says.

All tests are in this file, so that they share one stack; they run in this order.
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
from filelock import FileLock
from playwright.sync_api import Error as PlaywrightError

import guide
import pages
from fresh_clone import FreshClone
from insights_pipeline.sample import SampleOptions, write_sample
from tasks.lib.engine import Engine
from tasks.lib.images import labels
from tasks.lib.images.graph import image_keys
from tasks.lib.local.users import User
from visiting import Site, Visitor, visitor_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext

    from insights_pipeline.sample import Sample

COURSE = "course-v1:ExampleX+CS101+2026_T1"
SERVICES = ("api", "elasticsearch", "insights", "mysql", "nginx")
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

    def update(self) -> str:
        """Publish what is new in the logs, as every night; returns what the run said."""
        (line,) = guide.section("docs/set-up.md", "4. Numbers")
        done = self.clone.run(line)
        assert done.returncode == 0, done.stderr
        return done.stderr


@pytest.fixture(scope="module")
def stack(built_clone: FreshClone, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The guide, from "Up" to "Accounts"; at the end its "Down"."""
    clone = built_clone
    options = SampleOptions(days=DAYS, learners=150, courses=3)
    sample = write_sample(tmp_path_factory.mktemp("sample"), options)
    try:
        guide.run("docs/set-up.md", "3. Up", clone.do)
        shutil.copytree(sample.logs, clone.root / "data/tracking-logs", dirs_exist_ok=True)
        guide.run("docs/set-up.md", "4. Numbers", clone.do)
        printed = guide.run("docs/set-up.md", "5. Accounts", clone.do)
        password = re.search(r"^password of ada: (\S+)$", printed, re.MULTILINE)
        assert password
        yield Stack(clone, sample, password[1])
    finally:
        guide.run("docs/set-up.md", "Down", clone.do)


@pytest.fixture(scope="module")
def second_clone(
    engine_running: None,  # noqa: ARG001
    tmp_path_factory: pytest.TempPathFactory,
) -> FreshClone:
    """Another checkout on this machine; made before `trusted`, as pip would trust no other site."""
    clone = FreshClone.make(tmp_path_factory.mktemp("second") / "elsewhere")
    clone.inv("--list")
    return clone


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


def _at_a_course(context: BrowserContext, site: Site) -> Visitor:
    """Somebody who signed in, saw the course in the list, and opened it.

    Chromium gives up what it loads when a network of this machine comes or goes, as those of other
    stacks do meanwhile (net::ERR_NETWORK_CHANGED): then it is begun again.
    """
    failures: list[str] = []
    for _ in range(8):
        visitor = visitor_of(context, site)
        visitor.page.on("requestfailed", lambda request: failures.append(str(request.failure)))
        try:
            visitor.sign_in()
            visitor.page.wait_for_url("**/courses/", timeout=10_000)
            assert "CS101" in visitor.page.inner_text("main"), visitor.page.inner_text("body")
            visitor.page.get_by_role("link", name=re.compile("CS101")).first.click()
            visitor.page.wait_for_url(re.compile("/courses/.*CS101"), timeout=10_000)
        except PlaywrightError:
            if "chrome-error:" not in visitor.page.url and not failures:
                raise
            context.clear_cookies()
            visitor.page.close()
            time.sleep(2)
        else:
            return visitor
    raise AssertionError(f"no page: {failures}")


def test_browser_signs_in_and_sees_a_course(stack: Stack, browser: Browser) -> None:
    ada = Site(stack.clone.root, stack.url, User("ada", stack.password))
    with browser.new_context(ignore_https_errors=True) as context:
        visitor = _at_a_course(context, ada)
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

    assert "0 files with something new" in stack.update()
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
    printed = guide.run("docs/set-up.md", "Day by day", stack.clone.do)
    assert "COUNT(*)" in printed
    assert "Python 3" in printed


def test_completion_knows_tasks_and_services(stack: Stack) -> None:
    (line,) = guide.section("docs/set-up.md", "Completion")
    printed = stack.clone.do(
        f"PATH=$PWD:$PATH; {line}; complete -p inv; inv --complete -- 'inv start.'"
    )
    assert "inv" in printed.splitlines()[0]
    assert {f"start.{service}" for service in SERVICES} <= set(printed.split())


def test_settings_and_images_may_be_seen_to_again_at_any_time(stack: Stack) -> None:
    clone = stack.clone
    files = {path: path.read_bytes() for path in (clone.root / "conf").glob("*.env")}

    guide.run("docs/set-up.md", "1. Settings", clone.do)
    printed = guide.run("docs/set-up.md", "2. Images", clone.do)

    assert {path: path.read_bytes() for path in files} == files
    assert len(files) == 3
    assert printed.count("up to date\n") == len(image_keys(clone.root))


def test_readme_s_two_commands_end_in_the_logs_and_ctrl_c_leaves_the_stack_up(
    stack: Stack,
) -> None:
    *_, dev, up = guide.section("README.md", "See it run")
    stack.clone.do(dev)

    with in_clone(stack.clone, up) as process:
        assert process.stdout
        try:
            with light_load(stack):
                assert any("/api/v0/course_summaries/" in line for line in process.stdout)
        finally:
            os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=30)

    assert process.returncode == 0, errors
    assert f"5 services are healthy: {stack.url}/\n" in errors
    assert "the stack stays up" in errors
    assert stack.health() == ALL_HEALTHY


def test_an_interrupted_backup_leaves_nothing(stack: Stack) -> None:
    folder = stack.clone.root / "data/interrupted"
    with backup_begun(stack, folder) as process:
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=30)

    assert process.returncode == 130, errors
    assert errors.endswith("inv: interrupted\n")
    assert not folder.exists()


def test_a_killed_backup_is_refused(stack: Stack) -> None:
    before, folder = stack.enrollment(), stack.clone.root / "data/killed"
    with backup_begun(stack, folder) as process:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)

    refused = stack.clone.run(f"./inv restore --from {folder} --yes")

    assert refused.returncode == 1
    assert f"{folder}/manifest.json is not there" in refused.stderr
    assert stack.health() == ALL_HEALTHY
    assert stack.enrollment() == before


@contextmanager
def backup_begun(stack: Stack, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """`inv backup` from its first file on."""
    with in_clone(stack.clone, f"./inv backup --to {folder}") as process:
        deadline = time.monotonic() + 60
        while not (folder / "conf").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
        yield process


def in_clone(clone: FreshClone, line: str) -> subprocess.Popen[str]:
    """A command line of the guide in a process group of its own, as a terminal starts it."""
    return subprocess.Popen(
        ["bash", "-c", f"unset PYTHONPATH VIRTUAL_ENV; exec {line}"],
        cwd=clone.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_site_comes_back_from_a_backup_here_and_elsewhere(
    stack: Stack, second_clone: FreshClone, tmp_path: Path
) -> None:
    """After `inv destroy`: in a second clone, then in the one that it came from."""
    clone = stack.clone
    backup = clone.root / "data/backup"
    clone.do('./inv shell.pipeline --command "echo kept >/data/probe"')
    before, shown = stack.enrollment(), pages_shown(stack)

    guide.run("docs/data.md", "Back it up", clone.do)
    clone.do("./inv destroy --yes")

    elsewhere = Stack(second_clone, stack.sample, stack.password)
    try:
        elsewhere.clone.do(f"./inv restore --from {backup}")
        assert elsewhere.clone.setting("COMPOSE_PROJECT_NAME").startswith("elsewhere-")
        elsewhere.clone.do("./inv up --detach")
        assert elsewhere.health() == ALL_HEALTHY
        assert elsewhere.enrollment() == before
        assert pages_shown(elsewhere) == shown
        assert probe(elsewhere) == "kept 10004:10004\n"
    finally:
        elsewhere.clone.do("./inv destroy --yes")

    refuse_damaged(clone, backup, tmp_path / "damaged")
    kill_a_restore(clone, backup)
    guide.run("docs/data.md", "Bring it back", clone.do)
    assert stack.health() == ALL_HEALTHY
    assert stack.enrollment() == before
    assert pages_shown(stack) == shown
    assert probe(stack) == "kept 10004:10004\n"
    assert "0 files with something new" in stack.update()
    assert stack.enrollment() == before


def probe(stack: Stack) -> str:
    """A file of the pipeline's volume, and its owner."""
    script = "echo $(cat /data/probe) $(stat --format=%u:%g /data/probe)"
    return stack.clone.do(f"./inv shell.pipeline --command '{script}'")


def refuse_damaged(clone: FreshClone, backup: Path, copy: Path) -> None:
    """A copy of a backup whose largest file was cut is refused, and changes nothing."""
    shutil.copytree(backup, copy)
    largest = max((file for file in copy.rglob("*") if file.is_file()), key=_size)
    os.truncate(largest, _size(largest) - 1)
    before = clone.do("docker volume ls --quiet")

    refused = clone.run(f"./inv restore --from {copy} --yes")

    assert refused.returncode == 1
    assert str(largest) in refused.stderr
    assert clone.do("docker volume ls --quiet") == before


def kill_a_restore(clone: FreshClone, backup: Path) -> None:
    """Killed when the database's server is up, it leaves half a site, which is not brought up."""
    with in_clone(clone, f"./inv restore --from {backup} --yes") as process:
        assert process.stderr
        assert any("mysql: starting" in line for line in process.stderr)
        os.killpg(process.pid, signal.SIGKILL)

    refused = clone.run("./inv up --detach")

    assert refused.returncode == 1
    assert f"the site is half restored: `inv restore --from {backup}` begins" in refused.stderr


def _size(file: Path) -> int:
    return file.stat().st_size


def pages_shown(stack: Stack) -> dict[str, str]:
    """The text of the pages, by path, as ada sees them."""
    return pages.shown(stack.url, stack.certificate, User("ada", stack.password), COURSE)


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

    guide.run("docs/upgrade.md", "Other passwords", clone.do)

    assert stack.enrollment() == before
    status = requests.get(
        f"{stack.url}/api/v0/course_summaries/",
        headers={"Authorization": f"Token {old_token}"},
        timeout=5,
    ).status_code
    assert status == 401
    stack.update()


def test_an_upgrade_that_fails_has_a_way_back(stack: Stack) -> None:
    clone, before = stack.clone, stack.enrollment()
    dockerfile = clone.root / "services/web/nginx/Dockerfile"
    good = dockerfile.read_text()
    dockerfile.write_text(f"{good}RUN false\n")
    (upgrade,) = guide.section("docs/upgrade.md", "A newer version")

    failed = clone.run(upgrade)

    assert failed.returncode == 1
    assert "inv: upgrade: build failed: 1 of " in failed.stderr
    assert f"`inv restore --from {clone.root}/data/before-upgrade`" in failed.stderr
    assert stack.health() == ALL_HEALTHY
    assert stack.enrollment() == before

    dockerfile.write_text(good)
    guide.run("docs/upgrade.md", "The way back", clone.do)
    assert stack.health() == ALL_HEALTHY
    assert stack.enrollment() == before


def test_a_newer_version_adds_its_settings(stack: Stack) -> None:
    """Here it has the same images, and a setting that an older one did not know."""
    clone, before = stack.clone, stack.enrollment()
    file = clone.root / "conf/pipeline.env"
    settings = file.read_text()
    file.write_text(re.sub(r"^INTERVAL=.*\n", "", settings, flags=re.MULTILINE))
    shutil.rmtree(clone.root / "data/before-upgrade")

    guide.run("docs/upgrade.md", "A newer version", clone.do)

    assert "\nINTERVAL=''\n" in file.read_text()
    assert stack.health() == ALL_HEALTHY
    assert stack.enrollment() == before


def test_certificate_is_replaced_without_a_pause(stack: Stack) -> None:
    clone = stack.clone
    served = certificate_of(stack)
    for name in ("TLS_CERTIFICATE", "TLS_KEY"):
        (clone.root / clone.setting(name)).unlink()
    clone.inv("init")

    guide.run("docs/certificates.md", "Certificates", clone.do)

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


@pytest.mark.full
def test_security_updates_replace_all_images_and_prune_removes_the_old_ones(
    stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> None:
    clone, before = stack.clone, stack.enrollment()
    clone.leave_out_hadoop()
    rebuild, up, prune = guide.section("docs/upgrade.md", "Security updates of Debian's packages")
    old = set(images_of(clone).values())

    clone.do(rebuild)
    clone.do(up)

    new = images_of(clone)
    assert old.isdisjoint(new.values())
    assert stack.health() == ALL_HEALTHY
    assert stack.enrollment() == before

    # Other tests may use one of these in a container of theirs.
    free = old - in_use()
    with FileLock(tmp_path_factory.getbasetemp().parent / "prune.lock"), kept(old_images() - old):
        shown = clone.run(prune.removesuffix(" --yes"))
        assert shown.returncode == 2
        assert "without a terminal, confirm with --yes" in shown.stderr
        assert old <= known_images()
        clone.do(prune)
        free -= in_use()
    assert free
    assert all(one.removeprefix("sha256:")[:12] in shown.stdout for one in free)
    assert free.isdisjoint(known_images())
    assert set(new.values()) <= known_images()


def images_of(clone: FreshClone) -> dict[str, str]:
    """The id of each of the clone's images."""
    prefix, version = clone.setting("REGISTRY"), clone.setting("VERSION")
    ids = Engine.connect().images()
    return {key: ids[f"{prefix}/{key}:{version}"] for key in image_keys(clone.root)}


def known_images() -> set[str]:
    """The ids of all images that the engine has."""
    return {image.id for image in Engine.connect().all_images()}


def old_images() -> set[str]:
    """The ids of this project's images without a name, of whichever checkout."""
    return {
        image.id
        for image in Engine.connect().all_images()
        if not image.tags and image.labels.get(f"{labels.PREFIX}vendor") == labels.VENDOR
    }


def in_use() -> set[str]:
    """The ids of the images that containers were made of."""
    return Engine.connect().images_in_use()


@contextmanager
def kept(images: set[str]) -> Iterator[None]:
    """Old images of others are not for this test to remove: a container uses each meanwhile."""
    containers: list[str] = []
    try:
        for image in images:
            created = ["docker", "create", image, "nothing"]
            containers.append(subprocess.check_output(created, text=True).strip())
        yield
    finally:
        if containers:
            subprocess.run(["docker", "rm", *containers], check=True, capture_output=True)
