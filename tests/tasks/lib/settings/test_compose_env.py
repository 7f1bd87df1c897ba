"""`.env`: what plain Compose gets of the settings."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from configured import ROOT, configured, edit, new_checkout
from tasks.lib import settings
from tasks.lib.settings import SettingsError, compose_env
from tasks.lib.settings.templates import TemplateError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout in which nobody has called `inv init` yet."""
    return new_checkout(tmp_path / "clone", monkeypatch)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout in which somebody has."""
    return configured(tmp_path / "site", monkeypatch)


def test_names_that_compose_interpolates() -> None:
    text = """
    # ${COMMENT}
    a: ${BRACED} $PLAIN ${DEFAULT:-x} ${DEFAULT_TOO-x} ${ALTERNATIVE:+x} ${REQUIRED:?say so}
    b: "$$ESCAPED $${ESCAPED} ${OUTER:-${INNER}} costs 5$ ${lower}"
    """
    assert [*compose_env.interpolations(text)] == [
        ("BRACED", False),
        ("PLAIN", False),
        ("DEFAULT", True),
        ("DEFAULT_TOO", True),
        ("ALTERNATIVE", True),
        ("REQUIRED", False),
        ("OUTER", True),
        ("INNER", False),
        ("lower", False),
    ]


def test_every_name_in_our_compose_files_is_declared(clone: Path) -> None:
    assert "MYSQL_API_PASSWORD" in compose_env.names(settings.load(clone), ROOT)


def test_a_name_that_nobody_declares_is_our_defect(site: Path) -> None:
    (site / "docker-compose.more.yml").write_text("services: {a: {image: '${NOBODYS}'}}\n")

    with pytest.raises(TemplateError, match=r"docker-compose\.more\.yml interpolates NOBODYS"):
        compose_env.write(settings.load(site), site)


def test_the_operators_own_override_may_interpolate_anything(site: Path) -> None:
    (site / "docker-compose.override.yml").write_text(
        "services: {nginx: {labels: {a: '${NOBODYS}', b: '${TRACKING_LOGS}'}}}\n"
    )
    compose_env.write(settings.load(site), site)

    content = (site / ".env").read_text()
    assert "TRACKING_LOGS='data/tracking-logs'\n" in content
    assert "NOBODYS" not in content


def test_compose_env_needs_init(clone: Path) -> None:
    with pytest.raises(SettingsError, match="is missing: run `inv init`"):
        compose_env.write(settings.load(clone), clone)

    assert not (clone / ".env").exists()


def test_compose_env_is_private_and_written_only_when_it_changes(site: Path) -> None:
    path = site / ".env"
    compose_env.write(settings.load(site), site)
    written = path.stat()
    assert stat.S_IMODE(written.st_mode) == 0o600
    assert not compose_env.write(settings.load(site), site)
    assert path.stat().st_mtime_ns == written.st_mtime_ns

    edit(site, API_TOKEN="a-token-of-my-own,#1")
    assert compose_env.write(settings.load(site), site)
    assert "API_TOKEN='a-token-of-my-own,#1'\n" in path.read_text()

    path.chmod(0o644)
    assert compose_env.write(settings.load(site), site)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_variable_of_one_call_is_not_kept(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERSION", "tried-once")
    loaded = settings.load(site)
    assert loaded.version == "tried-once"

    compose_env.write(loaded, site)

    assert "VERSION='latest'\n" in (site / ".env").read_text()


@pytest.mark.parametrize(
    ("engine", "seconds", "follows"),
    [("duckdb", "60", True), ("duckdb", "0", False), ("spark", "60", False)],
)
def test_service_that_follows_the_logs_is_a_profile(
    site: Path, engine: str, seconds: str, follows: bool
) -> None:
    edit(site, ENGINE=engine, FOLLOW_SECONDS=seconds)
    compose_env.write(settings.load(site), site)
    assert ("COMPOSE_PROFILES='follow'\n" in (site / ".env").read_text()) is follows


def test_compose_env_that_cannot_be_written(site: Path) -> None:
    (site / ".env").unlink()
    (site / ".env").mkdir()

    with pytest.raises(SettingsError, match=r"\.env cannot be written: Is a directory"):
        compose_env.write(settings.load(site), site)


def compose_config(root: Path, **environment: str) -> dict[str, object]:
    """What plain `docker compose` makes of a checkout."""
    shown = subprocess.run(
        ["docker", "compose", "config", "--format=json"],
        cwd=root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (shown.returncode, shown.stderr) == (0, "")
    read = json.loads(shown.stdout)
    assert isinstance(read, dict)
    return read


@pytest.mark.usefixtures("engine_running")
def test_plain_compose_sees_the_same_settings(site: Path) -> None:
    password = 'pass-word$HOME#1"quoted"%20{a}'
    edit(site, MYSQL_API_PASSWORD=password, HTTPS_PORT="8443")
    loaded = settings.load(site)
    compose_env.write(loaded, site)

    shown = compose_config(site)

    assert shown["name"] == loaded.project
    services = shown["services"]
    assert isinstance(services, dict)
    escaped = password.replace("$", "$$")
    assert services["api"]["environment"]["MYSQL_API_PASSWORD"] == escaped
    assert "8443" in [port["published"] for port in services["nginx"]["ports"]]
    assert services["nginx"]["image"] == f"{loaded.registry}/web/nginx:{loaded.version}"
    assert not re.search(r'": ""', json.dumps(services["api"]["environment"])), "all are set"


@pytest.mark.usefixtures("engine_running")
def test_the_process_environment_goes_first_for_compose_too(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PORT", "9443")
    loaded = settings.load(site)
    compose_env.write(loaded, site)

    services = compose_config(site)["services"]

    assert isinstance(services, dict)
    assert loaded["HTTPS_PORT"] == "9443"
    assert "9443" in [port["published"] for port in services["nginx"]["ports"]]
