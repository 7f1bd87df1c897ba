"""HDFS in its containers: first start, lost volumes, crashes, health."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from python_on_whales import docker

from images.engine import Lab, inside, logs, wait_for
from images.hadoop import (
    Hdfs,
    healthy,
    start_datanode,
    start_hdfs,
    start_namenode,
    unhealthy_says,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from python_on_whales import Container

LOST = "the file system is lost: restore it from a backup, or begin with an empty one by"


@pytest.fixture(scope="module")
def hdfs() -> Iterator[Hdfs]:
    with Lab() as lab:
        yield start_hdfs(lab)


def on_volume(lab: Lab, volume: str, script: str) -> str:
    """What a script prints that changes a volume, while nobody uses it."""
    container = lab.start(
        "namenode", volumes={volume: "/v"}, entrypoint="sh", command=["-ec", script]
    )
    assert docker.wait(container) == 0, logs(container)
    return logs(container)


def end(container: Container) -> str:
    """The one line that it ended with, and not well."""
    assert docker.wait(container) == 1
    [line] = logs(container).splitlines()
    return line


# In use -------------------------------------------------------------------------------------------
def test_a_file_survives_a_kill_of_both_and_a_datanode_alone_is_not_healthy(hdfs: Hdfs) -> None:
    hdfs.write("/kept.txt", "what was closed is on disk")
    docker.kill(hdfs.namenode, signal="KILL")
    unhealthy_says(hdfs.datanode, "namenode")
    docker.kill(hdfs.datanode, signal="KILL")
    for container in (hdfs.namenode, hdfs.datanode):
        docker.start(container)
        healthy(container)
    assert hdfs.shell("-cat", "/kept.txt") == "what was closed is on disk"


def test_a_datanode_whose_namenode_takes_no_files_is_not_healthy(hdfs: Hdfs) -> None:
    admin = ("java", "@/etc/java.options", "-Xmx64m", "org.apache.hadoop.hdfs.tools.DFSAdmin")
    inside(hdfs.namenode, *admin, "-safemode", "enter")
    unhealthy_says(hdfs.datanode, "the namenode takes no files: Safe mode is ON")
    inside(hdfs.namenode, *admin, "-safemode", "leave")
    healthy(hdfs.datanode)


def test_they_take_no_more_memory_than_they_are_given(hdfs: Hdfs) -> None:
    """Java's heap is half of the container's memory, whatever that is."""
    for container in (hdfs.namenode, hdfs.datanode):
        flags = inside(
            container, *("java", "-XX:MaxRAMPercentage=50", "-XX:+PrintFlagsFinal", "-version")
        )
        [heap] = [line.split()[3] for line in flags.splitlines() if " MaxHeapSize " in line]
        assert int(heap) == pytest.approx(container.host_config.memory / 2, rel=0.05)
        assert "MaxRAMPercentage=50" in inside(container, "cat", "/proc/1/cmdline")


# Volumes ------------------------------------------------------------------------------------------
@pytest.mark.full
def test_a_first_start_that_was_killed_begins_anew(lab: Lab) -> None:
    names, blocks = lab.volume(), lab.volume()
    killed = start_namenode(lab, names, blocks, cpus=0.5)  # slowly, so as to hit the moment
    inside(killed, "sh", "-c", "until [ -d /var/lib/hdfs/.new ]; do :; done")
    docker.kill(killed, signal="KILL")
    docker.wait(killed)
    assert on_volume(lab, names, "ls -A /v").split() == [".new"]

    second = start_namenode(lab, names, blocks)
    healthy(second)
    assert inside(second, "ls", "-A", "/var/lib/hdfs").split() == ["name"]


@pytest.fixture(scope="module")
def used(hdfs: Hdfs) -> tuple[Lab, str, str]:
    """Volumes of a file system that was in use."""
    for container in (hdfs.datanode, hdfs.namenode):
        docker.stop(container, time=30)
        container.reload()
        # Each ended by itself, as it was told to.
        assert container.state.exit_code == 128 + 15
        wait_for(lambda container=container: "SHUTDOWN_MSG" in logs(container))
    return hdfs.lab, hdfs.names, hdfs.blocks


@pytest.mark.parametrize(
    ("harm", "mend", "finding"),
    [
        (
            "mv /v/name/current/VERSION /v/name/V",
            "mv /v/name/V /v/name/current/VERSION",
            "/var/lib/hdfs/name/current has no VERSION",
        ),
        (
            "mkdir /v/name/x; mv /v/name/current/fsimage_* /v/name/x",
            "mv /v/name/x/* /v/name/current",
            "/var/lib/hdfs/name/current has no fsimage",
        ),
        ("mv /v/name /v/old", "mv /v/old /v/name", "/var/lib/hdfs holds old, but not name"),
    ],
)
def test_a_volume_that_lost_its_file_system_is_left_as_it_is(
    used: tuple[Lab, str, str], harm: str, mend: str, finding: str
) -> None:
    lab, names, blocks = used
    on_volume(lab, names, harm)
    before = on_volume(lab, names, "find /v | sort")
    line = end(start_namenode(lab, names, blocks))
    assert line == f"start-namenode: {finding}: {LOST} ./inv format-namenode"
    assert on_volume(lab, names, "find /v | sort") == before
    on_volume(lab, names, mend)


def test_so_is_an_empty_one_beside_a_datanode_with_blocks(used: tuple[Lab, str, str]) -> None:
    lab, _, blocks = used
    empty = lab.volume()
    line = end(start_namenode(lab, empty, blocks))
    assert "/var/lib/hdfs is empty, but the datanode's volume is not" in line
    assert LOST in line
    assert on_volume(lab, empty, "ls -A /v") == ""


def test_a_datanode_refuses_the_namenode_of_another_file_system(
    used: tuple[Lab, str, str],
) -> None:
    lab, _, blocks = used
    other = start_namenode(lab, lab.volume(), lab.volume())
    healthy(other)
    line = end(start_datanode(lab, blocks))
    assert line.startswith("start-datanode: /var/lib/hdfs holds blocks of the file system CID-")
    assert "restore the volumes of namenode and datanode from the same backup" in line
    docker.stop(other)
