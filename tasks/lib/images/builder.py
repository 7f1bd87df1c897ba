"""Brings images up to date: parents first, independent ones at once, and no more than needed."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from tasks.lib import console
from tasks.lib.errors import OperatorError
from tasks.lib.images import base_image, stamps
from tasks.lib.images.buildx import BuildError
from tasks.lib.images.labels import labels
from tasks.lib.images.staleness import plan, why_stale
from tasks.lib.images.stamps import Stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from tasks.lib.engine import Engine
    from tasks.lib.images.build_lock import BuildLock
    from tasks.lib.images.buildx import Buildx, Step
    from tasks.lib.images.graph import Graph, Image
    from tasks.lib.images.staleness import Reason


@dataclass(frozen=True)
class Waiting:
    """Its parents are not done, or too many others are being built."""


@dataclass(frozen=True)
class Building:
    """It is being built."""

    reason: Reason
    step: Step | None = None
    """None until the first one begins."""


@dataclass(frozen=True)
class UpToDate:
    """There was nothing to do."""


@dataclass(frozen=True)
class Built:
    """It was built."""

    seconds: float
    changed: bool
    """Whether it has another id than before; if not, no other image is rebuilt because of it."""


@dataclass(frozen=True)
class Failed:
    """It could not be built, and is as it was before."""

    why: str
    log: Path
    """All that its build printed; it may not exist."""


@dataclass(frozen=True)
class Skipped:
    """It was not looked at, as a parent failed."""

    parents: tuple[str, ...]
    """Keys."""


Outcome = UpToDate | Built | Failed | Skipped
State = Waiting | Building | Outcome


def default_jobs() -> int:
    """How many images are built at once if nobody says: one per CPU, and at least 2."""
    return max(2, os.cpu_count() or 2)


def log_file(root: Path, image: Image) -> Path:
    """The file that keeps what the last build of an image printed."""
    return root / "data" / "logs" / "build" / f"{image.key.replace('/', '-')}.log"


@dataclass(frozen=True)
class Builder:
    """What it takes to bring images up to date."""

    root: Path
    """The checkout."""
    engine: Engine
    buildx: Buildx
    lock: BuildLock
    jobs: int
    """How many images may be built at once."""
    show: Callable[[str, State], None]
    """Told of each change: an image's key and its new state."""

    def build(self, graph: Graph) -> dict[str, Outcome]:
        """Build every image that is out of date; by key, what became of each.

        An image that fails stops those that are built from it, and no others.

        Raises:
            EngineError: the engine does not answer.
            KeyboardInterrupt: SIGINT, SIGTERM or SIGHUP came; all that ran has ended.
        """
        try:
            return asyncio.run(_Run(self, graph, self.engine.images()).build())
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None


def provide_base(engine: Engine, graph: Graph) -> None:
    """Have the Debian base in the engine, if an image that is out of date is built from it.

    Raises:
        OperatorError: it can be neither found, nor pulled, nor made.
    """
    ids = engine.images()
    reasons = plan(graph, ids)
    stale = (image for image in graph if reasons[image.key])
    if base_image.NAME not in ids and any(base_image.NAME in image.parents for image in stale):
        base_image.ensure_base_image(engine)


def pull_external(engine: Engine, graph: Graph) -> None:
    """Get the newest of all images from elsewhere that images are built from.

    Raises:
        OperatorError: one cannot be pulled.
    """
    for name in sorted({name for image in graph for name in graph.external(image)}):
        console.say(f"{name}: pulling it")
        try:
            for _ in engine.pull(name):
                pass
        except OperatorError as error:
            raise OperatorError(
                f"{name} cannot be pulled ({error}): without --pull, the one that is there is used"
            ) from error


@dataclass
class _Run:
    """One build of a graph."""

    builder: Builder
    graph: Graph
    ids: dict[str, str]
    """Every name that the engine knows → image id."""
    tasks: dict[str, asyncio.Task[Outcome]] = field(default_factory=dict)

    async def build(self) -> dict[str, Outcome]:
        """Brings all images up to date, each as soon as its parents are."""
        slots = asyncio.Semaphore(self.builder.jobs)
        with _stop_signals():
            async with asyncio.TaskGroup() as group:
                for image in self.graph:
                    self.builder.show(image.key, Waiting())
                    self.tasks[image.key] = group.create_task(self._finish(image, slots))
        return {key: task.result() for key, task in self.tasks.items()}

    async def _finish(self, image: Image, slots: asyncio.Semaphore) -> Outcome:
        outcome = await self._bring_up_to_date(image, slots)
        self.builder.show(image.key, outcome)
        return outcome

    async def _bring_up_to_date(self, image: Image, slots: asyncio.Semaphore) -> Outcome:
        parents = {parent.key: await self.tasks[parent.key] for parent in self.graph.parents(image)}
        failed = tuple(key for key, o in parents.items() if isinstance(o, Failed | Skipped))
        if failed:
            return Skipped(failed)
        try:
            async with slots:
                reason = why_stale(image, self.ids)
                return await self._build(image, reason) if reason else UpToDate()
        except OperatorError as error:
            return Failed(str(error), log_file(self.builder.root, image))

    async def _build(self, image: Image, reason: Reason) -> Built:
        show = partial(self.builder.show, image.key)
        show(Building(reason))
        started = time.monotonic()
        before = self.ids.get(image.name)
        # Made ahead of the build: a new file in it changes a folder's time.
        stamps.create(image.folder)
        parents = {name: self.ids.get(name) for name in image.parents}
        began = self.builder.lock.begin()
        await self.builder.buildx.build(
            image,
            labels(image),
            log_file(self.builder.root, image),
            lambda step: show(Building(reason, step)),
        )
        self.ids = self.builder.engine.images()
        if not (image_id := self.ids.get(image.name)):
            raise BuildError(f"{image.name} was built, and removed again by someone else")
        stamps.write(image.folder, Stamp(image_id, image.name, parents, image.arguments, began))
        return Built(time.monotonic() - started, changed=image_id != before)


@contextmanager
def _stop_signals() -> Generator[None]:
    """Cancels the running task where the process is asked to end; asyncio does so for Ctrl-C."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task
    # Who runs under nohup is not to hear of SIGHUP.
    signals = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) is not signal.SIG_IGN
    ]
    for number in signals:
        loop.add_signal_handler(number, task.cancel)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
