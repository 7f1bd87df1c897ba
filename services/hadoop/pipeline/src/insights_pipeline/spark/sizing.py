"""Sizes that follow from how much there is, so that a small site waits for nothing and a large one
has work for every core and no task that is too large for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_MIB = 2**20
OPENING = 2**16
"""Bytes that could be parsed while a file is opened."""


def piece_bytes(sizes: Iterable[int], cores: int) -> int:
    """How much of logs of these sizes a task takes: there are some four tasks a core."""
    total = sum(size + OPENING for size in sizes)
    return min(max(total // (4 * cores), _MIB), 32 * _MIB)


def shuffle_partitions(total: int) -> int:
    """Into how many parts to shuffle tables made from logs of `total` bytes.

    Those are a tenth as large; adaptive execution joins parts that turn out small.
    """
    return min(max(total // (64 * _MIB), 1), 10_000)


def is_worth_compiling(total: int) -> bool:
    """Whether queries on tables made from logs of `total` bytes are to be compiled.

    To compile them all takes longer than to interpret them on a few million rows.
    """
    return total >= 2**30
