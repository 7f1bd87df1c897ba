"""A Spark session as the pipeline needs it, and Spark's failures as an operator can mend them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager, nullcontext, suppress
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import ZIP_DEFLATED, ZipFile

import insights_pipeline
from insights_pipeline.errors import BadOption, NoRoom, PipelineError
from insights_pipeline.spark.watching import GIVEN_UP, PATIENCE, executors_watched

if TYPE_CHECKING:
    from collections.abc import Generator

    from pyspark.sql import SparkSession

    from insights_pipeline.spark.update import Cluster

_MIB = 2**20
_HOME = Path(insights_pipeline.__file__).parent
_ARCHIVE = "insights"
_SECONDS_TO_END = 30
_LISTINGS = 16
"""Into how many tasks the look into many folders is cut."""
_NEEDED_BY_EXECUTORS = (
    "edx-ccx-keys",
    "edx-opaque-keys",
    "msgspec",
    "pymongo",
    "stevedore",
    "tinyhtml5",
    "typing-extensions",
    "webencodings",
)
"""What reading logs imports, beside pyarrow, which every worker has."""


@contextmanager
def open_session(
    cluster: Cluster, folder: Path, memory: int, patience: float = PATIENCE
) -> Generator[SparkSession]:
    """A session on the cluster; when it ends, so does its JVM, unless that is the cluster.

    Args:
        cluster: where.
        folder: of this machine, for what executors are given.
        memory: bytes for this machine's JVM.
        patience: seconds for which there may be work and no executor.

    Raises:
        PipelineError: it cannot be had, or is lost.
    """
    from pyspark.sql import SparkSession

    settings = {
        "spark.app.name": "insights-pipeline",
        "spark.master": cluster.master,
        "spark.driver.memory": f"{memory // _MIB}m",
        "spark.log.level": "ERROR",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.parquet.compression.codec": "zstd",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        "spark.sql.catalogImplementation": "hive" if cluster.metastore else "in-memory",
        "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
        # A task for each folder of a date costs more than to look into it.
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": str(_LISTINGS),
    }
    if cluster.metastore:
        settings |= {
            "spark.hadoop.hive.metastore.uris": cluster.metastore,
            # One whose own database is away answers nothing, and would be waited for, twice over.
            "spark.hadoop.hive.metastore.client.socket.timeout": "180s",
            "spark.hadoop.hive.metastore.failure.retries": "0",
        }
    is_one_process = bool(re.match(r"local($|\[)", cluster.master))
    if is_one_process:
        # Spark takes it from the environment alone.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        settings["spark.executorEnv.PYTHONPATH"] = str(_HOME.parent)
    else:
        archive = pack(folder / f"{_ARCHIVE}.zip")
        settings["spark.archives"] = f"{archive}#{_ARCHIVE}"
        settings["spark.executorEnv.PYTHONPATH"] = f"./{_ARCHIVE}"
    try:
        with _told_as_pipeline_errors(cluster):
            builder = SparkSession.builder
            for name, value in (settings | dict(cluster.settings)).items():
                builder = builder.config(name, value)
            session = builder.getOrCreate()
            try:
                with nullcontext() if is_one_process else executors_watched(session, patience):
                    yield session
            finally:
                session.stop()
    finally:  # it has been asked what errors mean
        if not is_one_process:
            _end_java()


def _end_java() -> None:
    """End the driver's JVM, which a session that stops leaves there for the next one.

    What follows in this process has its memory then.
    """
    from pyspark import SparkContext

    gateway: Any = SparkContext._gateway
    SparkContext._gateway = SparkContext._jvm = None
    if gateway is None:
        return
    with suppress(Exception):  # it may be gone
        gateway.shutdown()
    # The end of its input is the end of it.
    gateway.proc.stdin.close()
    try:
        gateway.proc.wait(_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        gateway.proc.kill()
        gateway.proc.wait()


def pack(archive: Path) -> Path:
    """This package and what it imports on executors, for any worker of the same Python version."""
    with ZipFile(archive, "w", ZIP_DEFLATED, compresslevel=1) as packed:
        for path in _HOME.rglob("*.py"):
            packed.write(path, path.relative_to(_HOME.parent))
        for name in _NEEDED_BY_EXECUTORS:
            for file in distribution(name).files or ():
                path = Path(str(file.locate()))
                if ".." not in file.parts and path.suffix != ".pyc" and path.is_file():
                    packed.write(path, str(file))
    return archive


@contextmanager
def _told_as_pipeline_errors(cluster: Cluster) -> Generator[None]:
    """Turn what Spark and Hadoop report into errors that an operator can mend."""
    from py4j.protocol import Py4JError, Py4JNetworkError
    from pyspark.errors import PySparkException

    try:
        yield
    except (Py4JNetworkError, ConnectionError) as error:
        raise PipelineError(
            "Spark's driver was lost, perhaps killed for want of memory: give the pipeline more"
            " memory and run again"
        ) from error
    except (Py4JError, PySparkException) as error:
        raise _explain(str(error), cluster) from error


def _explain(text: str, cluster: Cluster) -> PipelineError:
    for kind, signs, explanation in _SIGNS:
        if any(sign in text for sign in signs):
            return kind(explanation.format(cluster=cluster, reason=_reason(text)))
    return PipelineError(
        f"Spark: {_reason(text)}: see the logs of its master and workers, and run again"
    )


def _reason(text: str) -> str:
    """The cause at the root of a Java stack trace, in one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    causes = [line for line in lines if line.startswith("Caused by: ")]
    named = [line for line in lines if "Exception: " in line or "Error: " in line]
    found = (causes[-1:] or named[:1] or lines[:1] or [text])[0]
    return found.removeprefix("Caused by: ").removeprefix(": ").rstrip(".")[:300]


_SIGNS: tuple[tuple[type[PipelineError], tuple[str, ...], str], ...] = (
    (
        BadOption,
        ("Could not parse Master URL", "Invalid master URL"),
        "{cluster.master!r} is no Spark master: set SPARK_MASTER to one such as spark://spark:7077",
    ),
    (
        BadOption,
        ("No FileSystem for scheme", "UnsupportedFileSystemException"),
        "{cluster.warehouse} is on a file system that Spark does not know ({reason}): set WAREHOUSE"
        " to a place such as hdfs://namenode:8020/warehouse, or give Spark its jars",
    ),
    (
        PipelineError,
        ("All masters are unresponsive", "Master removed our application"),
        "no Spark master answers at {cluster.master}: start it, or set SPARK_MASTER",
    ),
    (
        PipelineError,
        (GIVEN_UP,),
        "no worker of {cluster.master} has taken tasks for minutes: see the logs of its master and"
        " workers, and run again",
    ),
    (
        PipelineError,
        ("meta store", "MetaStoreClient", "HiveMetaException", "thrift.transport"),
        "the metastore {cluster.metastore} does not answer ({reason}): start it, or set METASTORE",
    ),
    (
        PipelineError,
        ("SafeModeException",),
        "the namenode of {cluster.warehouse} is in safe mode: wait until its datanodes have"
        " reported, and run again",
    ),
    (
        NoRoom,
        ("could only be written to 0", "No space left on device", "QuotaExceededException"),
        "no room in {cluster.warehouse} ({reason}): see that its datanodes are up, free some, and"
        " run again; nothing was published",
    ),
    (
        PipelineError,
        ("BlockMissingException", "Could not obtain block"),
        "{cluster.warehouse} has lost data ({reason}): see that its datanodes are up; if they are,"
        " restore it, or format it and all logs are read anew",
    ),
    (
        PipelineError,
        ("reading.Spoilt",),
        "{cluster.warehouse} does not give back what was copied to it ({reason}): check its disks,"
        " and run again",
    ),
    (
        PipelineError,
        ("PYTHON_VERSION_MISMATCH",),
        "the workers of {cluster.master} have another Python version ({reason}): set PYSPARK_PYTHON"
        " to one of the driver's",
    ),
    (
        PipelineError,
        ("OutOfMemoryError", "ExecutorLostFailure", "Lost executor"),
        "a process of {cluster.master} was lost, perhaps for want of memory ({reason}): give its"
        " workers more, and run again",
    ),
    (
        PipelineError,
        ("java.net.ConnectException", "UnknownHostException", "NoRouteToHost", "SocketTimeout"),
        "{cluster.warehouse} does not answer ({reason}): start its namenode, or set WAREHOUSE",
    ),
)
