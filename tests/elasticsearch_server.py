"""A real Elasticsearch server for tests: of the stack's version, in a folder of its own.

It comes from Maven Central, as the image that tests/elasticsearch_image.py puts together, and lacks
the same modules.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from elasticsearch import Elasticsearch
from elasticsearch.exceptions import ApiError, TransportError

import elasticsearch_image

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOST = "127.0.0.1"
_SECONDS_TO_START = 180.0
_HEAP = "512m"


def need() -> None:
    """Skip a test where there is no Java or no Maven; in CI, fail."""
    for program, package in (("java", "openjdk-17-jre-headless"), ("mvn", "maven")):
        if not shutil.which(program) and os.environ.get("CI") != "true":
            pytest.skip(f"needs {program} (Debian: apt install {package})")


class Server:
    """A server on a port of the loopback interface, which may be killed and started again.

    Args:
        folder: an empty one, for all that belongs to it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.url = f"http://{_HOST}:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None
        with zipfile.ZipFile(elasticsearch_image.fetch_server(folder)) as archive:
            archive.extractall(folder)
        (self._home,) = folder.glob("elasticsearch-*/")
        for program in (self._home / "bin").iterdir():
            program.chmod(0o755)
        folder.chmod(0o755)
        if os.geteuid() == 0:
            # Root must not run it.
            subprocess.run(["chown", "--recursive", "nobody", self._home], check=True)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(self._home / "bin" / "elasticsearch"),
                    *(f"-Ehttp.port={self.port}", f"-Etransport.port={_free_port()}"),
                    *(f"-Enetwork.host={_HOST}", "-Ediscovery.type=single-node"),
                    *("-Expack.security.enabled=false", "-Enode.store.allow_mmap=false"),
                    # A full disk of the machine that tests is no reason to refuse.
                    "-Ecluster.routing.allocation.disk.threshold_enabled=false",
                ],
                env={
                    "PATH": os.environ["PATH"],
                    "ES_JAVA_HOME": _java_home(),
                    # It lives for a minute: what is compiled well pays later.
                    "ES_JAVA_OPTS": f"-Xms{_HEAP} -Xmx{_HEAP} -XX:TieredStopAtLevel=1",
                    "ES_TMPDIR": str(self._home / "logs"),
                },
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **_as_nobody(),
            )
        deadline = time.monotonic() + _SECONDS_TO_START
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "log").read_text()[-2000:])
            time.sleep(0.2)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                client.cluster.health(wait_for_status="yellow", timeout="1s")
        except (ApiError, TransportError):
            return False
        return True

    def end(self, number: int = signal.SIGTERM) -> None:
        """End it, with all its processes, by a signal."""
        if self._process:
            os.killpg(self._process.pid, number)
            self._process.wait(60)
            self._process = None

    def client(self) -> Elasticsearch:
        """A client of its own."""
        return Elasticsearch(self.url, request_timeout=30, max_retries=0)

    def clear(self) -> None:
        """Remove all indexes."""
        with self.client() as client:
            for name in client.indices.get(index="*"):
                client.indices.delete(index=name)


@contextmanager
def running() -> Iterator[Server]:
    """A server without an index, for as long as the context is open."""
    need()
    with tempfile.TemporaryDirectory(prefix="elasticsearch-", ignore_cleanup_errors=True) as folder:
        server = Server(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.end(signal.SIGKILL)


def _java_home() -> str:
    java = shutil.which("java")
    assert java
    return str(Path(java).resolve().parents[1])


def _as_nobody() -> dict[str, Any]:
    return {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}


def _free_port() -> int:
    with socket.socket() as found:
        found.bind((_HOST, 0))
        return int(found.getsockname()[1])
