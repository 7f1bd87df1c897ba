"""Whether an image is out of date, and why."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tasks.lib.errors import OperatorError
from tasks.lib.images import context, stamps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tasks.lib.images.graph import Graph, Image
    from tasks.lib.images.stamps import Stamp


class Reason:
    """Why an image is out of date; its text is one line."""


@dataclass(frozen=True)
class NeverBuilt(Reason):
    """There is no `.target`, or it has no id."""

    def __str__(self) -> str:
        return "never built"


@dataclass(frozen=True)
class Unreadable(Reason):
    """There is a `.target` that no build has written."""

    why: str

    def __str__(self) -> str:
        return self.why


@dataclass(frozen=True)
class FromTheFuture(Reason):
    """`.target` or a file has a time that is still to come."""

    path: str
    modified: int
    """Nanoseconds since 1970 UTC."""

    def __str__(self) -> str:
        return (
            f"{self.path} is dated {_text(self.modified)}, which is still to come: the clock went"
            f" backwards; `touch {self.path}` if it stays"
        )


@dataclass(frozen=True)
class Modified(Reason):
    """Something in the context is newer than `.target`."""

    path: str

    def __str__(self) -> str:
        what = "its folder" if self.path == "." else self.path
        return f"{what} is newer than the last build"


@dataclass(frozen=True)
class NotInEngine(Reason):
    """The engine has no image of the id that `.target` records."""

    id: str

    def __str__(self) -> str:
        return f"the engine has no image {_short(self.id)} (removed, or built on another machine)"


@dataclass(frozen=True)
class NameTaken(Reason):
    """The engine has the image, but its name belongs to another one or to none."""

    name: str

    def __str__(self) -> str:
        return f"{self.name} names another image than the one that was built"


@dataclass(frozen=True)
class ParentChanged(Reason):
    """A parent is another image than the one that was built from."""

    name: str

    def __str__(self) -> str:
        return f"{self.name} is another image now"


@dataclass(frozen=True)
class ArgumentChanged(Reason):
    """It was built with other build arguments, or under another name."""

    what: str
    before: str
    now: str

    def __str__(self) -> str:
        return f"{self.what} was {self.before}, and is {self.now}"


@dataclass(frozen=True)
class WaitsFor(Reason):
    """All is well but that a parent is out of date: what becomes of it decides."""

    keys: tuple[str, ...]

    def __str__(self) -> str:
        return f"waits for {', '.join(self.keys)}"


def plan(graph: Graph, ids: Mapping[str, str]) -> dict[str, Reason | None]:
    """Why each image is out of date, or None where it is not; by key, parents first.

    Args:
        graph: the images.
        ids: every name that the engine knows → image id.

    Raises:
        OperatorError: an image's folder cannot be read.
    """
    reasons: dict[str, Reason | None] = {}
    for image in graph:
        stale = tuple(parent.key for parent in graph.parents(image) if reasons[parent.key])
        reasons[image.key] = why_stale(image, ids) or (WaitsFor(stale) if stale else None)
    return reasons


def why_stale(image: Image, ids: Mapping[str, str]) -> Reason | None:
    """Why an image is out of date by itself, with its parents as they are; None if it is not.

    Args:
        image: the image.
        ids: every name that the engine knows → image id.

    Raises:
        OperatorError: its folder cannot be read.
    """
    try:
        stamp = stamps.read(image.folder)
    except stamps.StampError as error:
        return Unreadable(str(error))
    if not stamp:
        return NeverBuilt()
    return (
        _modified(image, stamp)
        or _gone(stamp, ids)
        or _parent_changed(image, stamp, ids)
        or _argument_changed(image, stamp)
    )


def _modified(image: Image, stamp: Stamp) -> Reason | None:
    now = time.time_ns()
    if stamp.began > now:
        return FromTheFuture(f"{image.path}/{stamps.FILE}", stamp.began)
    try:
        newest = context.newest(image.folder)
    except OSError as error:
        raise OperatorError(f"{error.filename}: {error.strerror}") from error
    if newest.modified > now:
        path = image.path if newest.path == "." else f"{image.path}/{newest.path}"
        return FromTheFuture(path, newest.modified)
    return Modified(newest.path) if newest.modified > stamp.began else None


def _gone(stamp: Stamp, ids: Mapping[str, str]) -> Reason | None:
    if ids.get(stamp.name) == stamp.id:
        return None
    if stamp.name in ids or stamp.id in ids.values():
        return NameTaken(stamp.name)
    return NotInEngine(stamp.id)


def _parent_changed(image: Image, stamp: Stamp, ids: Mapping[str, str]) -> Reason | None:
    for name in image.parents:
        before, now = stamp.parents.get(name), ids.get(name)
        if before and now and before != now:
            return ParentChanged(name)
    return None


def _argument_changed(image: Image, stamp: Stamp) -> Reason | None:
    for name in sorted(image.arguments.keys() | stamp.arguments.keys()):
        before, now = stamp.arguments.get(name, "not set"), image.arguments.get(name, "not set")
        if before != now:
            return ArgumentChanged(name, before, now)
    if stamp.name != image.name:
        return ArgumentChanged("its name", stamp.name, image.name)
    return None


def _short(image_id: str) -> str:
    return image_id.removeprefix("sha256:")[:12]


def _text(nanoseconds: int) -> str:
    return f"{datetime.fromtimestamp(nanoseconds / 1e9, UTC):%Y-%m-%d %H:%M:%S} UTC"
