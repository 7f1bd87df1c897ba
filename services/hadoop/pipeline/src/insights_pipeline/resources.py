"""How much of the machine a run may use."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from insights_pipeline.errors import BadOption

_MIB = 2**20
_UNITS = {"": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
LEAST = 400 * _MIB
_SHARE = 0.5  # of the machine's memory, where nothing else is said
_MOST_BY_DEFAULT = 8 * 2**30
_PROCESS = 160 * _MIB  # what Python and its libraries take in one process
_JAVA = 128 * _MIB  # what Java takes beside its heap
_PER_LOG_BYTE = 8  # bytes of memory that a byte of log takes until it is written


@dataclass(frozen=True)
class Resources:
    """Limits of a run.

    Attributes:
        memory: bytes for the run as a whole, all its processes together.
        processors: how many to use.
    """

    memory: int
    processors: int

    @classmethod
    def default(cls) -> Resources:
        """Half of the memory that this process may use (at most 8 GiB), and all processors."""
        memory = min(int(_usable_memory() * _SHARE), _MOST_BY_DEFAULT)
        return cls(max(memory, LEAST), len(os.sched_getaffinity(0)))

    @classmethod
    def with_memory(cls, text: str) -> Resources:
        """Read a size such as 2GB or 512MiB.

        Raises:
            BadOption: the text is no size, or too little to work with.
        """
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]I?B|)\s*", text.upper())
        if not match:
            raise BadOption(f"--memory {text!r} is no size: give one such as 2GB or 512MiB")
        memory = int(float(match[1]) * _UNITS[match[2]])
        if memory < LEAST:
            raise BadOption(f"--memory {text} is too little: give at least {LEAST // _MIB}MiB")
        return cls(memory, cls.default().processors)

    @property
    def workers(self) -> int:
        """Processes that read logs at once."""
        return max(1, min(self.processors, (self.memory - _PROCESS) // (2 * _PROCESS)))

    @property
    def flush_bytes(self) -> int:
        """Plain log bytes that each of them holds before it writes them."""
        room = (self.memory - _PROCESS * (self.workers + 1)) // (self.workers * _PER_LOG_BYTE * 2)
        return max(2 * _MIB, min(room, 32 * _MIB))

    @property
    def piece_bytes(self) -> int:
        """Plain log bytes that a worker takes at once."""
        return self.flush_bytes

    @property
    def worth_a_worker(self) -> int:
        """Plain log bytes below which one process is done before others have started."""
        return 24 * _MIB

    @property
    def engine_memory(self) -> int:
        """Bytes for the engine's tables in memory; beyond that it spills to disk."""
        return _for_tables(self.memory - _PROCESS)

    @property
    def engine_memory_beside_workers(self) -> int:
        """The same while logs are read: the workers' memory comes out of it."""
        return max(_for_tables(self.memory - 2 * _PROCESS), 64 * _MIB)

    @property
    def driver_heap(self) -> int:
        """Bytes of Java's heap for Spark's driver, which runs beside the engine."""
        return self.memory // 2

    @property
    def engine_memory_beside_driver(self) -> int:
        """Bytes for the engine's tables while Spark's driver runs."""
        left = self.memory - self.driver_heap - _JAVA - _PROCESS
        return max(_for_tables(left), 64 * _MIB)

    @property
    def threads(self) -> int:
        """Threads of the engine."""
        return self.threads_with(self.engine_memory)

    def threads_with(self, engine_memory: int) -> int:
        """Threads of an engine of so many bytes: each wants some of its own."""
        return max(1, min(self.processors, engine_memory // (96 * _MIB)))


def _for_tables(memory: int) -> int:
    """Of the bytes that are left: the engine takes more than its limit, which is for tables."""
    return memory * 11 // 20


def _usable_memory() -> int:
    """Bytes of memory of this machine, or of the control group that this process is in."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [machine]
    for name in ("memory.max", "memory/memory.limit_in_bytes"):
        try:
            limits.append(int((Path("/sys/fs/cgroup") / name).read_text()))
        except (OSError, ValueError):
            continue
    return min(limits)
