"""Databases that the sample writes, read by MaxMind's own reader."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import maxminddb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights_pipeline.sample.geo import DATABASE_TYPE, write_countries

if TYPE_CHECKING:
    from pathlib import Path

    from insights_pipeline.sample import Sample, SampleOptions


def code(country: Any) -> Any:
    return country and country["country"]["iso_code"]


def test_the_samples_networks_are_of_its_countries(sample: Sample, options: SampleOptions) -> None:
    networks = json.loads((sample.geo.parent / "sample.json").read_text())["networks"]

    with maxminddb.open_database(sample.geo) as database:
        found = {str(network): code(country) for network, country in database}
        metadata = database.metadata()

    assert found == networks
    assert metadata.database_type == DATABASE_TYPE
    assert datetime.fromtimestamp(metadata.build_epoch, UTC).date() == options.start


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("10.1.2.3", "US"),
        ("10.1.2.4", "DE"),
        ("10.2.0.1", None),
        ("2001:db8:1::5", "FR"),
        ("2001:db8:2::5", None),
        ("0.0.0.0", None),
        ("255.255.255.255", "JP"),
    ],
)
def test_the_smallest_network_has_the_say(
    tmp_path: Path, address: str, country: str | None
) -> None:
    file = tmp_path / "geo.mmdb"
    write_countries(
        file,
        {
            "10.1.0.0/16": "US",
            "10.1.2.4/32": "DE",
            "2001:db8:1::/48": "FR",
            "255.0.0.0/8": "JP",
        },
        made=1,
    )

    with maxminddb.open_database(file) as database:
        assert code(database.get(address)) == country


@given(st.dictionaries(st.ip_addresses(), st.sampled_from(["US", "DE", "BR"]), max_size=30))
def test_any_addresses(tmp_path_factory: pytest.TempPathFactory, countries: dict[Any, str]) -> None:
    # An address of IPv4 is one of IPv6 as well, which begins with zeros.
    countries = {a: c for a, c in countries.items() if a.version == 4 or int(a) >> 32}
    file = tmp_path_factory.mktemp("geo") / "geo.mmdb"
    write_countries(file, {str(address): country for address, country in countries.items()}, made=1)

    with maxminddb.open_database(file) as database:
        assert {address: code(database.get(address)) for address in countries} == countries
