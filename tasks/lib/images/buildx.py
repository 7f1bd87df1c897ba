"""The build of one image: a `docker buildx build` that never outlives the one who waits for it.

python-on-whales is of no help here: who leaves its stream of lines early, as Ctrl-C does, leaves
the process running, without a way to reach it.
"""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import signal
import subprocess
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO

from tasks.lib.errors import OperatorError
from tasks.lib.images import context, stamps

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from tasks.lib.images.graph import Image

_SECONDS_TO_END = 15.0

# Of the end of what buildx printed, for the reason why it failed.
_LINES_TO_SEARCH = 200

_STEP = re.compile(r"#\d+ \[(?:(?P<stage>\S.*?) +)?(?P<number>\d+)/(?P<total>\d+)\] (?P<text>.+)")

# What is known of buildx's errors, and what to do. Its own lines begin with ERROR; others are what
# the steps of a build print.
_REASONS = (
    (
        r"no space left on device",
        "the disk is full: `docker system df` shows what the engine holds, and `inv prune` removes"
        " what old builds left",
    ),
    (
        r"(?m)^ERROR: (?!failed to solve: process ).*(?:cannot connect to the docker daemon"
        r"|error during connect|connection reset|error reading from server: EOF"
        r"|transport is closing|Unavailable)",
        "the Docker engine ended meanwhile: start it and build again; what was built stays",
    ),
    (
        r"(?m)^ERROR: failed to solve: (?:docker\.io/(?:library/)?)?(\S+?): (?:failed to"
        r" (?:resolve|do|fetch)|pull access denied|not found)",
        r"\1 is not in the engine and cannot be pulled: pull or load it, or name another image in"
        " the Dockerfile",
    ),
)


class BuildError(OperatorError):
    """An image could not be built; the message says why, and what to do where that is known."""


@dataclass(frozen=True)
class Step:
    """How far a build is."""

    number: int
    total: int
    """Of all stages that have begun."""
    text: str
    """The instruction."""


@dataclass(frozen=True)
class Buildx:
    """How images are built."""

    builder: str
    """A builder of the docker driver: it sees the engine's own images."""
    secrets: Mapping[str, Path] = field(default_factory=dict, hash=False)
    """Files that builds may read but not keep, by id."""
    cache: bool = True
    """Whether steps whose inputs are the same are taken from the last build."""

    @classmethod
    def of_engine(cls, secrets: Mapping[str, Path], cache: bool = True) -> Buildx:
        """The engine that the docker command uses, whichever builder is chosen there.

        Raises:
            EngineError: buildx is missing or too old.
        """
        from tasks.lib.engine import buildx_version

        buildx_version()
        # Each context has a builder of its name.
        shown = subprocess.run(["docker", "context", "show"], capture_output=True, text=True)
        return cls(shown.stdout.strip() or "default", secrets, cache)

    async def build(
        self, image: Image, labels: Mapping[str, str], log: Path, show: Callable[[Step], None]
    ) -> None:
        """Build an image and give it its name.

        Args:
            image: the image.
            labels: its labels.
            log: file for all that is printed, made anew.
            show: told of each step as it begins.

        Raises:
            BuildError: it cannot be built.
        """
        try:
            with TemporaryDirectory(prefix="dockerfile-") as folder:
                command = self._command(image, labels, _dockerfile(image, Path(folder)))
                log.parent.mkdir(parents=True, exist_ok=True)
                with log.open("wb") as output:
                    output.write(f"$ {shlex.join(command)}\n".encode())
                    code, end = await _run(command, output, show)
        except OSError as error:
            raise BuildError(str(error)) from error
        if code:
            raise BuildError(_why(end) or f"buildx ended with exit code {code}")

    def _command(self, image: Image, labels: Mapping[str, str], dockerfile: Path) -> list[str]:
        options: list[tuple[str, str]] = [
            ("builder", self.builder),
            ("progress", "plain"),
            # Attestations hold the time of the build: each would give the image another id.
            ("provenance", "false"),
            ("sbom", "false"),
            ("file", str(dockerfile)),
            ("tag", image.name),
            *(("label", f"{name}={value}") for name, value in labels.items()),
            *(("build-arg", f"{name}={value}") for name, value in image.arguments.items()),
            *(("secret", f"id={name},src={path}") for name, path in self.secrets.items()),
        ]
        return [
            *_ending_with_this_process(),
            *("docker", "buildx", "build", "--load"),
            *(f"--{name}={value}" for name, value in options),
            *(() if self.cache else ("--no-cache",)),
            str(image.folder),
        ]


def _ending_with_this_process() -> list[str]:
    """What to put ahead of a command so that it ends even where this process is killed."""
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM"] if setpriv else []


def _dockerfile(image: Image, folder: Path) -> Path:
    """A copy of the Dockerfile beside which .dockerignore excludes `.target` too.

    Else each build would change what `COPY . /` copies.
    """
    dockerfile = folder / "Dockerfile"
    dockerfile.write_bytes((image.folder / "Dockerfile").read_bytes())
    ignored = context.ignore_file(image.folder)
    patterns = ignored.read_bytes() if ignored.exists() else b""
    excluded = f"\n{stamps.FILE}\n".encode()
    dockerfile.with_name("Dockerfile.dockerignore").write_bytes(patterns + excluded)
    return dockerfile


async def _run(
    command: Sequence[str], output: BinaryIO, show: Callable[[Step], None]
) -> tuple[int, str]:
    """Runs buildx to its end; returns its exit code and the end of what it printed.

    Where this is cancelled, buildx is ended and waited for.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        # Ctrl-C is for this process alone, which then ends buildx in order.
        start_new_session=True,
    )
    steps = _Steps()
    end: deque[str] = deque(maxlen=_LINES_TO_SEARCH)
    try:
        async for line in _lines(process):
            output.write(line)
            output.flush()
            text = line.decode(errors="replace")
            end.append(text)
            if step := steps.read(text):
                show(step)
        return await process.wait(), "".join(end)
    finally:
        await _end(process)


async def _lines(process: Process) -> AsyncIterator[bytes]:
    """What a process prints, line by line, however long these are."""
    assert process.stdout
    rest = b""
    while chunk := await process.stdout.read(1 << 16):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line + b"\n"
    if rest:
        yield rest


async def _end(process: Process) -> None:
    if process.returncode is not None:
        return
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), _SECONDS_TO_END)
            return


class _Steps:
    """Counts the steps of all stages, as plain progress names them: `#7 [build 2/5] RUN …`."""

    def __init__(self) -> None:
        self._begun: set[tuple[str, str]] = set()
        self._totals: dict[str, int] = {}

    def read(self, line: str) -> Step | None:
        """The step that begins with a line, if one does."""
        if not (found := _STEP.match(line)):
            return None
        stage = found["stage"] or ""
        self._begun.add((stage, found["number"]))
        self._totals[stage] = int(found["total"])
        return Step(len(self._begun), sum(self._totals.values()), found["text"].strip())


def _why(printed: str) -> str | None:
    """What made buildx fail, in one line with what to do about it where that is known."""
    for pattern, reason in _REASONS:
        if found := re.search(pattern, printed, re.IGNORECASE):
            return found.expand(reason)
    errors = [line for line in printed.splitlines() if line.startswith("ERROR: ")]
    return errors[-1].removeprefix("ERROR: ").removeprefix("failed to solve: ") if errors else None
