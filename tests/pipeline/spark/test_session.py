"""What executors are given, and what is said where there are none."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

import pyarrow
import pyspark
import pytest

from insights_pipeline.errors import PipelineError
from insights_pipeline.spark.session import open_session, pack
from insights_pipeline.spark.update import Cluster

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_executors_get_all_that_reading_imports(tmp_path: Path) -> None:
    """But pyarrow, which Spark itself asks for."""
    with ZipFile(pack(tmp_path / "insights.zip")) as archive:
        archive.extractall(tmp_path / "insights")
    (tmp_path / "spark").mkdir()
    (tmp_path / "spark" / "pyarrow").symlink_to(Path(pyarrow.__file__).parent)
    program = (
        "import sys; sys.path += sys.argv[1:]\n"
        "import insights_pipeline.spark.reading as found; print(found.__file__)\n"
        "from insights_pipeline.problem_checks import text_of_markup; text_of_markup('<b>')"
    )

    # Without site-packages.
    command = [sys.executable, "-I", "-S", "-c", program, tmp_path / "insights", tmp_path / "spark"]
    found = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)

    assert found.stdout.startswith(str(tmp_path / "insights"))


@contextmanager
def master_without_workers() -> Iterator[str]:
    """Spark's own, on the loopback interface."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    jars = f"{Path(pyspark.__file__).parent}/jars/*"
    place = ("--host", "127.0.0.1", "--port", str(port), "--webui-port", "0")
    command = ["java", "-cp", jars, "org.apache.spark.deploy.master.Master", *place]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            while not listens(port):
                assert process.poll() is None
                time.sleep(0.2)
            yield f"spark://127.0.0.1:{port}"
        finally:
            process.terminate()


def listens(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def test_cluster_without_a_worker_is_not_waited_for_without_an_end(tmp_path: Path) -> None:
    """So it is with one whose master was lost: the next one knows nothing of the session.

    Whatever ends the session, its JVM ends with it, and leaves its memory to what comes then.
    """
    java: list[Any] = []
    with master_without_workers() as url:
        cluster = Cluster(url, f"file://{tmp_path}", settings={"spark.driver.host": "127.0.0.1"})

        def count() -> None:
            with open_session(cluster, tmp_path, 2**29, patience=4) as session:
                java.append(session.sparkContext._gateway.proc)
                session.range(10).count()

        with pytest.raises(PipelineError, match=f"no worker of {url} has taken tasks for minutes"):
            count()
    assert java[0].poll() is not None
