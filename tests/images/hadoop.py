"""The services of the hadoop stack in a lab: HDFS, Spark, Hive."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from images.engine import inside, wait_for, wait_until_healthy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from python_on_whales import Container

    from images.engine import Lab

SECONDS_TO_START = 180
_SHELL = ("java", "@/etc/java.options", "-Xmx64m", "org.apache.hadoop.fs.FsShell")


@dataclass(frozen=True)
class Hdfs:
    """A namenode and its datanode, with the volumes that they keep their part on."""

    lab: Lab
    namenode: Container
    datanode: Container
    names: str
    blocks: str

    def shell(self, *arguments: str) -> str:
        """What Hadoop's own client prints, but for its log."""
        printed = inside(self.datanode, *_SHELL, *arguments)
        return "\n".join(line for line in printed.splitlines() if " NativeCodeLoader: " not in line)

    def write(self, path: str, text: str) -> None:
        """Write a file."""
        script = f'echo "$0" | {" ".join(_SHELL)} -put -f - {path}'
        inside(self.datanode, "sh", "-c", script, text)


def start_namenode(lab: Lab, names: str, blocks: str, **options: float) -> Container:
    """Start a namenode on a volume; it may look at its datanode's."""
    volumes = {names: "/var/lib/hdfs", blocks: "/var/lib/hdfs-datanode"}
    return lab.start("namenode", volumes=volumes, **options)  # type: ignore[arg-type]


def start_datanode(lab: Lab, blocks: str) -> Container:
    """Start a datanode on a volume."""
    return lab.start("datanode", volumes={blocks: "/var/lib/hdfs"})


def start_hdfs(lab: Lab) -> Hdfs:
    """A new file system that takes files."""
    names, blocks = lab.volume(), lab.volume()
    namenode = start_namenode(lab, names, blocks)
    healthy(namenode)
    datanode = start_datanode(lab, blocks)
    healthy(datanode)
    return Hdfs(lab, namenode, datanode, names, blocks)


def healthy(*containers: Container) -> None:
    """Return once they are, and the last check was well; Java takes its time."""
    wait_until_healthy(*containers, seconds=SECONDS_TO_START)
    for container in containers:
        wait_for(lambda container=container: last_check(container)[0] == 0, SECONDS_TO_START)  # type: ignore[misc]


def unhealthy_says(container: Container, text: str) -> None:
    """Return once the last health check failed, and said this."""

    def told() -> bool:
        code, output = last_check(container)
        return code != 0 and text in output

    wait_for(told, SECONDS_TO_START)


def last_check(container: Container) -> tuple[int, str]:
    """The exit code of its last health check, and what that printed."""
    container.reload()
    health = container.state.health
    assert health
    [last] = health.log[-1:] or [None]
    return (last.exit_code, last.output or "") if last else (0, "")


# Spark tells its log to its output: what is asked for goes to the one that there was before.
_LOOP = """
import contextlib, json, os, sys, traceback
out = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)
from pyspark.sql import SparkSession
builder = SparkSession.builder.config("spark.ui.enabled", "false")
names = {"spark": builder.getOrCreate()}
for line in sys.stdin:
    end = "done"
    with contextlib.redirect_stdout(out):
        try:
            exec(json.loads(line), names)
        except Exception:
            traceback.print_exc(file=out)
            end = "failed"
    print("----" + end, file=out, flush=True)
"""


@dataclass(frozen=True)
class Driver:
    """A session of PySpark in a container of the pipeline's image."""

    container: Container
    _scripts: IO[str]
    _output: IO[str]

    def run(self, script: str) -> str:
        """What a program prints for which `spark` is the session, and others' names are its own."""
        self._scripts.write(json.dumps(script) + "\n")
        self._scripts.flush()
        printed = ""
        for line in self._output:
            if line == "----done\n":
                return printed
            assert line != "----failed\n", printed
            printed += line
        raise AssertionError(f"the session ended: {printed}")


@contextmanager
def driver(lab: Lab, master: str, **settings: str) -> Iterator[Driver]:
    """A session on a master of Spark."""
    container = lab.idle("pipeline", **settings)
    variables = [f"PYSPARK_SUBMIT_ARGS=--master {master} pyspark-shell"]
    if master.startswith("spark:"):
        variables.append(
            f"SPARK_LOCAL_HOSTNAME={inside(container, 'driver-address', master).strip()}"
        )
    command = ["docker", "exec", "--interactive"]
    command += [word for each in variables for word in ("--env", each)]
    with subprocess.Popen(
        [*command, container.id, "python", "-c", _LOOP],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin
        assert process.stdout
        yield Driver(container, process.stdin, process.stdout)
        process.stdin.close()
