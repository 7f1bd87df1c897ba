"""A note that a restore is under way, so that half a site is not brought up."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from tasks.lib import console
from tasks.lib.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FILE = "data/restore-unfinished"


@contextmanager
def noted(root: Path, folder: Path) -> Iterator[None]:
    """Note that the site is being restored from a folder, until that has ended well."""
    file = root / _FILE
    file.parent.mkdir(exist_ok=True)
    file.write_text(str(folder))
    try:
        yield
    except BaseException:
        console.say(f"the site is half restored; this begins anew: {_again(folder)}")
        raise
    file.unlink()


def refuse(root: Path) -> None:
    """Raise OperatorError where a restore was cut short."""
    file = root / _FILE
    if file.exists():
        folder = file.read_text()
        raise OperatorError(
            f"the site is half restored: {_again(folder)} begins anew, `inv destroy` removes it"
        )


def forget(root: Path) -> None:
    """There is nothing left of what was half restored."""
    (root / _FILE).unlink(missing_ok=True)


def _again(folder: Path | str) -> str:
    return f"`inv restore --from {folder}`"
