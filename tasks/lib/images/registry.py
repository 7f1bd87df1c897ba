"""Images to and from the registry that their names say."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.lib import console
from tasks.lib.engine import EngineError, Transfer
from tasks.lib.errors import OperatorError
from tasks.lib.images import build_lock, labels, staleness, stamps
from tasks.lib.images.stamps import Stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from tasks.lib.console import Progress
    from tasks.lib.engine import Engine
    from tasks.lib.images.graph import Graph, Image

# What registries, and the engine for them, say.
_REFUSED = re.compile(r"denied|unauthorized|forbidden|authentication|credentials|\b40[13]\b", re.I)
_UNKNOWN = re.compile(r"manifest unknown|not found|name unknown|does not exist", re.I)


class RegistryError(OperatorError):
    """The registry does not answer, refuses, or has not what was asked for."""


class NotPushedError(OperatorError):
    """Images are out of date or were never built."""


@dataclass(frozen=True)
class Pushed:
    """A tag as the registry has it now."""

    name: str
    digest: str
    """`sha256:…`, by which the registry knows the image whatever becomes of the tag."""

    def __str__(self) -> str:
        return f"{self.name} {self.digest}"


@dataclass(frozen=True)
class Pulled:
    """An image as the engine has it now."""

    name: str
    id: str

    def __str__(self) -> str:
        return f"{self.name} {self.id}"


def push(engine: Engine, graph: Graph, stale_ok: bool = False) -> Iterator[Pushed]:
    """Push every tag of every image that was built, parents first.

    An image's tags are those of its own repository: `insights:latest`, and what else the operator
    has tagged so.

    Args:
        engine: where the images are.
        graph: the images.
        stale_ok: push also images that are out of date, and leave out what was never built.

    Raises:
        NotPushedError: some are out of date or not there; none was pushed.
        RegistryError: the registry does not answer or refuses.
    """
    ids = engine.images()
    reasons = staleness.plan(graph, ids)
    stale = [f"{key} ({reason})" for key, reason in reasons.items() if reason]
    if stale and not stale_ok:
        raise NotPushedError(
            f"out of date: {', '.join(stale)}: run `inv build` first, or push what there is with"
            " --stale-ok"
        )
    for image in graph:
        if image.name not in ids:
            console.say(f"{image.name}: not pushed, as it is not there")
        for tag in _tags(image, ids):
            yield Pushed(tag, _transfer(tag, engine.push(tag), "push"))


def pull(engine: Engine, root: Path, graph: Graph, keys: Iterable[str]) -> Iterator[Pulled]:
    """Pull images; their `.target` then says that they are built, as this checkout has them.

    Args:
        engine: where the images are to be.
        root: the checkout.
        graph: all its images.
        keys: those to pull.

    Raises:
        RegistryError: the registry does not answer, refuses or does not have one. What was pulled
            before that stays.
        LockedError: a build is at work in this checkout.
    """
    chosen = set(keys)
    with build_lock.hold(root, "inv pull") as lock:
        for image in graph:
            if image.key not in chosen:
                continue
            # Made ahead: a new file in it changes a folder's time.
            stamps.create(image.folder)
            began = lock.begin()
            image_id = _transfer(image.name, engine.pull(image.name), "pull")
            ids = engine.images()
            parents = {name: ids.get(name) for name in image.parents}
            stamp = Stamp(image_id, image.name, parents, image.arguments, began)
            stamps.write(image.folder, stamp)
            _compare_revisions(image, engine.labels(image_id))
            yield Pulled(image.name, image_id)


def host(name: str) -> str:
    """The registry of an image's name, as `docker login` wants it."""
    first, slash, _ = name.partition("/")
    is_host = slash and (first == "localhost" or "." in first or ":" in first)
    return first if is_host else "docker.io"


def _tags(image: Image, ids: Mapping[str, str]) -> list[str]:
    """The names of an image's repository that mean the image that its own name means."""
    repository = image.name.rpartition(":")[0]
    return [
        name
        for name, image_id in sorted(ids.items())
        if name.rpartition(":")[0] == repository and image_id == ids.get(image.name)
    ]


def _transfer(name: str, stream: Iterator[Transfer | str], what: str) -> str:
    """Shows how far it is; returns what the stream ends with."""
    result = ""
    try:
        with console.progress(f"{what} {name}") as progress:
            for item in stream:
                match item:
                    case Transfer():
                        _show(progress, item)
                    case _:
                        result = item
    except EngineError as error:
        raise RegistryError(_explain(name, str(error))) from error
    return result


def _show(progress: Progress, transfer: Transfer) -> None:
    progress.update(transfer.done, transfer.total, f"{transfer.total / 1e6:,.1f} MB")


def _explain(name: str, message: str) -> str:
    registry = host(name)
    if _REFUSED.search(message):
        return f"{registry} refuses {name}: sign in with `docker login {registry}` ({message})"
    if _UNKNOWN.search(message) and "no such host" not in message:
        return f"{registry} has no {name}: push it from where it was built, or build it here"
    return (
        f"{name}: {registry} does not answer as a registry: check REGISTRY in conf/analytics.env"
        f" and the network ({message})"
    )


def _compare_revisions(image: Image, of_image: Mapping[str, str]) -> None:
    theirs, ours = of_image.get(f"{labels.PREFIX}revision"), labels.revision(image.folder)
    if theirs and ours and theirs != ours:
        console.say(
            f"{image.key}: note that it was built from {_short(theirs)}, and this checkout has"
            f" {_short(ours)}; `inv force-rebuild` builds what is here"
        )


def _short(revision: str) -> str:
    commit, dash, dirty = revision.partition("-")
    return commit[:12] + dash + dirty
