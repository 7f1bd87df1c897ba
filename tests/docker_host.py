"""A Docker engine for tests: the one that runs, or one that is installed and started here.

Debian 12's own engine is too old, so packages of the next release are taken: with apt settings of
this process alone, the machine's sources stay as they are.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ENGINE = ("docker.io", "docker-cli", "docker-compose", "docker-buildx", "iptables")
BESIDE = ("debootstrap", "docker-registry", "mariadb-client-core", "mariadb-server-core")
_NEXT = "trixie"
_APT = Path("/etc/apt")
_SECONDS_TO_START = 60


def is_running() -> bool:
    """Whether an engine answers."""
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(["docker", "version"], capture_output=True, check=False)
    return asked.returncode == 0


@contextmanager
def engine(log: Path) -> Iterator[None]:
    """Have an engine, with Compose and buildx, for as long as the context is open.

    What is missing is installed (Debian, as root); an engine that was not there is ended again.
    """
    _install()
    if is_running():
        yield
        return
    with log.open("wb") as output:
        daemon = subprocess.Popen(
            ["dockerd"], stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        deadline = time.monotonic() + _SECONDS_TO_START
        while not is_running():
            if daemon.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"dockerd does not start; its log: {log.read_text()[-2000:]}")
            time.sleep(0.2)
        yield
    finally:
        daemon.terminate()
        daemon.wait(60)


def _install() -> None:
    """Install what is missing of engine, Compose, buildx and the programs that tests start."""
    plugins = [["docker", "compose", "version"], ["docker", "buildx", "version"]]
    has_engine = shutil.which("dockerd") and all(_works(command) for command in plugins)
    if not has_engine:
        with _apt_with_next_release() as options:
            _apt_get(options, "update", "-qq")
            # The base system stays; only these packages and what they need come from there.
            _apt_get(options, "install", *_QUIETLY, f"--target-release={_NEXT}", *ENGINE)
    missing = [package for package in BESIDE if not _is_installed(package)]
    if missing:
        _apt_get([], "update", "-qq")
        _apt_get([], "install", *_QUIETLY, *missing)


_QUIETLY = ("-qq", "--yes", "--no-install-recommends")


def _works(command: Sequence[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


def _is_installed(package: str) -> bool:
    asked = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Status}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout == "install ok installed"


def _apt_get(options: Sequence[str], *arguments: str) -> None:
    # Nothing that a package brings is to start by itself.
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    subprocess.run(["apt-get", *options, *arguments], env=environment, check=True)


@contextmanager
def _apt_with_next_release() -> Iterator[list[str]]:
    """Options for apt that add Debian's next release, from the mirror that the machine uses."""
    with TemporaryDirectory() as folder:
        sources, preferences = Path(folder, "sources.list.d"), Path(folder, "preferences.d")
        for part in (sources, preferences):
            if (_APT / part.name).is_dir():
                shutil.copytree(_APT / part.name, part)
            part.mkdir(exist_ok=True)
        Path(sources, "next.list").write_text(f"deb {_mirror()} {_NEXT} main\n")
        Path(preferences, "next").write_text(
            f"Package: *\nPin: release n={_NEXT}\nPin-Priority: 50\n"
        )
        # apt reads as a user of its own.
        Path(folder).chmod(0o755)
        yield [
            f"--option=Dir::Etc::SourceParts={sources}",
            f"--option=Dir::Etc::PreferencesParts={preferences}",
        ]


def _mirror() -> str:
    """The first Debian mirror in the machine's sources."""
    for file in [_APT / "sources.list", *sorted((_APT / "sources.list.d").glob("*"))]:
        if file.suffix in (".list", ".sources") and file.is_file():
            found = re.search(
                r"^(?:URIs: *|deb +(?:\[.*?\] +)?)(\S+/debian)/?(?: |$)",
                file.read_text(),
                re.MULTILINE,
            )
            if found:
                return found[1]
    raise RuntimeError("no Debian mirror in this machine's apt sources: install a Docker engine")
