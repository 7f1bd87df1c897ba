"""How long builds take, against Compose, GNU make and themselves without parallelism.

All of it happens in a copy of the checkout, with images under names of its own; both are gone
afterwards. What stays is what BuildKit keeps of builds, for the engine to limit.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tasks.lib import console
from tasks.lib.bench.startup import measure_startup
from tasks.lib.engine import Engine
from tasks.lib.errors import OperatorError
from tasks.lib.images import labels
from tasks.lib.images.builder import default_jobs
from tasks.lib.images.graph import read_graph
from tasks.lib.images.stamps import FILE as STAMP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tasks.lib.images.graph import Graph, Image

_REGISTRY = "analytics-micro.bench"
_COMPOSE_FILE = "all-images.yml"
_PARTS = ("inv", "tasks.py", "tasks", "requirements", "conf", "services", "docker-compose*.yml")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.env", STAMP)


class BenchError(OperatorError):
    """A command that was to be timed failed."""


@dataclass(frozen=True)
class Measured:
    """A time and what it is compared with."""

    what: str
    seconds: float
    than: str
    than_seconds: float
    wanted: float | None = None
    """The highest ratio that is wanted; None where there is none."""

    @property
    def ratio(self) -> float:
        """How many times the other's time it takes."""
        return self.seconds / self.than_seconds

    def __str__(self) -> str:
        wanted = f" (at most {self.wanted} is wanted)" if self.wanted else ""
        return (
            f"{self.what} / {self.than}: {self.seconds:.2f} s / {self.than_seconds:.2f} s"
            f" = {self.ratio:.2f}{wanted}"
        )


def measure(root: Path, runs: int) -> Iterator[Measured]:
    """Measures one thing after the other.

    Args:
        root: the checkout.
        runs: how often to time what is short; the median counts. A full build is timed once.

    Raises:
        BenchError: a command failed.
        EngineError: no engine answers.
    """
    engine = Engine.connect()
    with _copy(engine, root) as copy:
        console.say(f"{len(copy.graph)} images in {copy.root}: making them once")
        copy.run("./inv", "init")
        copy.run("./inv", "build")
        yield from _no_op(copy, runs)
        yield _parallel(copy)
    yield _start_up(runs)


def _no_op(copy: _Copy, runs: int) -> Iterator[Measured]:
    """Nothing is to be done, and each program finds that out; they take turns."""
    programs = {"docker compose build": _for_compose(copy)}
    if shutil.which("make"):
        _write_makefile(copy)
        copy.run("make", "--touch")
        programs["make"] = partial(copy.run, "make")
    else:
        console.say("GNU make is not installed: left out")
    ours, others = [], {name: list[float]() for name in programs}
    for _ in range(runs):
        ours.append(copy.run("./inv", "build"))
        for name, run in programs.items():
            others[name].append(run())
    for name, seconds in others.items():
        wanted = 0.35 if name != "make" else None
        yield Measured("no-op inv build", median(ours), name, median(seconds), wanted)


def _parallel(copy: _Copy) -> Measured:
    """All steps of all images anew; the parallel build goes first, so that what is cold is its."""
    jobs = default_jobs()
    console.say(f"building all without cache, --jobs {jobs}, then --jobs 1")
    rebuild = ("./inv", "force-rebuild", "--no-cache", "--jobs")
    parallel, serial = (copy.run(*rebuild, str(number)) for number in (jobs, 1))
    return Measured(f"full build, --jobs {jobs}", parallel, "--jobs 1", serial, wanted=0.75)


def _start_up(runs: int) -> Measured:
    """By wall or by CPU time, the worse."""
    start_up = measure_startup(runs)
    ours, empty = max(
        (
            (start_up.ours.wall_seconds, start_up.empty.wall_seconds),
            (start_up.ours.cpu_seconds, start_up.empty.cpu_seconds),
        ),
        key=lambda pair: pair[0] / pair[1],
    )
    return Measured("inv --list", ours, "empty tasks.py", empty, wanted=2.0)


def _for_compose(copy: _Copy) -> Callable[[], float]:
    """Compose's build of all images, under names of its own: to ours it would give other images."""
    version = f"{copy.version}-compose"
    services = {}
    for ours, image in zip(copy.graph, read_graph(copy.root, _REGISTRY, version), strict=True):
        copy.engine.tag(ours.name, image.name)
        build = {"context": image.path, "args": dict(image.arguments)}
        services[image.key.replace("/", "-")] = {"image": image.name, "build": build}
    # YAML too.
    (copy.root / _COMPOSE_FILE).write_text(json.dumps({"services": services}))
    run = partial(copy.run, "docker", "compose", "--file", _COMPOSE_FILE, "build")
    run()
    return run


def _write_makefile(copy: _Copy) -> None:
    (copy.root / "Makefile").write_text(makefile(copy.graph))
    for image in copy.graph:
        (copy.root / _made(image)).parent.mkdir(parents=True, exist_ok=True)


def makefile(graph: Graph) -> str:
    """What a Makefile for the same images would say: each depends on its files and its parents."""
    rules = [f".PHONY: all\nall: {' '.join(map(_made, graph))}\n"]
    for image in graph:
        parents = " ".join(map(_made, graph.parents(image)))
        arguments = " ".join(f"--build-arg {name}" for name in image.arguments)
        rules.append(
            f"{_made(image)}: $(shell find {image.path}) {parents}\n"
            f"\tdocker build {arguments} --tag {image.name} {image.path} && touch $@\n"
        )
    return "\n".join(rules)


def _made(image: Image) -> str:
    """The file that tells make when an image was built; not in its folder, which has a time too."""
    return f"made/{image.key}"


@dataclass(frozen=True)
class _Copy:
    """A copy of a checkout, with images of its own."""

    root: Path
    version: str
    engine: Engine

    @property
    def graph(self) -> Graph:
        return read_graph(self.root, _REGISTRY, self.version)

    def run(self, *command: str) -> float:
        """Runs a command; returns how many seconds it took. Raises BenchError."""
        names = {"REGISTRY": _REGISTRY, "VERSION": self.version}
        began = time.perf_counter()
        ran = subprocess.run(
            command,
            cwd=self.root,
            env=os.environ | names,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
        seconds = time.perf_counter() - began
        if ran.returncode:
            last = next(iter(ran.stdout.strip().splitlines()[-1:]), f"code {ran.returncode}")
            raise BenchError(f"`{' '.join(command)}` failed: {last}")
        return seconds


@contextmanager
def _copy(engine: Engine, root: Path) -> Iterator[_Copy]:
    with TemporaryDirectory(prefix="bench-build-") as folder:
        for path in (path for part in _PARTS for path in root.glob(part)):
            if path.is_dir():
                shutil.copytree(path, Path(folder, path.name), ignore=_LEFT_OUT)
            else:
                shutil.copy2(path, folder)
        copy = _Copy(Path(folder), f"bench-{secrets.token_hex(4)}", engine)
        try:
            yield copy
        finally:
            _remove_images(engine, copy.version)


def _remove_images(engine: Engine, version: str) -> None:
    """Those that have names of this version, and those that a later build took the names from."""
    for image in engine.all_images():
        ours = [name for name in image.tags if f":{version}" in name]
        if not image.tags and image.labels.get(f"{labels.PREFIX}version") == version:
            ours = [image.id]
        for name in ours:
            engine.remove_image(name)
