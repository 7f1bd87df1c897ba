"""Countries by the codes of ISO 3166-1."""

from __future__ import annotations

from typing import NamedTuple

from django_countries import countries


class Country(NamedTuple):
    """A country with both its codes, and its name in English."""

    alpha2: str | None
    alpha3: str | None
    name: str


UNKNOWN = Country(None, None, "UNKNOWN")


def country(code: str | None) -> Country:
    """The country that a code stands for; `UNKNOWN` if it stands for none."""
    name = code and countries.name(code)
    if not name:
        return UNKNOWN
    return Country(countries.alpha2(code), countries.alpha3(code), name)
