"""Checks before a start: every kind of finding, where it points to, and what it says to do."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from configured import configured, edit, new_checkout
from fresh_clone import free_ports
from issuing import issue
from tasks.lib import settings
from tasks.lib.engine import Container, Engine, Machine
from tasks.lib.errors import OperatorError
from tasks.lib.settings import checks
from tasks.lib.settings.checks import Finding, Severity
from tasks.lib.settings.setting_types import size_in_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator


as_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts a disk, or takes a port below 1024")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with nothing to find fault with."""
    root = configured(tmp_path / "site", monkeypatch)
    https, http = free_ports(2)
    edit(root, HTTPS_PORT=str(https), HTTP_PORT=str(http))
    return root


def before_start(root: Path, *containers: Container) -> list[Finding]:
    return checks.before_start(settings.read(root), containers)


def found(root: Path) -> str:
    """The one finding before a start, as it is shown."""
    (finding,) = before_start(root)
    return str(finding)


@pytest.mark.usefixtures("engine_running")
def test_nothing_is_found_in_a_fresh_site(site: Path) -> None:
    assert checks.errors(checks.check(site)) == []
    assert before_start(site) == []
    assert checks.summary([]) == "all is well"


def test_before_start_is_quick(site: Path) -> None:
    loaded = settings.load(site)
    before_start(site)
    began = time.perf_counter()
    checks.before_start(loaded)

    assert time.perf_counter() - began < 0.2


# --- Settings ---


def test_a_checkout_without_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = new_checkout(tmp_path / "clone", monkeypatch)

    findings = [*map(str, before_start(root))]
    assert "error: conf: there are no settings yet: run `inv init`" in findings
    assert not any("is missing" in finding for finding in findings)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("HTTPS_PORT", "eight", "HTTPS_PORT is 'eight', not a port, 1 to 65535: correct it"),
        ("SITE_HOST", "https://a.org", "SITE_HOST is 'https://a.org', not a host name"),
        ("VERSION", "", "VERSION is empty: correct it"),
        ("MYSQL_BUFFER_POOL", "1t", "MYSQL_BUFFER_POOL is '1t', not an amount of memory"),
        ("API_TOKEN", "x" * 41, "API_TOKEN is not 20 to 40 of ASCII's letters, digits"),
        ("API_TOKEN", "", "API_TOKEN is empty: correct it"),
        ("MYSQL_API_PASSWORD", "hunter2", "MYSQL_API_PASSWORD has fewer than 20 characters: "),
        ("MYSQL_API_PASSWORD", "change-me-please", "MYSQL_API_PASSWORD looks like a placeholder"),
        ("MYSQL_API_PASSWORD", "abab" * 8, "MYSQL_API_PASSWORD repeats itself: choose another"),
    ],
)
def test_bad_values(site: Path, name: str, value: str, message: str) -> None:
    edit(site, **{name: value})

    shown = [str(finding) for finding in before_start(site)]
    assert any(
        re.fullmatch(rf"error: conf/\w+\.env:\d+: {re.escape(message)}.*", line) for line in shown
    ), shown
    if name.startswith(("API", "MYSQL_API")) and value:
        assert value not in "".join(shown)


def test_all_findings_at_once(site: Path) -> None:
    edit(site, SITE_HOST="a b", HTTP_PORT="0", API_TOKEN="short", LOG_FORMAT="xml")
    (site / "conf/mysql.env").write_text("MYSQL_API_PASSWORD='open\n")

    findings = before_start(site)

    named = {finding.setting for finding in checks.errors(findings)}
    assert {"SITE_HOST", "HTTP_PORT", "API_TOKEN", "LOG_FORMAT"} < named
    assert {"MYSQL_API_PASSWORD", "MYSQL_INSIGHTS_PASSWORD"} < named
    (of_line,) = [finding for finding in findings if finding.setting == "MYSQL_API_PASSWORD"]
    assert of_line.message == "opens ' for MYSQL_API_PASSWORD and does not close it"
    assert (of_line.file, of_line.line) == (Path("conf/mysql.env"), 1)


def test_a_file_that_cannot_be_read_is_one_finding(site: Path) -> None:
    path = site / "conf/mysql.env"
    path.write_bytes(path.read_bytes() + b"# caf\xe9\n")

    assert found(site) == "error: conf/mysql.env:15: is not UTF-8: save the file as UTF-8"


def test_a_setting_that_is_missing(site: Path) -> None:
    path = site / "conf/mysql.env"
    path.write_text(re.sub("MYSQL_API_PASSWORD=.*\n", "", path.read_text()))

    assert found(site) == "error: conf/mysql.env: MYSQL_API_PASSWORD is missing: run `inv init`"


def test_a_bad_value_of_the_process_environment(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_FORMAT", "xml")

    assert found(site) == (
        "error: LOG_FORMAT is 'xml', not one of plain, json: correct it in the process environment"
    )


def test_one_secret_for_two(site: Path) -> None:
    edit(
        site,
        MYSQL_API_PASSWORD="one-secret-for-both-of-them",
        MYSQL_INSIGHTS_PASSWORD="one-secret-for-both-of-them",
    )

    assert re.fullmatch(
        r"warning: conf/mysql\.env:\d+: MYSQL_INSIGHTS_PASSWORD is the same as MYSQL_API_PASSWORD:"
        " give each its own",
        found(site),
    )


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"ELASTICSEARCH_HEAP": "1g"}, "1g, more than 50% of ELASTICSEARCH_MEMORY (1280m)"),
        ({"MYSQL_MEMORY": "300m"}, "256m, more than 60% of MYSQL_MEMORY (300m)"),
    ],
)
def test_more_memory_inside_than_the_container_has(
    site: Path, values: dict[str, str], message: str
) -> None:
    edit(site, **values)

    assert message in found(site)
    assert found(site).startswith("warning: ")


@pytest.mark.parametrize(
    ("values", "finding"),
    [
        ({"MAIL_FROM": ""}, "error: .*MAIL_FROM is empty, and SMTP_HOST is not: set it"),
        ({"SMTP_USER": "insights"}, "error: .*SMTP_PASSWORD is empty, and SMTP_USER is not"),
        ({"SMTP_PASSWORD": "hunter2"}, "error: .*SMTP_USER is empty, and SMTP_PASSWORD is not"),
        (
            {"SMTP_USER": "insights", "SMTP_PASSWORD": "hunter2", "SMTP_SECURITY": "none"},
            "warning: .*SMTP_SECURITY is none, so that SMTP_PASSWORD is sent in clear",
        ),
        ({"SMTP_PORT": "465"}, "warning: .*SMTP_PORT is 465, where servers speak no starttls"),
        ({"SMTP_SECURITY": "tls"}, "warning: .*SMTP_PORT is 587, where servers speak no tls"),
    ],
    ids=str,
)
def test_mail_settings_that_do_not_go_together(
    site: Path, values: dict[str, str], finding: str
) -> None:
    edit(site, SMTP_HOST="mail.example.org", MAIL_FROM="insights@example.org")
    assert before_start(site) == []

    edit(site, **values)
    assert re.match(finding, found(site))
    assert "hunter2" not in found(site)


def test_one_port_for_both(site: Path) -> None:
    port = settings.load(site)["HTTPS_PORT"]
    edit(site, HTTP_PORT=port)

    assert f"HTTP_PORT is {port}, as HTTPS_PORT: change one" in found(site)


@pytest.mark.usefixtures("engine_running")
def test_names_that_no_template_knows(site: Path) -> None:
    with (site / "conf/mysql.env").open("a") as file:
        file.write("BUFFER_POOL='1g'\nOLD_NAME='1'\nVERSION='2'\n")

    shown = [str(each) for each in checks.check(site) if each.severity is Severity.WARNING]
    for message in (
        "BUFFER_POOL is not known (any more) and has no effect: remove it, or did you mean"
        " MYSQL_BUFFER_POOL?",
        "OLD_NAME is not known (any more) and has no effect: remove it",
        "VERSION has no effect here: move it to conf/analytics.env",
    ):
        assert any(re.search(rf"mysql\.env:\d+: {re.escape(message)}$", line) for line in shown)


@pytest.mark.usefixtures("engine_running")
def test_files_that_others_may_read(site: Path) -> None:
    (site / "conf/mysql.env").chmod(0o644)
    (site / ".env").chmod(0o604)

    assert [str(finding) for finding in checks.check(site)[:2]] == [
        f"error: {file}: holds secrets and is open to every user of this machine (mode {mode}):"
        f" chmod 600 {file}"
        for file, mode in (("conf/mysql.env", 644), (".env", 604))
    ]


@pytest.mark.usefixtures("engine_running")
@pytest.mark.parametrize("name", ["BUILD_CA", "BUILD_NPM_CONF", "GEOIP_DATABASE"])
def test_files_that_cannot_be_read(site: Path, name: str) -> None:
    edit(site, **{"BUILD_CA": "", "BUILD_PIP_CONF": "", name: "/nowhere/file"})

    (error,) = checks.errors(checks.check(site))
    assert error.message == f"{name} is /nowhere/file, which is no readable file"
    assert error.remedy == "correct it, or leave it empty"


@pytest.mark.usefixtures("engine_running")
def test_settings_that_cannot_be_read_at_all(site: Path) -> None:
    (site / "conf/mysql.env").unlink()
    (site / "conf/mysql.env").mkdir()

    assert [str(finding) for finding in checks.check(site)] == [
        "error: conf/mysql.env: Is a directory: it has to be a file that you can read"
    ]


# --- Certificate ---


def test_no_certificate(site: Path) -> None:
    (site / "data/tls/certificate.pem").unlink()

    assert "certificate.pem cannot be read: No such file or directory: " in found(site)
    assert "`inv init` where the site has none" in found(site)


def test_a_pair_that_does_not_match(site: Path) -> None:
    issue(site / "other", "localhost")
    edit(site, TLS_CERTIFICATE="other/certificate.pem")

    assert "key.pem is not the key of the first certificate in" in found(site)


@pytest.mark.parametrize(
    ("days", "severity", "message"),
    [
        ((-90, -1), "error", "expired on "),
        ((1, 90), "error", "is valid only from "),
        ((-90, 5), "warning", "expires on "),
    ],
)
def test_dates_of_the_certificate(
    site: Path, days: tuple[int, int], severity: str, message: str
) -> None:
    issue(site / "data/tls", "localhost", days=days)
    (site / "data/tls/key.pem").chmod(0o600)

    assert re.match(rf"{severity}: data/tls/certificate\.pem: {message}", found(site))


def test_a_certificate_for_another_host(site: Path) -> None:
    edit(site, SITE_HOST="analytics.example.org")

    assert found(site).startswith("warning: ")
    assert "is for localhost, 127.0.0.1, ::1, and SITE_HOST is analytics.example.org" in found(site)
    assert "certificate.pem and run `inv init` for a new self-signed one" in found(site)


def test_a_key_that_others_may_read(site: Path) -> None:
    (site / "data/tls/key.pem").chmod(0o644)

    assert re.search(
        r"key\.pem: is open to every user .* \(mode 644\): chmod 600 data/", found(site)
    )


# --- Ports and other checkouts ---


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of the loopback interface on which somebody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def container(port: int, working_dir: Path) -> Container:
    """An nginx of ours as the engine describes it."""
    return Container(
        id="0" * 64,
        name="site-nginx-1",
        service="nginx",
        working_dir=str(working_dir),
        state="running",
        health="healthy",
        probe="",
        exit_code=0,
        image_id="sha256:0",
        image="nginx",
        started=datetime.now(UTC),
        restarts=0,
        addresses={},
        ports={"8443/tcp": (f"127.0.0.1:{port}", f"[::1]:{port}")},
    )


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_a_port_that_is_taken(site: Path, taken: int, address: str) -> None:
    edit(site, HTTPS_PORT=str(taken), BIND_ADDRESS=address)

    assert f"HTTPS_PORT is {taken}, which another program of this machine uses" in found(site)
    assert f"`sudo ss -ltnp 'sport = :{taken}'` names it" in found(site)


def test_a_port_that_our_own_nginx_has(site: Path, taken: int) -> None:
    edit(site, HTTPS_PORT=str(taken))

    assert before_start(site, container(taken, site)) == []


def test_an_address_of_another_machine(site: Path) -> None:
    edit(site, BIND_ADDRESS="192.0.2.1")

    assert "BIND_ADDRESS is 192.0.2.1, which is no address of this machine" in found(site)


@as_root
def test_ports_that_only_root_may_use(site: Path) -> None:
    """The engine may, so what counts is whether somebody answers there."""
    edit(site, HTTPS_PORT="1021", HTTP_PORT="1022")
    loaded = settings.read(site)
    checks.before_start(loaded)  # imports what an ordinary user might not be able to read
    with socket.create_server(("127.0.0.1", 1022)), ordinary_user():
        (finding,) = [each for each in checks.before_start(loaded) if "PORT" in str(each.setting)]

    assert finding.message == "HTTP_PORT is 1022, which another program of this machine uses"


@contextmanager
def ordinary_user() -> Iterator[None]:
    """This process without root's rights over ports."""
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_project_name_that_another_checkout_uses(
    site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = new_checkout(tmp_path / "other", monkeypatch)
    project = settings.load(site).project

    (finding,) = before_start(site, container(1, other))
    assert finding.setting == "COMPOSE_PROJECT_NAME"
    assert f"is {project}, as in {other}, whose containers have that name" in finding.message

    (other / "docker-compose.yml").unlink()
    assert before_start(site, container(1, other)) == [], "the checkout was moved"


@pytest.mark.usefixtures("engine_running")
def test_ports_of_containers_that_run(site: Path) -> None:
    (port,) = free_ports(1)
    edit(site, HTTPS_PORT=str(port))
    project = settings.load(site).project
    name = f"h2-checks-{uuid4().hex[:8]}"
    labels = {
        "com.docker.compose.project": project,
        "com.docker.compose.service": "nginx",
        "com.docker.compose.oneoff": "False",
    }
    subprocess.run(
        [
            *("docker", "run", "--detach", "--rm", "--name", name),
            *(f"--publish=127.0.0.1:{port}:8443", "--stop-timeout=0"),
            *(f"--label={key}={value}" for key, value in labels.items()),
            *("debian:bookworm-slim", "sleep", "300"),
        ],
        capture_output=True,
        check=True,
    )
    try:
        assert checks.errors(checks.check(site)) == []
        edit(site, COMPOSE_PROJECT_NAME=f"{project}-2")
        (error,) = checks.errors(checks.check(site))
        assert f"HTTPS_PORT is {port}, which another program" in error.message
    finally:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=True)


# --- Engine and machine ---


def test_no_engine(site: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")

    (error,) = checks.errors(checks.check(site))
    assert re.match(r"error: no Docker engine answers at unix://.*: start it", str(error))


def test_old_commands(site: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    docker = tmp_path / "bin" / "docker"
    docker.parent.mkdir()
    docker.write_text('#!/bin/sh\n[ "$1" = compose ] && echo 2.10.2 || echo "buildx v0.9.1 abc"\n')
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(docker.parent), prepend=":")
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")

    _, *errors = checks.errors(checks.check(site))
    assert [error.message.partition(",")[0] for error in errors] == [
        "Docker Compose is 2.10.2",
        "Docker buildx is 0.9.1",
    ]


@pytest.mark.usefixtures("engine_running")
def test_more_memory_than_the_machine_has(site: Path) -> None:
    edit(site, API_MEMORY="9000g", ENGINE="duckdb")

    (warning,) = [finding for finding in checks.check(site) if "together" in finding.message]
    memory = Engine.connect().machine().memory / 2**30
    assert warning.severity is Severity.WARNING
    assert f"9003.9 GiB together, and the machine has {memory:.1f} GiB" in warning.message

    edit(site, ENGINE="spark")  # on the hadoop stack
    (warning,) = [finding for finding in checks.check(site) if "together" in finding.message]
    assert "9007.2 GiB together" in warning.message


def test_all_stacks_together_take_8_gib_by_default(site: Path) -> None:
    loaded = settings.load(site)
    limits = [size_in_bytes(loaded[name]) for name in loaded if name.endswith("_MEMORY")]
    assert sum(filter(None, limits)) <= 8 * 2**30


@as_root
@pytest.mark.parametrize(
    ("size", "severity"), [("100m", Severity.ERROR), ("5g", Severity.WARNING), ("11g", None)]
)
def test_a_disk_with_little_room(tmp_path: Path, size: str, severity: Severity | None) -> None:
    with disk(tmp_path, size):
        findings = [*checks._disk(Machine(str(tmp_path), memory=1, processors=1))]

    assert [finding.severity for finding in findings] == ([severity] if severity else [])
    for finding in findings:
        assert f"{tmp_path} has " in finding.message
        assert "`inv prune`" in finding.remedy


@contextmanager
def disk(folder: Path, size: str) -> Iterator[None]:
    """An empty disk of its own; in memory, of which it takes none."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", folder]
    subprocess.run(mount, check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


# --- What comes of them ---


def test_errors_refuse_a_start_in_one_line(site: Path) -> None:
    edit(site, HTTP_PORT="0", HTTPS_PORT="0", MYSQL_MEMORY="300m")

    with pytest.raises(OperatorError) as raised:
        checks.refuse(before_start(site))

    assert re.fullmatch(
        r"conf/analytics\.env:\d+: HTTPS_PORT is '0', not a port, 1 to 65535: correct it"
        r" \(and \d more: `inv config\.check`\)",
        str(raised.value),
    )


def test_warnings_do_not(site: Path) -> None:
    edit(site, MYSQL_MEMORY="300m")
    findings = before_start(site)

    checks.refuse(findings)
    assert checks.summary(findings) == "no errors, 1 warning"
