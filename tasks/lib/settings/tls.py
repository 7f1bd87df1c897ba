"""The certificate that nginx serves: copies of the operator's two files, which its user can read.

nginx runs as a user of its own, who may not read the key, which is the operator's alone; and a file
that is mounted by itself stays the old one when a renewal replaces it. So both are copied into a
folder that is mounted into nginx's container. The copies are open to everybody, but their folder is
inside one that is closed to all others of the host; in the container its path begins at the mount.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tasks.lib.settings import certificate
from tasks.lib.settings.certificate import CertificateError

if TYPE_CHECKING:
    from pathlib import Path

    from tasks.lib.settings import Settings

SERVED = "data/tls/served"
CERTIFICATE = "certificate.pem"
KEY = "key.pem"


def serve(settings: Settings) -> bool:
    """Bring the copies up to date; returns whether that changed anything.

    Raises:
        CertificateError: a file cannot be read, or the two do not belong together.
        SettingsError: the settings name no file.
    """
    pair = _pair(settings)
    certificate.load(*pair.values())
    folder = settings.root / SERVED
    try:
        folder.mkdir(parents=True, exist_ok=True)
        folder.parent.chmod(0o700)
        folder.chmod(0o755)
        changed = [_copy(source, folder / name) for name, source in pair.items()]
    except OSError as error:
        raise CertificateError(f"{folder} cannot be written: {error.strerror}") from error
    return any(changed)


def check(settings: Settings) -> None:
    """Refuse what browsers would refuse of a certificate that is to be taken into use.

    Raises:
        CertificateError: it does not fit its key, does not hold now, or is for another host.
        SettingsError: the settings name no file.
    """
    pair = _pair(settings)
    found = certificate.load(*pair.values())
    file, host = pair[CERTIFICATE], settings.require("SITE_HOST")
    if fault := found.fault_at(datetime.now(UTC)):
        raise CertificateError(f"{file} {fault}: nginx goes on with what it has")
    if not found.covers(host):
        names = ", ".join(found.names) or "no host"
        raise CertificateError(
            f"{file} is for {names}, and SITE_HOST is {host}: nginx goes on with what it has"
        )


def _pair(settings: Settings) -> dict[str, Path]:
    """The operator's files, by the names of their copies."""
    return {CERTIFICATE: named(settings, "TLS_CERTIFICATE"), KEY: named(settings, "TLS_KEY")}


def named(settings: Settings, name: str) -> Path:
    """The file that a setting names. Raises CertificateError where it names none."""
    path = settings.path(name)
    if path is None:
        raise CertificateError(f"{name} in {settings.place(name)} is empty: name a PEM file")
    return path


def _copy(source: Path, target: Path) -> bool:
    """Replaces the copy in one step, so that a start or reload meanwhile sees a whole file."""
    content = source.read_bytes()
    if target.is_file() and target.read_bytes() == content:
        return False
    beside = target.with_suffix(".new")
    beside.write_bytes(content)
    beside.chmod(0o644)
    beside.replace(target)
    return True
