"""The services of the hadoop stack in a lab: HDFS, Spark, Hive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from images.engine import inside, logs, wait_for, wait_until_healthy

if TYPE_CHECKING:
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
    """Return once they are; Java takes its time."""
    wait_until_healthy(*containers, seconds=SECONDS_TO_START)


def unhealthy_says(container: Container, text: str) -> None:
    """Return once the last health check failed, and said this."""

    def told() -> bool:
        container.reload()
        health = container.state.health
        last = health.log[-1] if health and health.log else None
        return last is not None and last.exit_code != 0 and text in (last.output or "")

    wait_for(told, seconds=60)


def drive(driver: Container, script: str) -> str:
    """What a program of PySpark prints in a container of the pipeline's image."""
    command = 'SPARK_LOCAL_HOSTNAME=$(driver-address spark://spark:7077) exec python -c "$0"'
    printed = inside(driver, "sh", "-c", command, script)
    return printed.rpartition("----\n")[2]


def start_driver(lab: Lab) -> Container:
    """A container of the pipeline's image that waits for what it is to run."""
    driver = lab.start("pipeline", command=["sh", "-c", "echo idle; sleep 600"])
    wait_for(lambda: "idle" in logs(driver))
    return driver
