"""Checkouts with small stacks of their own, run on the real engine."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import uuid4

from checkout import ROOT
from tasks.lib.engine import Engine
from tasks.lib.settings.initialise import initialise

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from tasks.lib.engine import Container

IMAGE = "debian:bookworm-slim"
REGISTRY = "toys.test"
PREFIX = "toys"

# A namespace of the tasks under test alone, as tasks.py hooks them in.
_TASKS = """
from pathlib import Path
from invoke import Collection
__path__ = [str(Path(__file__).with_name("tasks"))]
from tasks import backup, hadoop, services, stack, status
namespace = Collection(
    backup.backup, backup.restore, backup.upgrade,
    stack.destroy, stack.down, stack.up, status.status,
    hadoop.namespace, hadoop.format_namenode, hadoop.nightly,
    services.enter, services.logs, services.shell, services.start, stack.tls,
)
"""

SLEEP = "trap 'exit 0' TERM; while :; do sleep 0.1; done"
GOOD = f"touch /tmp/ready; {SLEEP}"


def service(
    script: str = GOOD, *, image: str = IMAGE, healthy: bool = True, after: str = "", more: str = ""
) -> str:
    """A service of a compose file: a shell script, ready once it has made /tmp/ready.

    Args:
        healthy: whether it has a health check.
        after: services, separated by blanks, that have to be healthy first.
        more: further keys.
    """
    lines = [
        f"image: {image}",
        f'entrypoint: ["sh", "-c", "{script}"]',
        "restart: unless-stopped",
        "stop_grace_period: 2s",
    ]
    if healthy:
        check = 'test: ["CMD", "test", "-e", "/tmp/ready"], interval: 1s, retries: 2'
        lines.append(f"healthcheck: {{{check}, start_period: 1s, start_interval: 0.2s}}")
    if after:
        conditions = ", ".join(f"{name}: {{condition: service_healthy}}" for name in after.split())
        lines.append(f"depends_on: {{{conditions}}}")
    return "".join(f"    {line}\n" for line in [*lines, *more.splitlines()])


@dataclass(frozen=True)
class ToyStack:
    """A checkout with the project's tasks and settings and a compose file of its own."""

    root: Path
    project: str

    def compose(self, file: str = "docker-compose.yml", top: str = "", **services: str) -> None:
        """Write a compose file of these services; `top` stands below them."""
        blocks = "".join(f"  {name}:\n{body}" for name, body in services.items())
        (self.root / file).write_text(f"services:\n{blocks}{top}")

    def set(self, **values: str) -> None:
        """Edit settings in conf/, as an operator does."""
        for name, value in values.items():
            for file in self.root.glob("conf/*.env"):
                content, found = re.subn(
                    rf"^{name}=.*$", f"{name}='{value}'", file.read_text(), flags=re.MULTILINE
                )
                if found:
                    file.write_text(content)
                    break
            else:
                raise AssertionError(f"no {name} in conf/")

    @property
    def program(self) -> list[str]:
        """`inv` as the launcher runs it."""
        program = str(self.root / "tasks/lib/program.py")
        return [sys.executable, "-P", program, "--search-root", str(self.root)]

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start `inv` in a process group of its own, as a terminal does."""
        return subprocess.Popen(
            [*self.program, *arguments],
            env={**os.environ, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def inv(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run `inv` to its end."""
        return finish(self.start(*arguments, **environment))

    def do(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run an `inv` that must end well."""
        ended = self.inv(*arguments)
        assert ended.returncode == 0, ended.stderr
        return ended

    def plain_compose(self, *arguments: str) -> str:
        """What an operator falls back to: `docker compose`; returns what it printed."""
        return subprocess.run(
            ["docker", "compose", *arguments],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    @property
    def containers(self) -> dict[str, Container]:
        """The containers by service."""
        return {each.service: each for each in Engine.connect().containers(self.project)}

    def wait_for(self, service: str, state: str, seconds: float = 30) -> None:
        """Return once a service's container is in a state, such as running, or is healthy."""
        deadline = time.monotonic() + seconds
        while True:
            container = self.containers.get(service)
            if container and state in (container.state, container.health):
                return
            assert time.monotonic() < deadline, f"{service} is not {state}: {container}"
            time.sleep(0.1)


@contextmanager
def toy_stack(root: Path, project: str = "") -> Generator[ToyStack]:
    """A checkout in a new folder; what it has on the engine goes when the context is closed."""
    root.mkdir(parents=True)
    shutil.copytree(ROOT / "tasks", root / "tasks", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "conf", root / "conf", ignore=shutil.ignore_patterns("*.env"))
    shutil.copy2(ROOT / "pyproject.toml", root)
    (root / "tasks.py").write_text(_TASKS)
    stack = ToyStack(root, project or f"{PREFIX}-{uuid4().hex[:8]}")
    stack.compose()
    for _ in initialise(root):
        pass
    stack.set(COMPOSE_PROJECT_NAME=stack.project, REGISTRY=REGISTRY)
    try:
        yield stack
    finally:
        _remove(stack.project)


def _remove(project: str) -> None:
    """Removes a project by its name, whatever its compose file says by now."""
    subprocess.run(
        ["docker", "compose", "--project-name", project, "down", "--volumes", "--timeout", "1"],
        cwd="/",
        capture_output=True,
        check=True,
    )


def finish(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    """Wait for a started `inv`."""
    output, errors = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def ctrl_c(process: subprocess.Popen[str]) -> None:
    """Press Ctrl-C: every process of the terminal's foreground gets it."""
    os.killpg(process.pid, signal.SIGINT)
