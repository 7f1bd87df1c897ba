"""Volumes as tar archives, made and unpacked by a short-lived container.

It is root in there, as files belong to the users of several services, and has no network, no more
rights than that takes, and nothing of the host but the volumes.
"""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING

from tasks.lib import console
from tasks.lib.backup import manifest, pipes
from tasks.lib.backup.manifest import BackupError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

# They belong together: the pipeline's ledger and tables, and the file system that it keeps more in.
KEPT = ("warehouse", "reports", "namenode", "datanode")
"""Volumes that a backup holds, by their names in the compose files."""

_AT = "/volume"
_READ = ("DAC_OVERRIDE",)
_WRITE = (*_READ, "CHOWN", "FOWNER", "FSETID")
# pax: times to the nanosecond, and names and sizes without limits.
_TAR = f"tar --format=pax --directory={_AT} --numeric-owner"


@dataclass(frozen=True)
class Volumes:
    """What is done with volumes, in containers of one image."""

    image: str
    """One that has sh, tar and find, and is there."""

    def size(self, volume: str) -> int:
        """Bytes of the files in a volume.

        Raises:
            EngineError: it cannot be read.
        """
        command = f"du --summarize --apparent-size --block-size=1 {_AT}"
        with (
            self._container(volume, _READ, command, read_only=True) as arguments,
            pipes.output_of(f"volume {volume}", *arguments) as pieces,
        ):
            return int(b"".join(pieces).split()[0])

    @contextmanager
    def packed(self, volume: str) -> Iterator[Iterator[bytes]]:
        """A volume's content as a tar archive, piece by piece; nobody is to write to it meanwhile.

        Raises:
            EngineError: it cannot be read, or changed meanwhile.
        """
        command = f"{_TAR} --create --file=- ."
        with (
            self._container(volume, _READ, command, read_only=True) as arguments,
            pipes.output_of(f"volume {volume}", *arguments) as pieces,
        ):
            yield pieces

    def empty(self, volume: str) -> None:
        """Remove all that is in a volume, which nobody uses.

        Raises:
            EngineError: something cannot be removed.
        """
        with (
            self._container(volume, _WRITE, f"find {_AT} -mindepth 1 -delete") as arguments,
            pipes.output_of(f"volume {volume}", *arguments) as pieces,
        ):
            b"".join(pieces)

    def fill(self, volume: str, archive: Path) -> None:
        """Unpack what `packed` gave into an empty volume: owners, modes and times are as they were.

        Raises:
            BackupError: the archive cannot be read.
            EngineError: the volume cannot be written, or its disk is full.
        """
        command = (
            f"{_TAR} --extract --same-owner --same-permissions --file=- && sync --file-system {_AT}"
        )
        with (
            self._container(volume, _WRITE, command, "--interactive") as arguments,
            pipes.input_of(f"volume {volume}", *arguments) as stream,
        ):
            for piece in counted(f"volume {volume}", manifest.pieces(archive), _size(archive)):
                stream.write(piece)

    @contextmanager
    def _container(
        self,
        volume: str,
        capabilities: Iterable[str],
        command: str,
        *options: str,
        read_only: bool = False,
    ) -> Iterator[list[str]]:
        """The arguments of `docker` to run it with; however that ends, no container is left."""
        name = f"{volume}-{token_hex(4)}"
        try:
            yield [
                *("run", "--rm", f"--name={name}", *options),
                *("--pull=never", "--network=none", "--read-only", "--no-healthcheck"),
                # What it prints is a whole volume, or nothing.
                "--log-driver=none",
                *("--user=0:0", "--cap-drop=ALL", "--security-opt=no-new-privileges:true"),
                *(f"--cap-add={capability}" for capability in capabilities),
                f"--mount=type=volume,source={volume},target={_AT},volume-nocopy"
                + (",readonly" if read_only else ""),
                *("--entrypoint=sh", self.image, "-c", command),
            ]
        except BaseException:
            subprocess.run(
                ["docker", "rm", "--force", "--volumes", name], capture_output=True, check=False
            )
            raise


def counted(what: str, pieces: Iterable[bytes], total: int) -> Iterator[bytes]:
    """The pieces as they are; how many bytes of about `total` there were is shown meanwhile."""
    done = 0
    with console.progress(what) as progress:
        for piece in pieces:
            done += len(piece)
            progress.update(min(done, total), total, megabytes(done))
            yield piece


def megabytes(size: int) -> str:
    """For reading: 12.3 MB."""
    return f"{size / 1e6:,.1f} MB"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise BackupError(f"{path} cannot be read: {error.strerror}") from error
