"""What old builds have left: images of ours without a name, and logs of images that are gone."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tasks.lib import console
from tasks.lib.engine import EngineError
from tasks.lib.images import labels, stamps
from tasks.lib.images.builder import log_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from tasks.lib.engine import Engine
    from tasks.lib.images.graph import Graph


@dataclass(frozen=True)
class OldImage:
    """An image that a later build took the name from."""

    id: str
    title: str
    """`<stack>/<image>`."""
    created: datetime
    own_bytes: int
    """What no other image shares; the engine's build cache may keep some of it."""

    def __str__(self) -> str:
        short = self.id.removeprefix("sha256:")[:12]
        size = f"{self.own_bytes / 1e6:,.1f} MB"
        return f"{self.title} {short}, built {self.created:%Y-%m-%d %H:%M} UTC, {size}"


@dataclass(frozen=True)
class Leftovers:
    """What `inv prune` would remove."""

    images: tuple[OldImage, ...]
    logs: tuple[Path, ...]

    def __bool__(self) -> bool:
        return bool(self.images or self.logs)

    def __iter__(self) -> Iterator[str]:
        """A line for each."""
        yield from map(str, self.images)
        for log in self.logs:
            yield f"{log}, the log of an image that is gone"

    @property
    def summary(self) -> str:
        """All of it in one line."""
        size = sum(image.own_bytes for image in self.images) / 1e6
        return f"{len(self.images)} images, {size:,.1f} MB of their own, and {len(self.logs)} logs"


def leftovers(engine: Engine, root: Path, graph: Graph) -> Leftovers:
    """What old builds have left on the engine, of any checkout, and in this checkout's logs.

    Only images that carry our label, have no name, are in no `.target` of this checkout and were
    made into no container.
    """
    kept = _recorded(graph) | engine.images_in_use()
    old = [
        image
        for image in engine.all_images()
        if image.labels.get(f"{labels.PREFIX}vendor") == labels.VENDOR
        and not image.tags
        and image.id not in kept
    ]
    own_sizes = engine.own_sizes() if old else {}
    return Leftovers(
        images=tuple(
            OldImage(
                image.id,
                image.labels.get(f"{labels.PREFIX}title", ""),
                image.created,
                own_sizes.get(image.id, 0),
            )
            for image in sorted(old, key=lambda image: image.created)
        ),
        logs=_old_logs(root, graph),
    )


def remove(engine: Engine, found: Leftovers) -> Leftovers:
    """Remove them, and return what was removed: what came to be used meanwhile stays."""
    removed = []
    with console.progress("prune") as progress:
        # Newest first: an older one may be a parent.
        for number, image in enumerate(reversed(found.images)):
            progress.update(number, len(found.images), image.title)
            try:
                engine.remove_image(image.id)
                removed.append(image)
            except EngineError as error:
                console.say(f"{image}: stays ({error})")
    for log in found.logs:
        log.unlink(missing_ok=True)
    return Leftovers(tuple(reversed(removed)), found.logs)


def _recorded(graph: Graph) -> set[str]:
    """The ids in all `.target` files: a build gives such an image its name back."""
    recorded = set()
    for image in graph:
        with suppress(stamps.StampError):
            if stamp := stamps.read(image.folder):
                recorded.add(stamp.id)
    return recorded


def _old_logs(root: Path, graph: Graph) -> tuple[Path, ...]:
    logs = {log_file(root, image) for image in graph}
    folders = {log.parent for log in logs}
    return tuple(
        log for folder in folders for log in sorted(folder.glob("*.log")) if log not in logs
    )
