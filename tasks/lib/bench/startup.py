"""How long `inv` takes to start, against the least that Invoke takes: an empty tasks.py."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tasks.lib.environment import ROOT


@dataclass(frozen=True)
class Cost:
    """What one start of `inv --list` takes."""

    wall_seconds: float
    cpu_seconds: float
    """User and system time."""


@dataclass(frozen=True)
class StartUp:
    """Medians over all runs."""

    ours: Cost
    empty: Cost

    @property
    def ratio(self) -> float:
        """How many times an empty tasks.py ours takes: by wall or by CPU time, the worse."""
        return max(
            self.ours.wall_seconds / self.empty.wall_seconds,
            self.ours.cpu_seconds / self.empty.cpu_seconds,
        )


def measure_startup(runs: int) -> StartUp:
    """Starts `inv --list` `runs` times each with this checkout's tasks.py and with an empty one.

    They take turns, so that other load on the machine meets both alike.
    """
    with TemporaryDirectory() as folder:
        Path(folder, "tasks.py").touch()
        pairs = [(_start(ROOT), _start(Path(folder))) for _ in range(runs)]
    ours, empty = zip(*pairs, strict=True)
    return StartUp(_median(ours), _median(empty))


def _start(root: Path) -> Cost:
    inv = Path(sys.executable).with_name("inv")
    began, before = time.perf_counter(), _children_cpu_seconds()
    # An empty tasks.py has nothing to list, which is an exit code of 1.
    subprocess.run([inv, "--search-root", root, "--list"], capture_output=True, check=False)
    return Cost(time.perf_counter() - began, _children_cpu_seconds() - before)


def _children_cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _median(costs: tuple[Cost, ...]) -> Cost:
    return Cost(
        median(cost.wall_seconds for cost in costs), median(cost.cpu_seconds for cost in costs)
    )
