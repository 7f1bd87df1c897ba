"""A fresh clone of this checkout that an operator sets up: its own settings, images and stack."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import socket
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import guide
from checkout import ROOT

if TYPE_CHECKING:
    from pathlib import Path

# Of this run alone, as two may go on at once; workers inherit it from the process that starts them.
_RUN = os.environ.setdefault("ANALYTICS_MICRO_TEST_RUN", secrets.token_hex(4))
REGISTRY = f"analytics-micro.test/{_RUN}"
VERSION = "ci"
SECONDS = 1200


@dataclass(frozen=True)
class FreshClone:
    """A copy of the files that git knows, or would add."""

    root: Path

    @classmethod
    def make(cls, root: Path) -> FreshClone:
        """Copy this checkout to `root`, a new folder."""
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, root / name)
        return cls(root)

    def run(self, line: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command line of the guide in the clone, as an operator's shell does."""
        return subprocess.run(
            ["bash", "-c", line],
            cwd=self.root,
            env={**_operator(), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def inv(self, *arguments: str, **environment: str) -> str:
        """Run `./inv`; returns what it printed. It must end well."""
        return self.do(subprocess.list2cmdline(["./inv", *arguments]), **environment)

    def do(self, line: str, **environment: str) -> str:
        """Run a command line that must end well; returns what it printed."""
        done = self.run(line, **environment)
        assert done.returncode == 0, f"{line}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
        return done.stdout

    def leave_out_hadoop(self) -> None:
        """Have no hadoop stack: what is the same for all images need not be done to large ones."""
        (self.root / "docker-compose.hadoop.yml").unlink()
        shutil.rmtree(self.root / "services/hadoop")

    def setting(self, name: str) -> str:
        """The value of a setting in conf/."""
        for file in sorted((self.root / "conf").glob("*.env")):
            if found := re.search(rf"^{name}='(.*)'$", file.read_text(), re.MULTILINE):
                return found[1]
        raise AssertionError(f"no {name} in conf/")

    def set(self, **values: str) -> None:
        """Edit settings in conf/, as an operator does."""
        for name, value in values.items():
            for file in sorted((self.root / "conf").glob("*.env")):
                content = file.read_text()
                edited = re.sub(rf"^{name}=.*$", f"{name}='{value}'", content, flags=re.MULTILINE)
                if edited != content:
                    file.write_text(edited)
                    break
            else:
                raise AssertionError(f"no {name} in conf/, or it has that value already")


def built(root: Path) -> FreshClone:
    """The clone at `root`, set up as docs/set-up.md says up to its images; made where it is not.

    Its images have names of their own, so that no test touches those of this checkout.
    """
    clone = FreshClone(root)
    done = root.with_name(f"{root.name}.built")
    if not done.exists():
        shutil.rmtree(root, ignore_errors=True)
        FreshClone.make(root)
        https, http = free_ports(2)
        for line in guide.section("docs/set-up.md", "1. Settings"):
            clone.do(line)
            if line == "./inv init":
                clone.set(
                    REGISTRY=REGISTRY,
                    VERSION=VERSION,
                    BIND_ADDRESS="127.0.0.1",
                    HTTPS_PORT=str(https),
                    HTTP_PORT=str(http),
                )
        guide.run("docs/set-up.md", "2. Images", clone.do)
        from elasticsearch_image import ensure_elasticsearch_image

        ensure_elasticsearch_image()
        done.touch()
    return clone


def second(root: Path) -> FreshClone:
    """Another clone, with a stack of its own, on the images of the one that was built."""
    clone = FreshClone.make(root)
    clone.inv("init")
    https, http = free_ports(2)
    clone.set(
        REGISTRY=REGISTRY,
        VERSION=VERSION,
        BIND_ADDRESS="127.0.0.1",
        HTTPS_PORT=str(https),
        HTTP_PORT=str(http),
    )
    return clone


def remove_images() -> None:
    """Remove the images of this run's clone; what BuildKit keeps makes the next ones fast."""
    names = subprocess.run(
        ["docker", "images", "--format={{.Repository}}:{{.Tag}}", f"{REGISTRY}/*/*"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split()
    if names:
        subprocess.run(["docker", "rmi", "--force", *names], capture_output=True, check=False)


def free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that nobody uses now."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _operator() -> dict[str, str]:
    """This process's environment without what belongs to the tests' own Python."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTEST_", "COV_")) and name not in ("VIRTUAL_ENV", "PYTHONPATH")
    }
