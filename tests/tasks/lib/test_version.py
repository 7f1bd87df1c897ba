"""Versions of a checkout and of the site that it runs."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tasks.lib import version
from tasks.lib.version import Version

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text('[project]\nversion = "0.9.2"\n')
    return tmp_path


def test_of_a_checkout_without_git(checkout: Path) -> None:
    assert version.of_checkout(checkout) == Version("0.9.2", None)
    assert str(version.of_checkout(checkout)) == "0.9.2"


def test_of_a_checkout_with_git(checkout: Path) -> None:
    for command in (
        "init -q",
        "add .",
        "-c user.name=a -c user.email=a@example.org commit -qm first",
    ):
        subprocess.run(["git", "-C", checkout, *command.split()], check=True)

    found = version.of_checkout(checkout)

    assert found.commit
    assert str(found) == f"0.9.2 (commit {found.commit[:12]})"


def test_numbers_compare_as_numbers() -> None:
    assert Version("0.10.0", None).is_newer_than(Version("0.9.2", None))
    assert not Version("0.9.2", None).is_newer_than(Version("0.9.2", "abc"))
    assert not Version("0.9.2", None).is_newer_than(Version("1.0", None))


def test_what_runs_is_not_what_is_checked_out_until_it_is_up(checkout: Path) -> None:
    assert version.running(checkout) is None
    version.note_running(checkout)
    (checkout / "pyproject.toml").write_text('[project]\nversion = "0.10.0"\n')

    assert version.running(checkout) == Version("0.9.2", None)
    version.note_running(checkout)
    assert version.running(checkout) == Version("0.10.0", None)


def test_a_note_that_cannot_be_read_is_none(checkout: Path) -> None:
    version.note_running(checkout)
    (checkout / version.RUNNING).write_text("{")

    assert version.running(checkout) is None
