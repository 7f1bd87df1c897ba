"""Independent random streams that give the same numbers on every Python.

Only `Random.random` and `Random.getrandbits` are promised to be stable across Python versions, so
the few distributions that the simulation needs are built on them here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

Uniform = Callable[[], float]
"""Returns numbers from 0 (included) to 1 (excluded)."""


def stream(seed: int, purpose: str) -> Random:
    """A stream of its own for each purpose: what one part draws never shifts another part."""
    return Random(f"{seed}:{purpose}")


def pick(rnd: Uniform, choices: Sequence[T]) -> T:
    """One of the choices, all equally likely."""
    return choices[int(rnd() * len(choices))]


def weighted(rnd: Uniform, cumulative: Sequence[float]) -> int:
    """An index, drawn by cumulative weights that end at about 1."""
    point = rnd() * cumulative[-1]
    return next(index for index, upto in enumerate(cumulative) if point < upto)


def exponential(rnd: Uniform, mean: float) -> float:
    """Waiting times: many short ones, a few long ones."""
    return -mean * math.log(1.0 - rnd())


def hexdigits(random: Random, digits: int) -> str:
    """An identifier of that many hexadecimal digits, as sessions and blocks have them."""
    return f"{random.getrandbits(4 * digits):0{digits}x}"
