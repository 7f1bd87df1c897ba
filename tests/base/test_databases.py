"""Databases as settings name them."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from openedx_base.configuration import Configuration
from openedx_base.databases import Trouble, trouble

NAME = "SITE_DATABASE"


def entry(value: str) -> dict[str, object]:
    """What Django gets."""
    return Configuration({NAME: value}).database(
        NAME, "site.sqlite3", sqlite={"timeout": 1}, mariadb={"read_timeout": 7}
    )


def test_path_of_a_sqlite_file() -> None:
    assert entry("/data/a b.sqlite3") == {
        "ENGINE": "openedx_base.sqlite",
        "NAME": Path("/data/a b.sqlite3"),
        "OPTIONS": {"timeout": 1},
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def test_default_is_a_file_in_the_current_folder() -> None:
    assert entry("")["NAME"] == Path.cwd() / "site.sqlite3"


def test_mariadb() -> None:
    found = entry("mysql://us%40er:p%40ss%3A%2F%3F%23%25%20w@mysql:3307/re%20ports")

    assert found["ENGINE"] == "django.db.backends.mysql"
    assert [found[part] for part in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        *("us@er", "p@ss:/?#% w", "mysql", 3307, "re ports")
    ]
    assert found["CONN_HEALTH_CHECKS"]
    options = found["OPTIONS"]
    assert isinstance(options, dict)
    assert (options["charset"], options["sql_mode"]) == ("utf8mb4", "TRADITIONAL")
    assert options["read_timeout"] == 7


def test_port_is_mariadbs_by_default() -> None:
    assert entry("mysql://user:password@mysql/reports")["PORT"] == 3306


@pytest.mark.parametrize(
    "value",
    [
        "mysql://user:s3cret@mysql",
        "mysql://user:s3cret@mysql/",
        "mysql://user:s3cret@/reports",
        "mysql://:s3cret@mysql/reports",
        "mysql://user@mysql/reports?password=s3cret",
        "mysql://user:s3cret@mysql:port/reports",
        "mysql://user:s3cret@mysql/reports?init_command=DROP",
        # Characters that are not percent-encoded.
        "mysql://user:s3cret#@mysql/reports",
        "mysql://user:s3cret/@mysql/reports",
        "mysql://user:12/s3cret@mysql/reports",
        "mysql://user:s3cret[@mysql/reports",
        "postgresql://user:s3cret@mysql/reports",
        "sqlite:///s3cret",
        "mysql2://",
        "://s3cret",
    ],
)
def test_malformed_url_is_told_without_its_password(value: str) -> None:
    with pytest.raises(ImproperlyConfigured) as caught:
        entry(value)

    line = str(caught.value)
    assert line.startswith(f"{NAME} is no database: set it to mysql://user:password@host/name")
    assert "s3cret" not in line
    assert "\n" not in line


def test_errors_of_other_databases_are_no_trouble_of_this_one() -> None:
    assert trouble(Exception("unable to open database file")) is None
    assert trouble(Exception()) is None
    assert trouble(Exception(2003, "Can't connect")) is Trouble.GONE
