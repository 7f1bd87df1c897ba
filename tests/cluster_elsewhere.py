"""A standalone cluster of Spark that a site has beside the hadoop stack, as on another machine.

Its containers are in no network of the engine: they share the machine's own, and so reach a driver,
and are reached by it, as machines do. Of the image they take Spark, not how the stack starts it.
"""

from __future__ import annotations

import json
import secrets
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import urlopen

from fresh_clone import free_ports
from images.engine import image

if TYPE_CHECKING:
    from collections.abc import Iterator

_JAVA = (
    'exec java @/etc/java.options -Xmx128m -cp "$SPARK_CONF_DIR:$SPARK_HOME/jars/*"'
    " org.apache.spark.deploy."
)
_SECONDS_TO_START = 120


@dataclass(frozen=True)
class Elsewhere:
    """The cluster.

    Attributes:
        host: the address of its machine, which is this one.
        master: where drivers find it.
    """

    host: str
    master: str


@contextmanager
def cluster(volume: str, folder: str) -> Iterator[Elsewhere]:
    """A master and a worker, whose executors have a volume at a folder."""
    host = _address_of_machine()
    port, master_ui, worker_ui = free_ports(3)
    elsewhere = Elsewhere(host, f"spark://{host}:{port}")
    with ExitStack() as started:
        command = f"master.Master --host {host} --port {port} --webui-port {master_ui}"
        started.enter_context(_container(command, host))
        _wait(host, master_ui, workers=0)
        command = (
            f"worker.Worker --host {host} --webui-port {worker_ui} --work-dir /tmp/work"
            f" --cores 2 --memory 1g {elsewhere.master}"
        )
        started.enter_context(_container(command, host, f"--volume={volume}:{folder}"))
        _wait(host, master_ui, workers=1)
        yield elsewhere


def _address_of_machine() -> str:
    """The one by which containers of any network reach it."""
    template = "{{(index .IPAM.Config 0).Gateway}}"
    return _docker("network", "inspect", f"--format={template}", "bridge")


@contextmanager
def _container(command: str, host: str, *options: str) -> Iterator[None]:
    name = f"elsewhere-{secrets.token_hex(4)}"
    _docker(
        *("run", "--detach", f"--name={name}", "--network=host", "--no-healthcheck"),
        *("--tmpfs=/run/analytics:uid=10004,gid=10004", "--env=METASTORE=none"),
        *("--env=SPARK_WORKER_MEMORY=1344m", f"--env=SPARK_LOCAL_HOSTNAME={host}", *options),
        *(image("hadoop/spark"), "sh", "-c", _JAVA + command),
    )
    try:
        yield
    finally:
        _docker("rm", "--force", name)


def _wait(host: str, port: int, workers: int) -> None:
    """Return once the master has so many workers."""
    deadline = time.monotonic() + _SECONDS_TO_START
    while _workers(host, port) != workers:
        assert time.monotonic() < deadline, "the cluster does not come up"
        time.sleep(0.5)


def _workers(host: str, port: int) -> int:
    """How many a master knows; -1 while it does not answer."""
    try:
        with urlopen(f"http://{host}:{port}/json/", timeout=5) as answer:
            state: dict[str, Any] = json.load(answer)
    except (URLError, OSError):
        return -1
    return int(state["aliveworkers"])


def _docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
