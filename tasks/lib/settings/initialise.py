"""Makes what a fresh checkout lacks, and leaves what is there as it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.lib import settings
from tasks.lib.images import stamps
from tasks.lib.images.graph import image_keys
from tasks.lib.settings import SettingsError, certificate, compose_env, env_file, templates, tls
from tasks.lib.settings.writing import locked, replace_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tasks.lib.settings import Settings
    from tasks.lib.settings.templates import Declaration, Template

_FOLDERS = {
    "TRACKING_LOGS": "the LMS's tracking logs",
    "LMS_FILES": "the LMS's tables, and what its services tell of courses,",
}
"""Settings that name a folder to be made, and what goes there."""


def initialise(root: Path) -> Iterator[str]:
    """Make settings, folders, `.env`, `.target` files and a certificate; say what was made.

    Every step leaves a whole file or none, and a second call takes up where one was killed.

    Raises:
        SettingsError: an env file cannot be read or written.
        StampError: a `.target` cannot be made.
        CertificateError: the certificate cannot be made, or is not usable; all else is done.
    """
    with locked(root):
        # All files are seen to be readable before one is changed.
        before = settings.load(root)
        for template in templates.load(root):
            yield from _complete(template, before)
        loaded = settings.load(root)
        yield from map(str, loaded.without_effect)
        yield from _make_folders(loaded)
    if compose_env.write(loaded, root):
        yield f"{compose_env.FILE}: written, for plain `docker compose`"
    yield from _create_targets(root)
    with locked(root):
        yield from _make_certificate(loaded)


def _complete(template: Template, before: Settings) -> Iterator[str]:
    """Bring an env file up to the template; what is in it stays as it is, byte for byte."""
    shown = template.file.relative_to(before.root)
    found = before.files.get(template.file)
    if not found:
        values = {each.name: each.first_value() for each in template.declarations}
        replace_file(template.file, template.render(values))
        yield f"{shown}: made, with {len(values)} settings"
        return
    if new := [each for each in template.declarations if each.name not in found.values]:
        text = template.file.read_bytes().decode()
        replace_file(template.file, text + _addition(text, new))
        yield f"{shown}: added " + ", ".join(each.name for each in new)


def _addition(text: str, new: Iterable[Declaration]) -> str:
    """What to put after the text of an env file to set more names."""
    parts = ["" if text.endswith("\n") or not text else "\n"]
    comment = None
    for declaration in new:
        if declaration.comment != comment:
            comment = declaration.comment
            parts.append(f"\n{comment}")
        parts.append(env_file.assignment(declaration.name, declaration.first_value()))
    return "".join(parts)


def _make_folders(loaded: Settings) -> Iterator[str]:
    for name, content in _FOLDERS.items():
        folder = loaded.path(name)
        if folder and _is_inside(folder, loaded.root) and not folder.exists():
            try:
                folder.mkdir(parents=True)
            except OSError as error:
                raise SettingsError(f"{folder} cannot be made: {error.strerror}") from error
            yield f"{folder.relative_to(loaded.root)}: made; {content} go here"


def _make_certificate(loaded: Settings) -> Iterator[str]:
    """A self-signed pair, unless the site says that it has its own elsewhere."""
    pair = tls.named(loaded, "TLS_CERTIFICATE"), tls.named(loaded, "TLS_KEY")
    if all(_is_inside(path, loaded.root) for path in pair):
        host = loaded.require("SITE_HOST")
        if certificate.ensure(*pair, host):
            until = certificate.load(*pair).valid_until
            yield (
                f"{pair[0].relative_to(loaded.root)}: made, self-signed for {host}, until"
                f" {until:%Y-%m-%d}"
            )
    elif missing := [path for path in pair if not path.exists()]:
        yield f"{missing[0]}: not there yet; nginx needs it (TLS_CERTIFICATE, TLS_KEY)"
        return
    if tls.serve(loaded):
        yield f"{tls.SERVED}: certificate and key brought up to date, for nginx"


def _is_inside(path: Path, root: Path) -> bool:
    """Whether a path, as it is written, is one of the checkout; links may lead elsewhere."""
    return Path(os.path.normpath(path)).is_relative_to(root)


def _create_targets(root: Path) -> Iterator[str]:
    created = [key for key in image_keys(root) if stamps.create(root / "services" / key)]
    if created:
        yield f"services: {len(created)} images noted as never built (.target)"
