"""A folder on any file system that Hadoop knows (hdfs, s3a, file, …), through the driver's JVM."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyspark.sql import SparkSession


class Store:
    """The folder that events and tables are kept in; names are relative to it.

    Attributes:
        root: its URI, without a slash at the end.
    """

    def __init__(self, session: SparkSession, root: str) -> None:
        context: Any = session.sparkContext
        self.root = root.rstrip("/")
        self._jvm = context._jvm
        self._files = self._path("").getFileSystem(context._jsc.hadoopConfiguration())

    @cached_property
    def _root_length(self) -> int:
        """Of the path that all files' paths begin with."""
        return len(self._files.makeQualified(self._path("")).toUri().getPath().rstrip("/")) + 1

    def uri(self, name: str) -> str:
        """What Spark calls it."""
        return f"{self.root}/{name}" if name else self.root

    def name(self, uri: str) -> str:
        """Of a file that Spark calls so."""
        return unquote(urlsplit(uri).path)[self._root_length :]

    def exists(self, name: str) -> bool:
        """Whether there is a file or folder of that name."""
        return bool(self._files.exists(self._path(name)))

    def names(self, folder: str) -> list[str]:
        """What lies in a folder; nothing where there is none."""
        if not self.exists(folder):
            return []
        return sorted(
            found.getPath().getName() for found in self._files.listStatus(self._path(folder))
        )

    def files(self, folder: str) -> Iterator[str]:
        """Names of all files in a folder and below."""
        if self.exists(folder):
            found = self._files.listFiles(self._path(folder), True)
            while found.hasNext():
                yield found.next().getPath().toUri().getPath()[self._root_length :]

    def put(self, local: Path, name: str) -> None:
        """Move a file or folder of this machine into the store."""
        self._files.copyFromLocalFile(
            True, True, self._jvm_path(f"file://{local}"), self._path(name)
        )

    def fetch(self, name: str, local: Path) -> None:
        """Copy a file or folder to this machine."""
        self._files.copyToLocalFile(
            False, self._path(name), self._jvm_path(f"file://{local}"), True
        )

    def make(self, folder: str) -> None:
        """Make a folder, and those above it, where there is none."""
        self._files.mkdirs(self._path(folder))

    def move(self, name: str, to: str) -> None:
        """Give a file another name; what had that one is replaced.

        Raises:
            OSError: the store would not.
        """
        self.make(to.rpartition("/")[0])
        # Where renaming is to copy, a crash may have left both.
        self.remove(to)
        if not self._files.rename(self._path(name), self._path(to)):
            raise OSError(None, f"cannot be moved to {self.uri(to)}", self.uri(name))

    def remove(self, name: str) -> None:
        """Remove a file, or a folder with all in it, where there is one."""
        self._files.delete(self._path(name), True)

    def _path(self, name: str) -> Any:
        return self._jvm_path(self.uri(name))

    def _jvm_path(self, uri: str) -> Any:
        return self._jvm.org.apache.hadoop.fs.Path(uri)
