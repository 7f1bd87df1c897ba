"""Which version of the project a checkout is, and which one a site was last brought up with."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

RUNNING = "data/running.json"


@dataclass(frozen=True)
class Version:
    """A version of the project."""

    number: str
    """As in pyproject.toml, such as 0.2.0."""
    commit: str | None
    """Git's, where there is one."""

    def __str__(self) -> str:
        return f"{self.number} (commit {self.commit[:12]})" if self.commit else self.number

    def is_newer_than(self, other: Version) -> bool:
        """Whether its number is a higher one."""
        return _numbers(self.number) > _numbers(other.number)


def of_checkout(root: Path) -> Version:
    """The version of the files that are there."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Version(str(project["version"]), _commit(root))


def note_running(root: Path) -> None:
    """Remember that the site runs on the version that is checked out now."""
    file = root / RUNNING
    file.parent.mkdir(exist_ok=True)
    beside = file.with_name(f"{file.name}.new")
    beside.write_text(json.dumps(asdict(of_checkout(root))))
    beside.replace(file)


def running(root: Path) -> Version | None:
    """The version with which `inv up` last brought the site up; None where that was not noted.

    The checkout is another one from the moment in which a newer version is checked out.
    """
    try:
        noted = json.loads((root / RUNNING).read_bytes())
        return Version(noted["number"], noted["commit"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version))


def _commit(root: Path) -> str | None:
    try:
        ran = subprocess.run(
            ["git", "--no-optional-locks", "-C", root, "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    return ran.stdout.strip() if ran.returncode == 0 else None
