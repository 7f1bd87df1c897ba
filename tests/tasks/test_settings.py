"""Effective settings: where values come from, and what Compose gets of them."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
from pathlib import Path

import pytest

from configured import ROOT, configured, edit, new_checkout
from tasks.lib import settings
from tasks.lib.settings import SettingsError, Source, interpolations
from tasks.lib.templates import TemplateError


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout in which nobody has called `inv init` yet."""
    return new_checkout(tmp_path / "clone", monkeypatch)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout in which somebody has."""
    return configured(tmp_path / "site", monkeypatch)


def test_a_fresh_clone_has_defaults_and_no_secrets(clone: Path) -> None:
    loaded = settings.load(clone)

    assert loaded.registry == "sktpub.azurecr.io/analytics-micro"
    assert loaded.version == "latest"
    assert loaded.source("VERSION") is Source.DEFAULT
    assert "API_TOKEN" not in loaded
    assert loaded.source("API_TOKEN") is Source.MISSING
    with pytest.raises(SettingsError) as raised:
        loaded.require("API_TOKEN")
    assert str(raised.value) == (
        "conf/analytics.env: API_TOKEN is missing: run `inv init`, which makes it"
    )


def test_environment_before_file_before_default(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit(site, VERSION="of-file")
    loaded = settings.load(site)
    assert (loaded.version, loaded.source("VERSION")) == ("of-file", Source.FILE)

    monkeypatch.setenv("VERSION", "of-environment")
    loaded = settings.load(site)
    assert (loaded.version, loaded.source("VERSION")) == ("of-environment", Source.ENVIRONMENT)
    assert loaded.place("VERSION") == "the process environment"


def test_an_optional_setting_may_be_empty(site: Path) -> None:
    edit(site, BUILD_CA="", VERSION="")
    loaded = settings.load(site)

    assert loaded.require("BUILD_CA") == ""
    assert loaded.path("BUILD_CA") is None
    with pytest.raises(SettingsError, match=r"analytics\.env:\d+: VERSION is empty: change it"):
        loaded.require("VERSION")


def test_a_malformed_setting_is_named_with_its_line(site: Path) -> None:
    edit(site, HTTPS_PORT="eight")

    with pytest.raises(
        SettingsError, match=r"^conf/analytics\.env:\d+: HTTPS_PORT is 'eight', not a port, 1 to"
    ):
        settings.load(site).require("HTTPS_PORT")


def test_a_malformed_secret_is_not_shown(site: Path) -> None:
    edit(site, API_TOKEN="s3cret" * 20)

    with pytest.raises(SettingsError, match="API_TOKEN is not 20 to 40 of ASCII's") as raised:
        settings.load(site).require("API_TOKEN")

    assert "s3cret" not in str(raised.value)


def test_secrets_are_not_in_repr(site: Path) -> None:
    loaded = settings.load(site)

    assert loaded["API_TOKEN"] not in repr(loaded)
    assert loaded["API_TOKEN"] not in repr(vars(loaded)["files"])


@pytest.mark.parametrize(
    ("added", "message"),
    [
        (b"VERSION='1'\nVERSION='2'\n", r"analytics\.env:\d+: sets VERSION again, after line 13"),
        (b"OTHER='1\n", r"analytics\.env:\d+: opens ' for OTHER and does not close it"),
        (b"OTHER=$HOME\n", r"analytics\.env:\d+: has \$ in the value of OTHER"),
        (b"OTHER='1'\r\n", r"analytics\.env:\d+: ends with CRLF"),
        (b"# caf\xe9\n", r"analytics\.env:\d+: is not UTF-8"),
    ],
)
def test_a_file_that_readers_differ_about_is_refused(
    site: Path, added: bytes, message: str
) -> None:
    with (site / "conf/analytics.env").open("ab") as file:
        file.write(added)

    with pytest.raises(SettingsError, match=message):
        settings.load(site)


def test_a_folder_in_place_of_a_file(clone: Path) -> None:
    (clone / "conf/mysql.env").mkdir()

    with pytest.raises(SettingsError, match=r"^conf/mysql\.env: Is a directory: "):
        settings.load(clone)


def test_paths_start_at_the_checkout(site: Path) -> None:
    edit(site, TLS_KEY="/etc/ssl/key.pem")
    loaded = settings.load(site)

    assert loaded.path("TLS_CERTIFICATE") == site / "data/tls/certificate.pem"
    assert loaded.path("TLS_KEY") == Path("/etc/ssl/key.pem")


def test_build_secrets_are_the_files_that_a_site_has(site: Path) -> None:
    (site / "pip.conf").touch()
    edit(site, BUILD_CA="", BUILD_PIP_CONF="pip.conf")
    assert settings.load(site).build_secrets == {"pip": site / "pip.conf"}

    edit(site, BUILD_APT_SOURCES="none.sources")
    with pytest.raises(SettingsError, match=r"BUILD_APT_SOURCES is .*, which is no readable file"):
        _ = settings.load(site).build_secrets


# --- .env ---


def test_names_that_compose_interpolates() -> None:
    text = """
    # ${COMMENT}
    a: ${BRACED} $PLAIN ${DEFAULT:-x} ${DEFAULT_TOO-x} ${ALTERNATIVE:+x} ${REQUIRED:?say so}
    b: "$$ESCAPED $${ESCAPED} ${OUTER:-${INNER}} costs 5$ ${lower}"
    """
    assert [*interpolations(text)] == [
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
    assert "MYSQL_API_PASSWORD" in settings.compose_names(settings.load(clone), ROOT)


def test_a_name_that_nobody_declares_is_our_defect(site: Path) -> None:
    (site / "docker-compose.more.yml").write_text("services: {a: {image: '${NOBODYS}'}}\n")

    with pytest.raises(TemplateError, match=r"docker-compose\.more\.yml interpolates NOBODYS"):
        settings.write_compose_env(settings.load(site), site)


def test_the_operators_own_override_may_interpolate_anything(site: Path) -> None:
    (site / "docker-compose.override.yml").write_text(
        "services: {nginx: {labels: {a: '${NOBODYS}', b: '${TRACKING_LOGS}'}}}\n"
    )
    settings.write_compose_env(settings.load(site), site)

    content = (site / ".env").read_text()
    assert "TRACKING_LOGS='data/tracking-logs'\n" in content
    assert "NOBODYS" not in content


def test_compose_env_needs_init(clone: Path) -> None:
    with pytest.raises(SettingsError, match="is missing: run `inv init`"):
        settings.write_compose_env(settings.load(clone), clone)

    assert not (clone / ".env").exists()


def test_compose_env_is_private_and_written_only_when_it_changes(site: Path) -> None:
    path = site / ".env"
    settings.write_compose_env(settings.load(site), site)
    written = path.stat()
    assert stat.S_IMODE(written.st_mode) == 0o600
    assert not settings.write_compose_env(settings.load(site), site)
    assert path.stat().st_mtime_ns == written.st_mtime_ns

    edit(site, API_TOKEN="a-token-of-my-own,#1")
    assert settings.write_compose_env(settings.load(site), site)
    assert "API_TOKEN='a-token-of-my-own,#1'\n" in path.read_text()

    path.chmod(0o644)
    assert settings.write_compose_env(settings.load(site), site)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_variable_of_one_call_is_not_kept(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERSION", "tried-once")
    loaded = settings.load(site)
    assert loaded.version == "tried-once"

    settings.write_compose_env(loaded, site)

    assert "VERSION='latest'\n" in (site / ".env").read_text()


def test_compose_env_that_cannot_be_written(site: Path) -> None:
    (site / ".env").unlink()
    (site / ".env").mkdir()

    with pytest.raises(SettingsError, match=r"\.env cannot be written: Is a directory"):
        settings.write_compose_env(settings.load(site), site)


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
    settings.write_compose_env(loaded, site)

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
    settings.write_compose_env(loaded, site)

    services = compose_config(site)["services"]

    assert isinstance(services, dict)
    assert loaded["HTTPS_PORT"] == "9443"
    assert "9443" in [port["published"] for port in services["nginx"]["ports"]]
