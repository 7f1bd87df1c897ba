"""The real images, built once, and networks to run them in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from images.engine import Lab

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session", autouse=True)
def images(built_clone: object) -> None:
    """All images, from a fresh clone."""


@pytest.fixture
def lab() -> Iterator[Lab]:
    """A network of the test's own."""
    with Lab() as lab:
        yield lab
