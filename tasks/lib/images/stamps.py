"""`.target`: what the last build of an image made, and when that build began.

The file lies in the image's folder, for people to read and for `find -newer .target` to use. It is
written in place, as a renamed file would change the folder's own time, which counts.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tasks.lib.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = ".target"

_NANOSECONDS = 10**9


class StampError(OperatorError):
    """A `.target` cannot be read or written."""


@dataclass(frozen=True)
class Stamp:
    """An image as it was built, here or where it was pulled from."""

    id: str
    """Such as `sha256:…`."""
    name: str
    parents: Mapping[str, str | None] = field(hash=False)
    """The images that it was built from: name → id; None where the engine did not keep it."""
    arguments: Mapping[str, str] = field(hash=False)
    """Build arguments."""
    began: int
    """When its build began, in nanoseconds since 1970 UTC, by the clock of the folder's disk."""


def read(folder: Path) -> Stamp | None:
    """What was built last in an image's folder, or None where nothing was.

    Raises:
        StampError: there is a `.target`, and it says nothing that makes sense.
    """
    path = folder / FILE
    try:
        with path.open() as file:
            modified = os.fstat(file.fileno()).st_mtime_ns
            content = json.load(file)
        if content["id"] is None:
            return None
        return Stamp(
            id=str(content["id"]),
            name=str(content["name"]),
            parents=dict(content["parents"]),
            arguments=dict(content["arguments"]),
            # A copied or touched file, or one whose writer was killed, is newer than what it tells.
            began=min(modified, _nanoseconds(content["began"])),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise StampError(f"{path} is not as a build writes it: {error}") from error


def write(folder: Path, stamp: Stamp) -> None:
    """Record a build.

    Raises:
        StampError: the file cannot be written. What is left of it counts as never built.
    """
    _write(folder, {**asdict(stamp), "began": _text(stamp.began)}, stamp.began)


def create(folder: Path) -> bool:
    """Make a `.target` that says "never built", unless one is there. Returns whether it was made.

    Raises:
        StampError: it cannot be written.
    """
    if (folder / FILE).exists():
        return False
    discard(folder)
    return True


def discard(folder: Path) -> None:
    """Make a `.target` say "never built".

    Raises:
        StampError: it cannot be written.
    """
    _write(folder, {"id": None}, 0)


def _write(folder: Path, content: dict[str, Any], modified: int) -> None:
    path = folder / FILE
    try:
        with path.open("a") as file:
            file.truncate(0)
            file.write(json.dumps(content, indent=2) + "\n")
            file.flush()
            os.utime(path, ns=(modified, modified))
    except OSError as error:
        raise StampError(f"{path} cannot be written: {error.strerror}") from error


def _text(nanoseconds: int) -> str:
    seconds, fraction = divmod(nanoseconds, _NANOSECONDS)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:09}Z"


def _nanoseconds(text: str) -> int:
    whole, _, fraction = text.removesuffix("Z").partition(".")
    moment = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    return int(moment.timestamp()) * _NANOSECONDS + int(fraction.ljust(9, "0"))
