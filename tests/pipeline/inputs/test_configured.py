"""The inputs that settings name, in a site's container and on its command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from insights_pipeline.errors import BadOption
from insights_pipeline.inputs import Inputs
from insights_pipeline.inputs.database import LmsDatabase
from insights_pipeline.inputs.services import OAuthClient, Service
from insights_pipeline.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

DATABASE = {"LMS_DB_HOST": "db.lms", "LMS_DB_USER": "reader"}
CLIENT = {
    "LMS_ROOT_URL": "https://lms.example.org",
    "LMS_OAUTH2_CLIENT_ID": "analytics",
    "LMS_OAUTH2_CLIENT_SECRET": "only-for-tests",
}


@pytest.fixture
def environment(tmp_path: Path) -> Mapping[str, str]:
    """A container's, of a site that has the folder LMS_FILES and all files in it."""
    (tmp_path / "password").write_text("of the reports database\n")
    folder = tmp_path / "lms"
    folder.mkdir()
    for name in ("course_runs", "programs", "course_list", "course_blocks"):
        (folder / f"{name}.jsonl").touch()
    return {
        "MYSQL_PASSWORD_FILE": str(tmp_path / "password"),
        "LMS_FILES": str(folder),
        # As Compose mounts what a site does not have.
        "GEOIP_DATABASE": "/dev/null",
        "LMS_DB_CA": "/dev/null",
    }


def inputs(environment: Mapping[str, str], **changes: str) -> Inputs:
    return Settings.of({**environment, **changes}).inputs


def test_files_of_the_folder(environment: Mapping[str, str]) -> None:
    folder = Path(environment["LMS_FILES"])

    assert inputs(environment) == Inputs(
        lms=folder,
        catalog=folder / "course_runs.jsonl",
        programs=folder / "programs.jsonl",
        course_list=folder / "course_list.jsonl",
        course_blocks=folder / "course_blocks.jsonl",
    )


def test_what_is_not_there_is_not_given(environment: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "lms" / "programs.jsonl").unlink()

    assert inputs(environment).programs is None
    assert inputs(environment, LMS_FILES=str(tmp_path / "nowhere")) == Inputs()


def test_a_database_stands_in_for_csv_files(environment: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("its p@ss word\n")
    of_files = inputs(environment)

    assert inputs(environment, **DATABASE) == replace(
        of_files, lms=None, database=LmsDatabase("db.lms", "reader", "")
    )
    assert inputs(
        environment,
        **DATABASE,
        LMS_DB_PORT="3307",
        LMS_DB_NAME="edxapp",
        LMS_DB_PASSWORD_FILE=str(tmp_path / "secret"),
        LMS_DB_CA=str(tmp_path / "password"),
    ).database == LmsDatabase(
        "db.lms", "reader", "its p@ss word", "edxapp", 3307, tmp_path / "password"
    )


def test_services_stand_in_for_their_files(environment: Mapping[str, str]) -> None:
    client = OAuthClient(CLIENT["LMS_ROOT_URL"], "analytics", "only-for-tests")
    of_files = inputs(environment)

    assert inputs(environment, **CLIENT) == replace(
        of_files,
        course_list=None,
        course_blocks=None,
        lms_service=Service("https://lms.example.org", client),
    )
    assert inputs(environment, **CLIENT, DISCOVERY_ROOT_URL="https://discovery") == Inputs(
        lms=of_files.lms,
        lms_service=Service("https://lms.example.org", client),
        discovery=Service("https://discovery", client),
    )


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"LMS_DB_HOST": "db.lms"}, "LMS_DB_HOST is set, and LMS_DB_USER is not: set it as well"),
        (
            {"LMS_ROOT_URL": "https://lms"},
            "LMS_ROOT_URL is set, and LMS_OAUTH2_CLIENT_ID is not: set it as well",
        ),
        (
            {"LMS_ROOT_URL": "https://lms", "LMS_OAUTH2_CLIENT_ID": "analytics"},
            "LMS_ROOT_URL is set, and LMS_OAUTH2_CLIENT_SECRET is not: set it as well",
        ),
        (
            {"DISCOVERY_ROOT_URL": "https://discovery"},
            "DISCOVERY_ROOT_URL is set, and LMS_ROOT_URL, which lets us in, is not",
        ),
        (
            {**DATABASE, "LMS_DB_PORT": "mysql"},
            "LMS_DB_PORT is 'mysql': set it to a port such as 3306",
        ),
    ],
)
def test_a_setting_that_lacks_another(
    environment: Mapping[str, str], changes: dict[str, str], message: str
) -> None:
    with pytest.raises(BadOption) as raised:
        inputs(environment, **changes)
    assert str(raised.value) == message
