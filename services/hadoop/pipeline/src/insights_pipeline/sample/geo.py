"""Writes small databases of countries in MaxMind's format.

Format: the MaxMind DB file format specification, version 2.0: a binary tree over the bits of IPv6
addresses (those of IPv4 begin with 96 zeros), the records that its leaves point to, and metadata.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

DATABASE_TYPE = "Sample-Country"

_BITS, _BITS_OF_IPV4 = 128, 32
_SEPARATOR = bytes(16)
_METADATA = b"\xab\xcd\xefMaxMind.com"
_RECORD_BITS = 24
_STRING, _UINT16, _UINT32, _MAP, _UINT64, _ARRAY = 2, 5, 6, 7, 9, 11
_LAST_SHORT_TYPE = 7
_LONGEST = 28  # what fits a control byte: characters, bytes or entries

_Node = list["_Node | str | None"]
"""What follows on a 0 and on a 1: another node, a country, or nothing."""


def write_countries(file: Path, countries: Mapping[str, str], made: int) -> None:
    """Write a database.

    Args:
        file: where to; what is there is replaced.
        countries: codes by network, as in "10.1.0.0/16" or "2001:db8::/32"; a network within
            another comes after it.
        made: when, in seconds since 1970.
    """
    root: _Node = [None, None]
    for network, code in countries.items():
        _insert(root, network, code)
    nodes = _list(root)
    numbers = {id(node): number for number, node in enumerate(nodes)}
    data, places = b"", {}
    for code in sorted(set(countries.values())):
        places[code] = len(nodes) + len(_SEPARATOR) + len(data)
        data += _map({"country": _map({"iso_code": _string(code)})})

    def record(child: _Node | str | None) -> bytes:
        if child is None:
            number = len(nodes)
        else:
            number = places[child] if isinstance(child, str) else numbers[id(child)]
        return number.to_bytes(_RECORD_BITS // 8, "big")

    tree = b"".join(record(child) for node in nodes for child in node)
    metadata = _map(
        {
            "binary_format_major_version": _unsigned(_UINT16, 2),
            "binary_format_minor_version": _unsigned(_UINT16, 0),
            "build_epoch": _unsigned(_UINT64, made),
            "database_type": _string(DATABASE_TYPE),
            "description": _map({}),
            "ip_version": _unsigned(_UINT16, 6),
            "languages": _control(_ARRAY, 0),
            "node_count": _unsigned(_UINT32, len(nodes)),
            "record_size": _unsigned(_UINT16, _RECORD_BITS),
        }
    )
    file.write_bytes(tree + _SEPARATOR + data + _METADATA + metadata)


def _insert(root: _Node, network: str, code: str) -> None:
    found = ip_network(network)
    length = found.prefixlen + (_BITS - _BITS_OF_IPV4 if found.version == 4 else 0)
    address, node = int(found.network_address), root
    for depth in range(length):
        bit = address >> (_BITS - 1 - depth) & 1
        if depth == length - 1:
            node[bit] = code
            return
        child = node[bit]
        if not isinstance(child, list):
            # All of the larger network is of its country, but for what comes now.
            child = node[bit] = [child, child]
        node = child


def _list(root: _Node) -> list[_Node]:
    """All nodes, the root first."""
    nodes = [root]
    for node in nodes:
        nodes += [child for child in node if isinstance(child, list)]
    return nodes


def _control(type_: int, size: int) -> bytes:
    assert size <= _LONGEST
    if type_ <= _LAST_SHORT_TYPE:
        return bytes([type_ << 5 | size])
    return bytes([size, type_ - _LAST_SHORT_TYPE])


def _string(text: str) -> bytes:
    return _control(_STRING, len(text.encode())) + text.encode()


def _unsigned(type_: int, number: int) -> bytes:
    content = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return _control(type_, len(content)) + content


def _map(entries: Mapping[str, bytes]) -> bytes:
    content = b"".join(_string(name) + value for name, value in entries.items())
    return _control(_MAP, len(entries)) + content
