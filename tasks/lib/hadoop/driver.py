"""The pipeline in its container: started, followed by what it tells, and stopped if need be."""

from __future__ import annotations

import json
import threading
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasks.lib import console
from tasks.lib.engine import Engine, EngineError
from tasks.lib.errors import OperatorError
from tasks.lib.hadoop.cluster import PIPELINE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Generator, Mapping
    from subprocess import Popen

    from tasks.lib.console import Progress
    from tasks.lib.hadoop.cluster import Cluster

_SECONDS_BETWEEN_LOOKS = 2.0
_STARTS = 3  # of a service in a run, until that is given up
_SECONDS_TO_END = 90.0  # longer than its container's grace period
# Ports at which executors outside call their driver back: for messages, and for data.
DRIVER_PORTS = (7078, 7079)


@dataclass(frozen=True)
class Options:
    """What a run is asked for; dates in UTC.

    Attributes:
        interval: dates to cover, as `A:B`; empty for INTERVAL, or all whole days so far.
        date: the date to run as on, exclusive end of what is covered; empty for today.
        full: whether to read all logs anew.
        so_far: whether to cover that date too, as far as it has come.
    """

    interval: str = ""
    date: str = ""
    full: bool = False
    so_far: bool = False

    def arguments(self) -> list[str]:
        """The same for the program in the container."""
        return [
            *([f"--interval={self.interval}"] if self.interval else []),
            *([f"--date={self.date}"] if self.date else []),
            *(["--full"] if self.full else []),
            *(["--so-far"] if self.so_far else []),
        ]


class RunFailedError(OperatorError):
    """The pipeline's run failed; what was published before still stands."""


def run(
    cluster: Cluster, services: Collection[str], options: Options, step: Callable[[str], None]
) -> dict[str, Any]:
    """Do a run; returns its record, a row of the table pipeline_run.

    Args:
        cluster: brought up, with all that the run needs.
        services: of it, which are to stay up meanwhile: one that ends is started again.
        options: what to do.
        step: told of each step as it begins.

    Raises:
        RunFailedError: it failed, or was ended by somebody.
        KeyboardInterrupt: this process is to end; the container has ended by then.
    """
    told = _follow(cluster, services, step, *options.arguments())
    if not told.record:
        raise RunFailedError(_death(0))
    return told.record


def forget(cluster: Cluster, services: Collection[str], request: Mapping[str, Any]) -> list[str]:
    """Have the pipeline forget a learner; returns what it says of that, a line each.

    Args:
        cluster, services: as of `run`.
        request: what the program in the container takes (insights_pipeline.__main__).

    Raises: as `run`.
    """
    return _follow(cluster, services, lambda _: None, "--forget", given=json.dumps(request)).said


def _follow(
    cluster: Cluster,
    services: Collection[str],
    step: Callable[[str], None],
    *arguments: str,
    given: str = "",
) -> _Told:
    settings = cluster.stack.compose.settings
    # Only executors of another cluster come from outside.
    publish = [f"{port}:{port}" for port in DRIVER_PORTS] if settings.get("DRIVER_HOST") else []
    process = cluster.stack.compose.begin(
        PIPELINE, "insights-pipeline", "--json", *arguments, publish=publish, given=given
    )
    told = _Told(step)
    try:
        with told, _kept_up(cluster, services) as ended:
            assert process.stdout
            for line in process.stdout:
                told.take(line)
    except BaseException:
        cluster.end_pipeline()
        raise
    finally:
        code = _ended(process)
    if ended:
        raise RunFailedError(f"{ended[0]}: `inv hadoop-tasks --keep` leaves its log to be read")
    if told.error:
        raise RunFailedError(told.error, told.exit_code)
    if code:
        raise RunFailedError(_death(code))
    return told


@contextmanager
def _kept_up(cluster: Cluster, services: Collection[str]) -> Generator[list[str]]:
    """Start services of the stack again that end; yields why the run was given up, once it was.

    The engine does so for one that fails by itself, but not for one that somebody killed; and Spark
    would wait for a lost worker for ever.
    """
    given_up: list[str] = []
    over = threading.Event()

    def watch() -> None:
        # Not the caller's connection: one may be used by one thread at a time.
        engine, starts = Engine.connect(), Counter[str]()
        while not over.wait(_SECONDS_BETWEEN_LOOKS):
            with suppress(EngineError):
                for each in engine.containers(cluster.stack.compose.project):
                    if each.service not in services or each.state != "exited":
                        continue
                    starts[each.service] += 1
                    ended = f"{each.service} ended with exit code {each.exit_code}"
                    if starts[each.service] > _STARTS:
                        given_up.append(f"{ended} again and again")
                        cluster.end_pipeline(engine)
                        return
                    console.say(f"{ended}: started again")
                    engine.start(each.id)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield given_up
    finally:
        over.set()
        watcher.join()


def _ended(process: Popen[str]) -> int:
    """The exit code of the command; one whose container is gone does not linger."""
    with suppress(Exception):
        process.wait(_SECONDS_TO_END)
    if process.poll() is None:
        process.kill()
    if process.stdout:
        process.stdout.close()
    return process.wait()


def _death(code: int) -> str:
    if code == 137:
        return (
            "the pipeline's container was killed (exit code 137), perhaps for want of memory"
            " (PIPELINE_MEMORY in conf/pipeline.env): nothing was published; the next run mends it"
        )
    return (
        f"the pipeline's container ended with exit code {code} and no record: see the lines above;"
        " the next run mends it"
    )


class _Told:
    """Takes in what the pipeline tells, line by line, and shows it."""

    def __init__(self, step: Callable[[str], None]) -> None:
        self.record: dict[str, Any] | None = None
        self.error = ""
        self.exit_code = 1
        self.said: list[str] = []
        self._step = step
        self._shown = ExitStack()
        self._progress: Progress | None = None

    def __enter__(self) -> _Told:
        return self

    def __exit__(self, *raised: object) -> None:
        self._shown.__exit__(*raised if raised[0] else (None, None, None))  # type: ignore[arg-type]

    def take(self, line: str) -> None:
        """One line: an object, or something else that goes to the operator as it is."""
        try:
            told = json.loads(line)
        except ValueError:
            told = None
        if not isinstance(told, dict):
            console.say(f"{PIPELINE} | {line.rstrip()}")
        elif name := told.get("step"):
            self._begin(str(name))
        elif "done" in told and self._progress:
            self._progress.update(int(told["done"]), int(told["total"]))
        elif "record" in told:
            self.record = told["record"]
        elif "said" in told:
            self.said.append(str(told["said"]))
        elif "error" in told:
            self.error, self.exit_code = str(told["error"]), int(told["exit_code"])

    def _begin(self, name: str) -> None:
        self._shown.close()
        self._step(name)
        self._progress = self._shown.enter_context(console.progress(name))
