"""Brings a site back from a backup, on this machine or another.

It is safe to be called again: the backup is seen to be whole before anything is touched, each step
replaces what it finds, and `inv up` refuses until the last one is done.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tasks.lib import console, version
from tasks.lib.backup import databases, manifest
from tasks.lib.backup.manifest import BackupError, Manifest
from tasks.lib.backup.volumes import KEPT, Volumes
from tasks.lib.containers import health, unfinished
from tasks.lib.containers import stack as stacks
from tasks.lib.containers.compose import Compose, Service
from tasks.lib.containers.confirmation import confirm
from tasks.lib.containers.health_view import view
from tasks.lib.containers.stack import Stack
from tasks.lib.hadoop import lock
from tasks.lib.hadoop.cluster import Cluster
from tasks.lib.settings import Settings, SettingsError, env_file, templates
from tasks.lib.settings import read as read_settings
from tasks.lib.settings.certificate import CertificateError
from tasks.lib.settings.effective import PROJECT
from tasks.lib.settings.initialise import initialise
from tasks.lib.settings.writing import locked

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SERVER_IMAGE = "web/mysql"

# What is made anew: databases are loaded from their dump, charts are drawn again.
_EMPTIED = (databases.SERVICE, "insights-cache", *KEPT)


def restore(root: Path, folder: Path, yes: bool = False) -> None:
    """Replace settings and data of a checkout's site by those of a backup; it is down then.

    COMPOSE_PROJECT_NAME stays the checkout's own, so that no other site's data are touched.

    Args:
        root: the checkout.
        folder: the backup.
        yes: whether what is there may be replaced without asking.

    Raises:
        BackupError: the backup is not whole, or of a newer version; nothing was changed.
        OperatorError: it was not confirmed, a pipeline run is under way, mysql's image is to be had
            nowhere: no data were changed. Or a step failed: it can be called again.
    """
    with lock.hold(root, "inv restore"):
        found = manifest.read(folder)
        _refuse_newer(root, found)
        manifest.verify(folder, found)
        files = _settings_files(root, folder, found)
        incoming = _settings(root, files)
        stack = Stack.checked(Compose(incoming, incoming.project))
        if _holds_something(root, stack):
            _provide_server_image(stack)
            site = f"{incoming.project} by those of {found.project}, {found.created}"
            confirm(f"restore replaces settings and all data of {site}", incoming.project, yes)
        else:
            # Where the image is lacking, it can then be built under the site's own names.
            _put_back_settings(root, folder, found, files)
            _provide_server_image(stack)
        with unfinished.noted(root, folder):
            _put_back_settings(root, folder, found, files)
            _put_back_data(Stack.of(root), folder, found)
    console.say(
        f"restored: {found.project}, {found.created}, version {found.version}. Next: `inv build`,"
        " then `inv up --detach`, which brings tables of an older version up to date"
    )


def _refuse_newer(root: Path, found: Manifest) -> None:
    ours = version.of_checkout(root)
    if found.version.is_newer_than(ours):
        raise BackupError(
            f"the backup is of version {found.version}, and this is {ours}: check that one out"
            " first"
        )


def _settings_files(root: Path, folder: Path, found: Manifest) -> dict[Path, bytes]:
    """The env files as they are to be, by the place where they belong."""
    files = {
        root / manifest.CONF / (folder / name).name: b"".join(manifest.pieces(folder / name))
        for name in found.below(manifest.CONF)
    }
    present = read_settings(root)
    declared = present.declarations[PROJECT]
    own = present.get(PROJECT) or declared.first_value()
    files[declared.file] = _with_project(files.get(declared.file, b""), own)
    return files


def _with_project(content: bytes, project: str) -> bytes:
    """The content of an env file with another COMPOSE_PROJECT_NAME."""
    assignment = env_file.assignment(PROJECT, project).encode()
    line = env_file.parse(content).lines.get(PROJECT)
    if line is None:
        return assignment + content
    lines = content.splitlines(keepends=True)
    return b"".join([*lines[: line - 1], assignment, *lines[line:]])


def _settings(root: Path, files: Mapping[Path, bytes]) -> Settings:
    parsed = {path: env_file.parse(content) for path, content in files.items()}
    return Settings(root, templates.load(root), parsed, os.environ)


def _provide_server_image(stack: Stack) -> None:
    settings = stack.compose.settings
    image = f"{settings.registry}/{_SERVER_IMAGE}:{settings.version}"
    stack.provide_images({databases.SERVICE: Service(databases.SERVICE, image, {})})


def _holds_something(root: Path, stack: Stack) -> bool:
    """Whether there are settings, or volumes of the project."""
    volumes = stack.engine.volumes()
    return any((root / manifest.CONF).glob("*.env")) or any(
        name.startswith(f"{stack.compose.project}_") for name in volumes
    )


def _put_back_settings(
    root: Path, folder: Path, found: Manifest, files: Mapping[Path, bytes]
) -> None:
    """Settings, certificate and key; then all that `inv init` makes of them."""
    tls = root / "data/tls"
    try:
        with locked(root):
            for path, content in files.items():
                env_file.write(path, content)
            tls.mkdir(parents=True, exist_ok=True)
            for name in found.below(manifest.TLS):
                content = b"".join(manifest.pieces(folder / name))
                env_file.write(tls / (folder / name).name, content)
    except OSError as error:
        raise SettingsError(f"{error.filename} cannot be written: {error.strerror}") from error
    try:
        for line in initialise(root):
            console.say(line)
    except CertificateError as error:
        # Of no matter to the data; `inv up` refuses it.
        console.say(str(error))


def _put_back_data(stack: Stack, folder: Path, found: Manifest) -> None:
    Cluster(stack).end_pipeline()
    stacks.stop(stack)
    compose, engine = stack.compose, stack.engine
    volumes = Volumes(compose.services[databases.SERVICE].image)
    there = engine.volumes()
    for key in _EMPTIED:
        volume = compose.volume(key)
        if volume and volume.name in there:
            volumes.empty(volume.name)
    for name in found.below(manifest.VOLUMES):
        path = folder / name
        if volume := compose.volume(path.stem):
            engine.create_volume(volume)
            volumes.fill(volume.name, path)
        else:
            console.say(f"{name} is left out: this version has no volume {path.stem}")
    with view() as show:
        server = compose.with_dependencies([databases.SERVICE])
        health.bring_up(compose, engine, server, show, again=f"inv restore --from {folder}")
    databases.load(stack.running(databases.SERVICE).id, folder / manifest.DATABASES)
    stacks.stop(stack)
