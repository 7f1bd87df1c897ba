"""The countries of addresses, by a database in MaxMind's format (upstream: util/geolocation.py)."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from insights_pipeline import schema
from insights_pipeline.errors import BadInput
from insights_pipeline.inputs.declared import Source
from insights_pipeline.inputs.sources import SourceError, unreadable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from maxminddb.reader import Reader

    from insights_pipeline.warehouse import Warehouse

BUNDLED = Path("/opt/geoip/countries.mmdb")
"""The free database in the pipeline's image."""
UNKNOWN = "UNKNOWN"
"""The country of an address of which the database has none."""

_NAME = "geo"
"""What the ledger of inputs calls it."""
_CODE_LENGTH = 2  # ISO 3166-1 alpha-2
_NETWORKS_TRIED = 10_000
"""How many networks of a database may have no country before we say that it is not of countries."""


class Countries:
    """An open database.

    Attributes:
        version: tells it from any other, and from itself as it was before an update.
    """

    def __init__(self, path: Path, reader: Reader) -> None:
        self._path, self._reader = path, reader
        metadata, status = reader.metadata(), path.stat()
        self.version = (
            f"{metadata.database_type} {metadata.build_epoch} {metadata.node_count}"
            f" {status.st_size} {status.st_mtime_ns}"
        )

    def of(self, address: str) -> str:
        """The country of an address: a code of ISO 3166-1 alpha-2, or UNKNOWN.

        An IPv4 address may come in IPv6's dress (::ffff:192.0.2.1). What is no address has no
        country.

        Raises:
            BadInput: the database is damaged.
        """
        try:
            # Which network card it was seen on says nothing of where it is.
            found = ip_address(address.strip().partition("%")[0])
        except ValueError:
            return UNKNOWN
        if isinstance(found, IPv6Address) and found.ipv4_mapped:
            found = found.ipv4_mapped
        if self._path == BUNDLED and not found.is_global:
            # It has those that are everywhere, such as 192.168.0.1, in the country of a registry.
            return UNKNOWN
        return self._look_up(found) or UNKNOWN

    def _look_up(self, address: IPv4Address | IPv6Address) -> str | None:
        from maxminddb import InvalidDatabaseError

        try:
            return _country_code(self._reader.get(address))
        except ValueError:
            # An IPv6 address, and a database of IPv4 alone.
            return None
        except InvalidDatabaseError as error:
            raise BadInput(f"{self._path} is damaged ({error}): get it anew") from error


@dataclass(frozen=True)
class Geo:
    """A run's database of countries.

    Attributes:
        countries: open; None: there is none.
        reason: why there is none; empty: it was not given.
    """

    countries: Countries | None = None
    reason: str = ""

    @property
    def look_up(self) -> Callable[[str], str] | None:
        """What tells the country of an address, if anything does."""
        return self.countries.of if self.countries else None


@contextmanager
def open_geo(path: Path | None) -> Iterator[Geo]:
    """Open the database that a run was given, if it is one."""
    if path is None:
        yield Geo()
        return
    try:
        reader = _open(path)
    except SourceError as error:
        geo = Geo(reason=str(error))
    else:
        with closing(reader):
            yield Geo(Countries(path, reader))
        return
    yield geo


def take_in(warehouse: Warehouse, geo: Geo) -> list[str]:
    """Have all addresses looked up again in another database; returns a note where there is none.

    What was looked up before is kept while there is none.
    """
    do = warehouse.connection.execute
    known = do("SELECT version FROM ledger.input WHERE name = ?", [_NAME]).fetchall()
    if geo.countries is None:
        kept = ", but of addresses that were looked up before" if known else ""
        what_next = geo.reason or Source.GEO.remedy
        return [f"no {Source.GEO.holds}, so countries are unknown{kept}: {what_next}"]
    if known != [(geo.countries.version,)]:
        do(f"UPDATE {schema.ADDRESS_COUNTRY.name} SET country_code = NULL")
    do(
        "INSERT OR REPLACE INTO ledger.input (name, version, seen, notes) VALUES (?, ?, ?, '[]')",
        [_NAME, geo.countries.version, datetime.now(UTC).date()],
    )
    return []


def _open(path: Path) -> Reader:
    from maxminddb import InvalidDatabaseError, open_database

    try:
        reader = open_database(path)
        networks = islice(reader, _NETWORKS_TRIED)
        if any(_country_code(found) for _network, found in networks):
            return reader
        type_ = reader.metadata().database_type
        reader.close()
    except OSError as error:
        raise unreadable(path, error) from error
    except (InvalidDatabaseError, ValueError) as error:
        raise SourceError(f"{path} is no database in MaxMind's format") from error
    raise SourceError(f"{path} names no country: it is a database of {type_!r}")


def _country_code(found: Any) -> str | None:
    """The code in a record: MaxMind's own shape, or a flat one as free databases have it."""
    if not isinstance(found, dict):
        return None
    country = found.get("country")
    code = country.get("iso_code") if isinstance(country, dict) else country
    code = found.get("country_code") if code is None else code
    if not isinstance(code, str) or len(code.strip()) != _CODE_LENGTH:
        return None
    return code.strip().upper()
