"""Settings from a file or from the environment, and what is wrong with them in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import ImproperlyConfigured

from openedx_base.configuration import Configuration

if TYPE_CHECKING:
    from pathlib import Path

VARIABLE = "SETTINGS_FILE"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that the environment names; a test writes it."""
    path = tmp_path / "settings.yml"
    monkeypatch.setenv(VARIABLE, str(path))
    return path


def complaint_of_loading() -> str:
    with pytest.raises(ImproperlyConfigured) as caught:
        Configuration.load(VARIABLE)
    line = str(caught.value)
    assert "\n" not in line
    assert "s3cret" not in line
    return line


def test_without_a_file_settings_are_environment_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_TOKEN", "from the environment")

    assert Configuration.load(VARIABLE).text("SITE_TOKEN") == "from the environment"


def test_a_file_replaces_the_environment(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SITE_TOKEN", "from the environment")
    file.write_text("SITE_HTTPS: off\n")

    configuration = Configuration.load(VARIABLE)

    assert configuration.text("SITE_TOKEN") == ""
    assert not configuration.switch("SITE_HTTPS")


@pytest.mark.parametrize(
    ("yaml", "text"),
    [
        ("on", "on"),
        ("0123", "0123"),
        ("1e5", "1e5"),
        ("2026-01-05", "2026-01-05"),
        ('"a: #b"', "a: #b"),
    ],
)
def test_every_value_is_a_text(yaml: str, text: str, file: Path) -> None:
    file.write_text(f"SITE_TOKEN: {yaml}\n")

    assert Configuration.load(VARIABLE).text("SITE_TOKEN") == text


def test_empty_value_counts_as_not_set(file: Path) -> None:
    file.write_text("SITE_TOKEN:\n")

    with pytest.raises(ImproperlyConfigured, match=f"SITE_TOKEN is not set in {file}: "):
        Configuration.load(VARIABLE).required("SITE_TOKEN")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "is no mapping of names to values"),
        ("- s3cret\n", "is no mapping of names to values"),
        ("A: s3cret\nB: [s3cret\n", "line 3 is no YAML: expected ',' or ']'"),
        ('A: "s3cret\n', "is no YAML: found unexpected end of stream"),
        ("A:\n  B: s3cret\n", "A is no single value"),
        ("A: [s3cret]\n", "A is no single value"),
    ],
    ids=["empty", "a list", "bracket", "quote", "a mapping", "a list as value"],
)
def test_malformed_file(content: str, complaint: str, file: Path) -> None:
    file.write_text(content)

    line = complaint_of_loading()

    assert str(file) in line
    assert complaint in line


def test_file_that_is_no_text(file: Path) -> None:
    file.write_bytes(b"A: \xff\xfe s3cret\n")

    assert complaint_of_loading() == f"{VARIABLE}: {file} is no text in UTF-8"


def test_file_that_is_not_there(file: Path) -> None:
    assert complaint_of_loading() == f"{VARIABLE}: {file}: No such file or directory"


def test_unknown_name(file: Path) -> None:
    file.write_text("SITE_TOKEN: a\nSITE_TOKKEN: b\n")
    configuration = Configuration.load(VARIABLE)
    configuration.text("SITE_TOKEN")

    with pytest.raises(ImproperlyConfigured, match="there is no setting SITE_TOKKEN"):
        configuration.refuse_unknown()


def test_unknown_environment_variables_are_others_business() -> None:
    Configuration({"PATH": "/bin"}).refuse_unknown()


def test_names_between_commas() -> None:
    configuration = Configuration({"HOSTS": " api, localhost,,127.0.0.1 "})

    assert configuration.names("HOSTS", "") == ["api", "localhost", "127.0.0.1"]
