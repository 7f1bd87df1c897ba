"""Effective settings: where values come from, and which are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from configured import configured, edit, new_checkout
from tasks.lib import settings
from tasks.lib.settings import SettingsError, Source


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

    (site / "settings.xml").touch()
    edit(site, BUILD_MAVEN_SETTINGS="settings.xml")
    assert settings.load(site).build_secrets == {
        "pip": site / "pip.conf",
        "maven": site / "settings.xml",
    }

    edit(site, BUILD_APT_SOURCES="none.sources")
    with pytest.raises(SettingsError, match=r"BUILD_APT_SOURCES is .*, which is no readable file"):
        _ = settings.load(site).build_secrets


# --- .env ---
