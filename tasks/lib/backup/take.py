"""Takes a backup of a site that is up: settings, certificate, databases, the pipeline's volumes."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tasks.lib import console, version
from tasks.lib.backup import databases, manifest
from tasks.lib.backup.folder import new_backup
from tasks.lib.backup.manifest import BackupError, Manifest
from tasks.lib.backup.volumes import KEPT, Volumes, counted, megabytes
from tasks.lib.containers import following
from tasks.lib.containers.stack import Stack
from tasks.lib.errors import OperatorError
from tasks.lib.hadoop import lock
from tasks.lib.hadoop.cluster import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tasks.lib.backup.folder import NewBackup
    from tasks.lib.engine import Container


def backup(root: Path, folder: Path) -> Manifest:
    """Take a backup while no pipeline run is under way: as `take`."""
    with lock.hold(root, "inv backup"):
        return take(root, folder)


def take(root: Path, folder: Path) -> Manifest:
    """Take a backup; the caller sees to it that no pipeline run is under way meanwhile.

    Pages may be read, and signed in to: databases are those of one moment. What the pipeline keeps
    changes in its runs alone, and so fits what it last published.

    Args:
        root: the checkout.
        folder: a new or an empty one; holds secrets then, and is closed to others.

    Raises:
        OperatorError: mysql is not up, or the hadoop stack is; a disk is full; …: nothing is left.
    """
    stack = Stack.of(root)
    server = _server(stack)
    _refuse_hadoop(stack)
    settings = stack.compose.settings
    volumes = Volumes(server.image_id)
    sizes = {key: volumes.size(name) for key, name in kept(stack).items()}
    with new_backup(folder) as new:
        _refuse_too_large(folder, sum(sizes.values()))
        for name, path in _small_files(root):
            new.write(name, manifest.pieces(path))
        with following.paused(stack):
            _write_databases(new, stack, server)
            for key, name in kept(stack).items():
                with volumes.packed(name) as pieces:
                    archive = f"{manifest.VOLUMES}/{key}.tar"
                    new.write(archive, counted(f"volume {name}", pieces, sizes[key]))
        written = Manifest(
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            project=stack.compose.project,
            engine=settings["ENGINE"],
            version=version.running(root) or version.of_checkout(root),
            files=dict(new.files),
        )
        new.close(written)
    console.say(f"{folder}: {len(written.files)} files, {megabytes(written.size)}")
    return written


def kept(stack: Stack) -> dict[str, str]:
    """The volumes that a backup of the site holds: those that there are, by their short names."""
    there = stack.engine.volumes()
    declared = {key: stack.compose.volume(key) for key in KEPT}
    return {key: each.name for key, each in declared.items() if each and each.name in there}


def _server(stack: Stack) -> Container:
    server = stack.running(databases.SERVICE)
    if not server.healthy:
        raise OperatorError(
            f"{databases.SERVICE} is not healthy: `inv logs.{databases.SERVICE}` says why"
        )
    return server


def _refuse_hadoop(stack: Stack) -> None:
    """Refuse what a kept stack, or a run whose command was killed, may write to meanwhile."""
    containers = Cluster(stack).containers
    if running := sorted({each.service for each in containers if each.state == "running"}):
        raise OperatorError(
            f"the hadoop stack is up ({', '.join(running)}), and its data may change: `inv"
            " hadoop-tasks` takes it down at its end"
        )


def _refuse_too_large(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BackupError(
            f"{folder} has {megabytes(free)} free, and the volumes alone have {megabytes(needed)}:"
            " give a folder on a larger disk"
        )


def _small_files(root: Path) -> Iterator[tuple[str, Path]]:
    """Settings, certificate and key: name in the backup, and file."""
    for path in sorted((root / manifest.CONF).glob("*.env")):
        yield f"{manifest.CONF}/{path.name}", path
    # Its folder `served` holds copies.
    for path in sorted((root / "data/tls").glob("*")):
        if path.is_file():
            yield f"{manifest.TLS}/{path.name}", path


def _write_databases(new: NewBackup, stack: Stack, server: Container) -> None:
    with databases.dumped(server.id, databases.names(stack.compose)) as pieces:
        new.write(manifest.DATABASES, pieces)
