"""The secrets of a data folder are made once and stay between its owner and the applications."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from tasks.lib.errors import OperatorError
from tasks.lib.local.secrets import FILE, Secrets

if TYPE_CHECKING:
    from pathlib import Path


def test_they_are_made_once(tmp_path: Path) -> None:
    first = Secrets.of(tmp_path)

    assert Secrets.of(tmp_path) == first
    assert len({first.api_secret_key, first.api_token, first.insights_secret_key}) == 3
    assert first.api_token not in repr(first)


def test_nobody_else_reads_them(tmp_path: Path) -> None:
    Secrets.of(tmp_path)

    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_one_that_an_operator_set_is_kept_and_missing_ones_are_added(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("API_TOKEN=0123456789abcdef0123\n")

    secrets = Secrets.of(tmp_path)

    assert secrets.api_token == "0123456789abcdef0123"
    assert f"INSIGHTS_SECRET_KEY={secrets.insights_secret_key}\n" in (tmp_path / FILE).read_text()


def test_a_folder_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()

    with pytest.raises(OperatorError, match=rf"{FILE}: Is a directory: check the owner and mode"):
        Secrets.of(tmp_path)
