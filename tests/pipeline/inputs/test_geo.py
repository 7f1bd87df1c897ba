"""Countries of addresses, by real databases."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from insights_pipeline.inputs import geo
from insights_pipeline.inputs.geo import UNKNOWN, Countries, open_geo
from insights_pipeline.sample.geo import write_countries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NETWORKS = {
    "192.0.2.0/24": "DE",
    "10.7.0.0/16": "FR",
    "2001:db8:1::/48": "BR",
    "198.51.100.0/24": "world",
    "8.8.8.0/24": "us",
}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    write_countries(tmp_path / "geo.mmdb", NETWORKS, made=1)
    return tmp_path / "geo.mmdb"


@pytest.fixture
def countries(database: Path) -> Iterator[Countries]:
    with opened(database) as countries:
        yield countries


@contextmanager
def opened(database: Path) -> Iterator[Countries]:
    with open_geo(database) as found:
        assert found.countries
        yield found.countries


def reason(file: Path) -> str:
    """Why the file is no database."""
    with open_geo(file) as found:
        assert found.countries is None
        return found.reason


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("192.0.2.7", "DE"),
        (" 192.0.2.7\n", "DE"),
        ("10.7.1.1", "FR"),
        ("8.8.8.8", "US"),
        ("2001:db8:1::7", "BR"),
        ("2001:DB8:1:0::7%eth0", "BR"),
        ("::ffff:192.0.2.7", "DE"),
        ("::ffff:c000:207", "DE"),
        ("198.51.100.1", UNKNOWN),
        ("192.168.0.1", UNKNOWN),
        ("127.0.0.1", UNKNOWN),
        ("::1", UNKNOWN),
        ("fe80::1%eth0", UNKNOWN),
        ("192.0.2.7:443", UNKNOWN),
        ("192.0.2.7, 10.7.1.1", UNKNOWN),
        ("192.0.2", UNKNOWN),
        ("192.0.2.007", UNKNOWN),
        ("lms.example.org", UNKNOWN),
        ("", UNKNOWN),
        ("1" * 10_000, UNKNOWN),
    ],
)
def test_an_address_is_of_a_country_or_of_none(
    countries: Countries, address: str, country: str
) -> None:
    assert countries.of(address) == country


def test_of_the_bundled_database_private_addresses_are_of_no_country(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(geo, "BUNDLED", database)
    with opened(database) as countries:
        assert countries.of("10.7.1.1") == UNKNOWN
        assert countries.of("192.0.2.7") == UNKNOWN
        assert countries.of("8.8.8.8") == "US"


def test_another_database_has_another_version(database: Path) -> None:
    def version() -> str:
        with opened(database) as countries:
            return countries.version

    before = version()
    assert version() == before
    database.unlink()
    write_countries(database, NETWORKS | {"8.8.8.0/24": "CA"}, made=1)
    assert version() != before


@pytest.mark.parametrize("content", [b"", b"no database", b"\x1f\x8b" * 50, bytes(4096)])
def test_a_file_that_is_no_database_is_named(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "geo.mmdb"
    file.write_bytes(content)

    assert reason(file) == f"{file} is no database in MaxMind's format"


def test_a_database_that_is_cut_off_is_named(database: Path) -> None:
    content = database.read_bytes()
    database.write_bytes(content[: len(content) // 2])

    assert reason(database) == f"{database} is no database in MaxMind's format"


@pytest.mark.parametrize("networks", [{}, {"192.0.2.0/24": "AS64500"}])
def test_a_database_of_something_else_is_named(tmp_path: Path, networks: dict[str, str]) -> None:
    file = tmp_path / "geo.mmdb"
    write_countries(file, networks, made=1)

    assert reason(file) == f"{file} names no country: it is a database of 'Sample-Country'"


@pytest.mark.parametrize("name", ["missing.mmdb", "folder"])
def test_what_is_no_file_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()

    assert str(tmp_path / name) in reason(tmp_path / name)


def test_without_a_file_there_is_no_database_and_no_reason() -> None:
    with open_geo(None) as found:
        assert (found.countries, found.reason) == (None, "")


@pytest.mark.parametrize(
    ("record", "country"),
    [
        ({"country": {"iso_code": "DE", "names": {"en": "Germany"}}, "city": {}}, "DE"),
        ({"country_code": "DE"}, "DE"),
        ({"country": "DE"}, "DE"),
        ({"registered_country": {"iso_code": "DE"}}, None),
        ({"country": {}}, None),
        ({"country": {"iso_code": 7}}, None),
        ({"country_code": ""}, None),
        ({"autonomous_system_number": 64500}, None),
        ("DE", None),
        (None, None),
    ],
)
def test_records_come_in_several_shapes(record: object, country: str | None) -> None:
    assert geo._country_code(record) == country
