"""What an image tells about itself: the labels of the OCI image specification."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tasks.lib.images.graph import Image

PREFIX = "org.opencontainers.image."

# Tells our images from all others, whatever they are named.
VENDOR = "Analytics Micro"


def labels(image: Image) -> dict[str, str]:
    """The labels to build an image with; those about git only where it is in a git checkout."""
    found = {
        "vendor": VENDOR,
        "title": image.key,
        "version": image.name.rpartition(":")[2],
        "revision": revision(image.folder),
        "source": source(image.folder),
    }
    return {PREFIX + name: value for name, value in found.items() if value}


def revision(folder: Path) -> str | None:
    """The last commit that touched a folder, with `-dirty` where it differs from that.

    A commit elsewhere thus changes no image.
    """
    commit = _git(folder, "log", "--max-count=1", "--format=%H", "--", ".")
    if not commit:
        return None
    return f"{commit}-dirty" if _git(folder, "status", "--porcelain", "--", ".") else commit


def source(folder: Path) -> str | None:
    """Where the code was cloned from, without credentials; None where that is a local path."""
    address = _git(folder, "config", "--get", "remote.origin.url") or ""
    # git@host:path is ssh.
    address = re.sub(r"^(?:[^/@]+@)?([^/:]+):(?!//)", r"ssh://\1/", address)
    found = re.fullmatch(r"(https?|ssh)://(?:[^/@]*@)?(.+)", address)
    return f"{found[1]}://{found[2]}" if found else None


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        ran = subprocess.run(
            ["git", "--no-optional-locks", "-C", folder, *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    return ran.stdout.strip() if ran.returncode == 0 else None
