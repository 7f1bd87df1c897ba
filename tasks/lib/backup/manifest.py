"""What a backup holds: manifest.json, written when all else is there, and what is checked by it.

A backup is a folder: conf/*.env, tls/*, databases.sql.gz, volumes/*.tar. One without a manifest, or
with a file that is not as its manifest says, was cut short or damaged, and is not used.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from tasks.lib import console
from tasks.lib.errors import OperatorError
from tasks.lib.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

FILE = "manifest.json"
DATABASES = "databases.sql.gz"
CONF = "conf"
TLS = "tls"
VOLUMES = "volumes"

# Goes up when an older `inv restore` could not read what is written.
FORMAT = 1
BYTES_AT_ONCE = 2**20


class BackupError(OperatorError):
    """A backup is not whole, or not one of this project; the message names the file."""


@dataclass(frozen=True)
class File:
    """A file of a backup."""

    size: int
    """Bytes."""
    sha256: str
    """In hexadecimal digits."""


@dataclass(frozen=True)
class Manifest:
    """What is in a backup, and of which site and version."""

    created: str
    """UTC, ISO 8601."""
    project: str
    """COMPOSE_PROJECT_NAME of the site."""
    engine: str
    """ENGINE of the site: duckdb or spark."""
    version: Version
    """The one that the site ran on."""
    files: Mapping[str, File]
    """By path below the backup's folder."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files.values())

    def below(self, folder: str) -> Iterator[str]:
        """The files in one of the backup's folders."""
        return (name for name in self.files if name.startswith(f"{folder}/"))

    def as_json(self) -> str:
        """As `read` reads it."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=2) + "\n"


def read(folder: Path) -> Manifest:
    """The manifest of a backup.

    Raises:
        BackupError: there is none, or it cannot be read.
    """
    path = folder / FILE
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
        if content["format"] > FORMAT:
            raise BackupError(f"{path} is of a newer version: check that version out to restore it")
        found = Manifest(
            created=content["created"],
            project=content["project"],
            engine=content["engine"],
            version=Version(**content["version"]),
            files={name: File(**file) for name, file in content["files"].items()},
        )
        if DATABASES not in found.files:
            raise KeyError(DATABASES)
    except FileNotFoundError:
        raise BackupError(
            f"{path} is not there: this is no backup, or one that was cut short; take another"
        ) from None
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(f"{path} is no manifest of a backup: take another backup") from error
    return found


def verify(folder: Path, manifest: Manifest) -> None:
    """Read all files of a backup, and compare them with its manifest.

    Raises:
        BackupError: one is missing, or not as it was written; names it.
    """
    for name, file in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise BackupError(f"{path} is missing: the backup is not whole; take another")
        if (size := path.stat().st_size) != file.size:
            raise BackupError(
                f"{path} has {size:,} bytes instead of {file.size:,}: the backup is not whole;"
                " take another"
            )
    done = 0
    with console.progress("verify the backup") as progress:
        for name, file in manifest.files.items():
            digest = sha256()
            for piece in pieces(folder / name):
                digest.update(piece)
                done += len(piece)
                progress.update(done, manifest.size, name)
            if digest.hexdigest() != file.sha256:
                raise BackupError(f"{folder / name} is damaged (SHA-256); take another backup")
        progress.update(done, manifest.size, f"{len(manifest.files)} files")


def pieces(path: Path) -> Iterator[bytes]:
    """The content of a file, piece by piece.

    Raises:
        BackupError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            while piece := file.read(BYTES_AT_ONCE):
                yield piece
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}") from error
