"""The script that draws charts in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.contrib.staticfiles import finders

from insights.charts.bundle import BUNDLE, VegaFinder, bundle_folder

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper


@pytest.fixture
def cache_folder(tmp_path: Path, settings: SettingsWrapper) -> Path:
    settings.CACHE_FOLDER = tmp_path / "cache"
    return tmp_path / "cache"


def test_it_is_a_static_file_and_made_once(cache_folder: Path) -> None:
    file = Path(finders.find(BUNDLE))
    assert "window.vegaEmbed=" in file.read_text()
    made = file.stat().st_mtime_ns
    (path, storage), *others = VegaFinder().list(None)
    assert (path, others) == (BUNDLE, [])
    assert storage.path(path) == str(file)
    assert file.stat().st_mtime_ns == made
    assert [entry for entry in cache_folder.rglob("*") if entry.is_file()] == [file]


def test_another_version_of_its_maker_makes_another(
    cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("insights.charts.bundle.version", lambda _package: "1.0")
    monkeypatch.setattr("insights.charts.bundle.make_bundle", lambda: "the old one")
    old = bundle_folder()
    assert (old / BUNDLE).read_text() == "the old one"
    monkeypatch.setattr("insights.charts.bundle.version", lambda _package: "2.0")
    monkeypatch.setattr("insights.charts.bundle.make_bundle", lambda: "the new one")
    new = bundle_folder()
    assert new != old
    assert new.is_relative_to(cache_folder)
    assert (new / BUNDLE).read_text() == "the new one"


def test_other_files_are_not_its_concern(cache_folder: Path) -> None:
    assert VegaFinder().find("insights/charts.js") == []
    assert not cache_folder.exists()
