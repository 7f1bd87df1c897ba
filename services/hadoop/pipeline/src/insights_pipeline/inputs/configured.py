"""The inputs that a site's settings name, alike in its container and on the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from insights_pipeline.errors import BadOption
from insights_pipeline.inputs import Inputs
from insights_pipeline.inputs.database import LmsDatabase
from insights_pipeline.inputs.geo import BUNDLED
from insights_pipeline.inputs.services import OAuthClient, Service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES = {
    "catalog": "course_runs.jsonl",
    "programs": "programs.jsonl",
    "course_list": "course_list.jsonl",
    "course_blocks": "course_blocks.jsonl",
}
"""In the folder LMS_FILES, by the field of `Inputs`."""


def configured(value: Callable[[str], str], path: Callable[[str], Path | None]) -> Inputs:
    """The inputs that are there, as conf/pipeline.env.template describes them.

    A database or service that is set stands in for its files.

    Args:
        value: a setting's value by its name; empty where it has none.
        path: the path that a setting names, if any.

    Raises:
        BadOption: a setting lacks another one that it needs.
    """
    folder, geo = path("LMS_FILES"), path("GEOIP_DATABASE")
    if geo is None and BUNDLED.is_file():
        geo = BUNDLED
    database, client = _database(value, path("LMS_DB_CA")), _client(value)
    discovery = value("DISCOVERY_ROOT_URL")
    if discovery and not client:
        raise BadOption("DISCOVERY_ROOT_URL is set, and LMS_ROOT_URL, which lets us in, is not")
    by_service = {
        *(("course_list", "course_blocks") if client else ()),
        *(("catalog", "programs") if discovery else ()),
    }
    files = {
        field: folder / name
        for field, name in FILES.items()
        if folder and field not in by_service and (folder / name).is_file()
    }
    return Inputs(
        lms=folder if folder and folder.is_dir() and not database else None,
        geo=geo,
        database=database,
        lms_service=Service(client.lms, client) if client else None,
        discovery=Service(discovery, client) if discovery and client else None,
        **files,
    )


def _database(value: Callable[[str], str], ca: Path | None) -> LmsDatabase | None:
    host = value("LMS_DB_HOST")
    if not host:
        return None
    return LmsDatabase(
        host=host,
        user=_needed(value, "LMS_DB_USER", by="LMS_DB_HOST"),
        password=value("LMS_DB_PASSWORD"),
        name=value("LMS_DB_NAME") or LmsDatabase.name,
        port=_port(value("LMS_DB_PORT")) or LmsDatabase.port,
        ca=ca,
    )


def _client(value: Callable[[str], str]) -> OAuthClient | None:
    lms = value("LMS_ROOT_URL")
    if not lms:
        return None
    names = ("LMS_OAUTH2_CLIENT_ID", "LMS_OAUTH2_CLIENT_SECRET")
    return OAuthClient(lms, *(_needed(value, name, by="LMS_ROOT_URL") for name in names))


def _needed(value: Callable[[str], str], name: str, by: str) -> str:
    if found := value(name):
        return found
    raise BadOption(f"{by} is set, and {name} is not: set it as well")


def _port(text: str) -> int | None:
    try:
        return int(text) if text else None
    except ValueError:
        raise BadOption(f"LMS_DB_PORT is {text!r}: set it to a port such as 3306") from None
