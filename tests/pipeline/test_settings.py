"""What a container's environment comes to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from insights_pipeline.inputs import Inputs, configured
from insights_pipeline.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "password").write_text("secret\n")
    return {
        "MYSQL_PASSWORD_FILE": str(tmp_path / "password"),
        "LMS_FILES": str(tmp_path / "lms"),
        "GEOIP_DATABASE": "/dev/null",
    }


def test_what_is_not_there_is_not_taken_in(environment: dict[str, str]) -> None:
    assert Settings.of(environment).inputs == Inputs()


def test_a_site_without_a_database_of_countries_has_the_bundled_one(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundled, own = tmp_path / "bundled.mmdb", tmp_path / "own.mmdb"
    bundled.touch()
    monkeypatch.setattr(configured, "BUNDLED", bundled)

    assert Settings.of(environment).inputs.geo == bundled
    own.touch()
    assert Settings.of(environment | {"GEOIP_DATABASE": str(own)}).inputs.geo == own
