"""Copies of this checkout to try the launcher and the environment in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("inv", "tasks.py", "tasks", "requirements")


def locked(group: str, package: str) -> str:
    """The lines of a package in a lock file: what pip needs to install it alone."""
    content = (ROOT / f"requirements/{group}.txt").read_text()
    found = re.search(rf"^{re.escape(package)}==.*\n(?: .*\n)*", content, re.MULTILINE)
    assert found, f"no {package} in {group}"
    return found[0]


@dataclass
class Checkout:
    """A copy of what `./inv` needs, without .venv."""

    root: Path

    @classmethod
    def copy(cls, root: Path) -> Checkout:
        """Copies launcher, tasks and requirements of this checkout to `root`, a new folder."""
        root.mkdir()
        for part in PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
            copy(ROOT / part, root / part)
        return cls(root)

    @classmethod
    def small(cls, root: Path) -> Checkout:
        """Such a copy whose runner is Invoke alone, so that it installs fast."""
        checkout = cls.copy(root)
        checkout.lock("runner", locked("runner", "invoke"))
        return checkout

    def lock(self, group: str, content: str) -> None:
        """Replaces the lock file of a group."""
        (self.root / f"requirements/{group}.txt").write_text(content)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Starts ./inv in a process group of its own, as a terminal does."""
        return self._popen([str(self.root / "inv"), *arguments], environment)

    def inv(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs ./inv to its end."""
        return _finish(self.start(*arguments, **environment))

    def start_python(self, code: str) -> subprocess.Popen[str]:
        """Starts the Python of .venv in the checkout, in a process group of its own."""
        return self._popen([str(self.root / ".venv/bin/python"), "-c", code], {})

    def python(self, code: str) -> subprocess.CompletedProcess[str]:
        """Runs code with the Python of .venv, in the checkout."""
        return _finish(self.start_python(code))

    def wait_for(self, pattern: str, seconds: float = 60) -> None:
        """Returns once a file matches the pattern, relative to the checkout."""
        deadline = time.monotonic() + seconds
        while not any(self.root.glob(pattern)):
            assert time.monotonic() < deadline, f"no {pattern} after {seconds} s"
            time.sleep(0.01)

    def _popen(self, command: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command,
            cwd=self.root,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


def _finish(process: subprocess.Popen[str]) -> subprocess.CompletedProcess[str]:
    output, errors = process.communicate(timeout=300)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)
