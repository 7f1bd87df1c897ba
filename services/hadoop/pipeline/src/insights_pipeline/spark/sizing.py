"""Sizes that follow from how much there is, so that a small site waits for nothing and a large one
has work for every core and no task that is too large for one."""

from __future__ import annotations

_MIB = 2**20


def piece_bytes(total: int, cores: int) -> int:
    """How much of a log a task takes: for `total` bytes in all, some four tasks a core."""
    return min(max(total // (4 * cores), _MIB), 32 * _MIB)


def shuffle_partitions(total: int) -> int:
    """Into how many parts to shuffle tables made from logs of `total` bytes.

    Those are a tenth as large; adaptive execution joins parts that turn out small.
    """
    return min(max(total // (64 * _MIB), 1), 10_000)
