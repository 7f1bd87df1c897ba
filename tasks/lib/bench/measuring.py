"""What a function takes in a fresh process: seconds, and memory of it and its children at the peak.

Memory is their proportional set size together, looked at ten times a second (Linux).
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


T = TypeVar("T")


@dataclass(frozen=True)
class Cost:
    """What one run took: seconds, and bytes of memory at its peak."""

    seconds: float
    memory: int


def apart(function: Callable[..., T], *arguments: object) -> T:
    """Run the function in a fresh process."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


@contextmanager
def measured() -> Generator[Callable[[], Cost]]:
    """Time the block and watch its memory; the result can be asked for after it."""
    peak, done = 0, threading.Event()

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.1):
            peak = max(peak, memory_of("self"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    begin = time.perf_counter()
    seconds = 0.0
    try:
        yield lambda: Cost(seconds, peak)
        seconds = time.perf_counter() - begin
    finally:
        done.set()
        watcher.join()


def memory_of(process: str) -> int:
    """Proportional set size of a process and all its children, in bytes."""
    total = 0
    try:
        rollup = Path("/proc", process, "smaps_rollup").read_text()
        total += 1024 * int(rollup.split("Pss:")[1].split()[0])
        for children in Path("/proc", process, "task").glob("*/children"):
            total += sum(memory_of(child) for child in children.read_text().split())
    except (OSError, IndexError):
        return total  # it has just ended
    return total
