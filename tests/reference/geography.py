"""Learners by country, one event and one enrollment at a time."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from .reading import Event

Row = tuple[Any, ...]


class Enrollment(NamedTuple):
    """A row of student_courseenrollment."""

    user_id: int
    course_id: str
    is_active: bool


def location_table(
    events: Iterable[Event],
    enrollments: Iterable[Enrollment],
    networks: Mapping[str, str],
    end: date,
) -> list[Row]:
    """course_enrollment_location_current over `events`, which all lie before the day `end`.

    Args:
        networks: countries by network; of several the smallest has the say.
    """
    last_day = end - timedelta(days=1)
    addresses = latest_addresses(events)
    held = {(each.course_id, each.user_id): each for each in enrollments}
    groups: dict[Row, list[Enrollment]] = defaultdict(list)
    for each in held.values():
        address = addresses.get(each.user_id)
        country = None if address is None else country_of(address, networks)
        groups[each.course_id, last_day.isoformat(), country].append(each)
    return [
        (*group, sum(each.is_active for each in members), len(members))
        for group, members in groups.items()
    ]


def latest_addresses(events: Iterable[Event]) -> dict[int, str]:
    """By learner; of addresses at the same moment the greatest."""
    latest: dict[int, tuple[datetime, str]] = {}
    for event in events:
        address = event.record.get("ip")
        if event.user_id is not None and isinstance(address, str) and address:
            found = event.time, address
            latest[event.user_id] = max(latest.get(event.user_id, found), found)
    return {learner: address for learner, (_time, address) in latest.items()}


def country_of(address: str, networks: Mapping[str, str]) -> str:
    try:
        found = ip_address(address.strip())
    except ValueError:
        return "UNKNOWN"
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    around = [network for network in map(ip_network, networks) if found in network]
    if not around:
        return "UNKNOWN"
    return networks[str(max(around, key=lambda network: network.prefixlen))]
