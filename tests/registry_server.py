"""A container registry on the loopback interface: Debian's docker-registry."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECONDS = 30
USER = "operator"
PASSWORD = "only-for-tests"
# htpasswd's bcrypt of it.
ACCOUNT = "operator:$2y$05$abcdefghijklmnopqrstuuDt8u8tY.Zm8YU.pieFNyF5h5afvnc0a"


def is_installed() -> bool:
    """Whether `serving` can start one."""
    return shutil.which("docker-registry") is not None


@dataclass(frozen=True)
class Registry:
    """A running registry, which engines take without TLS as it is on the loopback interface."""

    host: str

    def tags(self, repository: str) -> list[str]:
        """All tags of a repository."""
        return sorted(json.loads(self._get(f"{repository}/tags/list")[1])["tags"])

    def repositories(self) -> list[str]:
        """All repositories."""
        return sorted(json.loads(self._get("_catalog")[1])["repositories"])

    def digest(self, repository: str, tag: str) -> str:
        """By which the registry knows a tag's image."""
        return self._get(f"{repository}/manifests/{tag}")[0]

    def _get(self, path: str) -> tuple[str, bytes]:
        request = urllib.request.Request(
            f"http://{self.host}/v2/{path}",
            headers={"Accept": "application/vnd.docker.distribution.manifest.v2+json"},
        )
        with urllib.request.urlopen(request) as answer:
            return answer.headers.get("Docker-Content-Digest", ""), answer.read()


@contextmanager
def serving(folder: Path, account: str = "") -> Iterator[Registry]:
    """Runs a registry that keeps what it is given in a folder; with an account, for that alone."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    settings = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(folder / "kept")}},
        "http": {"addr": host},
    }
    if account:
        (folder / "htpasswd").write_text(f"{account}\n")
        settings["auth"] = {"htpasswd": {"realm": "tests", "path": str(folder / "htpasswd")}}
    (folder / "config.yml").write_text(json.dumps(settings))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(folder / "config.yml")], stdout=log, stderr=log
        )
    try:
        deadline = time.monotonic() + SECONDS
        while not _answers(host):
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.05)
        yield Registry(host)
    finally:
        process.terminate()
        process.wait()


def _answers(host: str) -> bool:
    name, _, port = host.partition(":")
    with socket.socket() as trying:
        return trying.connect_ex((name, int(port))) == 0
