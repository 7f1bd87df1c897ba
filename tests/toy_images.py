"""Trees of toy images, each of which an engine builds in a fraction of a second."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from tasks.lib.engine import Engine
from tasks.lib.images import build_lock, staleness
from tasks.lib.images.builder import Builder
from tasks.lib.images.buildx import Buildx
from tasks.lib.images.graph import read_graph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tasks.lib.images.builder import Outcome, State
    from tasks.lib.images.graph import Graph
    from tasks.lib.images.staleness import Reason

ROOT = Path(__file__).resolve().parents[1]

TASKS = """
from tasks import build
namespace = Collection(build.namespace(Path(__file__).parent), build.force_rebuild, build.graph)
"""


@dataclass
class ToyImages:
    """A checkout of toy images, under a registry name that nobody else uses."""

    root: Path
    engine: Engine
    registry: str = field(default_factory=lambda: f"toy-{uuid.uuid4().hex[:12]}.test/images")
    version: str = "latest"

    def name(self, key: str) -> str:
        """An image's name."""
        return f"{self.registry}/{key}:{self.version}"

    def folder(self, key: str) -> Path:
        """An image's folder, made where it is not."""
        folder = self.root / "services" / key
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def write(self, key: str, *parents: str, steps: str = "COPY . /", **files: str) -> Path:
        """Write an image's Dockerfile, FROM the first of its parents' keys, and its files.

        A parent that is no key of ours is named as it is. Returns the image's folder.
        """
        names = [_variable(parent) for parent in parents] or ["scratch"]
        stages = [f"FROM {name} AS parent{n}" for n, name in enumerate(names[1:])]
        copies = [f"COPY --from=parent{n} / /parent{n}/" for n in range(len(stages))]
        lines = ["ARG REGISTRY", "ARG VERSION", *stages, f"FROM {names[0]}", steps, *copies]
        folder = self.folder(key)
        (folder / "Dockerfile").write_text("\n".join(lines) + "\n")
        for name, text in files.items():
            (folder / name).write_text(text)
        return folder

    def graph(self) -> Graph:
        """The tree as it is now."""
        return read_graph(self.root, self.registry, self.version)

    def ids(self) -> dict[str, str]:
        """Key → image id of what the engine has."""
        found = self.engine.images()
        return {i.key: found[i.name] for i in self.graph() if i.name in found}

    def stale(self) -> dict[str, str]:
        """Key → reason, as text, of what is out of date."""
        return {key: str(reason) for key, reason in self.plan().items() if reason}

    def plan(self) -> dict[str, Reason | None]:
        """Why each image is out of date."""
        return staleness.plan(self.graph(), self.engine.images())

    def build(
        self,
        keys: Iterable[str] | None = None,
        jobs: int = 2,
        show: Callable[[str, State], None] = lambda *_: None,
        secrets: dict[str, Path] | None = None,
    ) -> dict[str, Outcome]:
        """Bring all images up to date, or some; by key, what became of each."""
        graph = self.graph()
        with build_lock.hold(self.root, "a test") as lock:
            buildx = Buildx("default", secrets or {})
            builder = Builder(self.root, self.engine, buildx, lock, jobs, show)
            return builder.build(graph if keys is None else graph.needed_for(keys))

    def add_commands(self) -> None:
        """Make `inv` work in the checkout."""
        heading = (ROOT / "tasks.py").read_text().split("from tasks import")[0]
        (self.root / "tasks.py").write_text(heading + TASKS)
        for folder in ("tasks", "conf"):
            shutil.copytree(
                ROOT / folder, self.root / folder, ignore=shutil.ignore_patterns("*.env")
            )

    def start_inv(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start `inv` in the checkout, in a process group of its own, as a terminal does."""
        program = self.root / "tasks/lib/program.py"
        return subprocess.Popen(
            [sys.executable, "-P", program, "--search-root", self.root, *arguments],
            cwd=self.root,
            env={**os.environ, "REGISTRY": self.registry, "VERSION": self.version, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def inv(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `inv` in the checkout to its end."""
        process = self.start_inv(*arguments, **environment)
        output, errors = process.communicate(timeout=120)
        return subprocess.CompletedProcess(process.args, process.returncode, output, errors)

    def wait_for_log(self, key: str, text: str) -> None:
        """Return once the log of an image's build holds a text."""
        log = self.root / "data/logs/build" / f"{key.replace('/', '-')}.log"
        deadline = time.monotonic() + 60
        while not (log.exists() and text in log.read_text()):
            assert time.monotonic() < deadline, f"no {text!r} in {log}"
            time.sleep(0.02)

    def buildx_processes(self) -> list[str]:
        """The command lines of all that builds one of these images now."""
        lines = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if "buildx" in line and self.registry in line:
                lines.append(line)
        return lines

    def wait_for_no_buildx(self) -> None:
        """Return once nothing builds one of these images."""
        deadline = time.monotonic() + 20
        while running := self.buildx_processes():
            assert time.monotonic() < deadline, running
            time.sleep(0.05)

    def remove(self, *keys: str) -> None:
        """Remove images from the engine, or all of them."""
        ours = [tag for tag in self.engine.images() if tag.startswith(f"{self.registry}/")]
        names = [self.name(key) for key in keys] or ours
        if names:
            command = ["docker", "rmi", "--force", *names]
            subprocess.run(command, capture_output=True, check=True)


@contextmanager
def toy_images(root: Path) -> Iterator[ToyImages]:
    """An empty tree below `root`; its images are removed from the engine at the end."""
    toys = ToyImages(root, Engine.connect())
    try:
        yield toys
    finally:
        toys.remove()


@contextmanager
def engine_on_small_disk(megabytes: int) -> Iterator[subprocess.Popen[bytes]]:
    """A second engine, which DOCKER_HOST names, with that much room in memory. Needs root."""
    # A short path: sockets have no longer ones.
    with TemporaryDirectory(prefix="engine-") as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        socket, store, log = f"unix://{folder}/docker.sock", folder / "store", folder / "log"
        store.mkdir()
        patch.setenv("DOCKER_HOST", socket)
        command = [
            # In a network of its own: without a bridge, it would remove the first engine's.
            *("unshare", "--net", "dockerd", f"--host={socket}", f"--data-root={store}"),
            *(f"--exec-root={folder}/exec", f"--pidfile={folder}/pid"),
            *("--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-masq=false"),
        ]
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", store]
        subprocess.run(mount, check=True)
        try:
            with log.open("wb") as output, subprocess.Popen(command, stderr=output) as dockerd:
                try:
                    deadline = time.monotonic() + 60
                    while subprocess.run(["docker", "version"], capture_output=True).returncode:
                        assert time.monotonic() < deadline, log.read_text()
                        time.sleep(0.1)
                    yield dockerd
                finally:
                    dockerd.terminate()
        finally:
            subprocess.run(["umount", "--lazy", store], check=True)


def _variable(parent: str) -> str:
    is_ours = parent.count("/") == 1 and ":" not in parent
    return f"${{REGISTRY}}/{parent}:${{VERSION}}" if is_ours else parent
