"""`inv bench.follow`: how old the numbers are while a site's logs grow, and what that takes.

The sample's live writer, the follow and the Data API each run in a process of their own. Beside
the writer's lines, a learner enrolls in a course of the benchmark's own every few seconds: its
number of learners in the Data API tells which of them it has.
"""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import threading
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

from insights_pipeline.sample import SampleOptions, sample_until_today, write_live
from insights_pipeline.sample.writer import LIVE_LOG
from insights_pipeline.schema import REPORTS
from tasks.lib.bench.measuring import memory_of
from tasks.lib.errors import OperatorError
from tasks.lib.local import applications, serve
from tasks.lib.local.runs import REPORTS_FILE
from tasks.lib.local.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from multiprocessing.context import SpawnProcess

    from insights_pipeline.interval import Interval
    from insights_pipeline.sample import Sample
    from insights_pipeline.update import Update

COURSE = "course-v1:Bench+Follow+now"
MOST_MEMORY = 1.2  # of the last third against the first
MARGIN = 15  # seconds beside `every` that an event may take to be in the API
_BETWEEN_PROBES = 7.0  # seconds; no part of a minute, so that each comes at another moment of one
_BETWEEN_LOOKS = 0.5
_PATIENCE = 600  # seconds for the last update
_SAMPLE = SampleOptions(days=28, learners=2000)


@dataclass
class Seen:
    """What was seen meanwhile.

    Attributes:
        delays: seconds from an event's writing until the Data API counted it.
        processor: seconds of a processor that the follow took.
    """

    delays: list[float] = field(default_factory=list)
    processor: float = 0.0


def measure(minutes: float, rate: int, every: float) -> Iterator[str]:
    """Measure, and yield a line for each result."""
    with TemporaryDirectory(prefix="bench-follow-") as name:
        folder = Path(name)
        sample = sample_until_today(folder / "sample", _SAMPLE)
        data = folder / "data"
        with _running(_follow, sample, data, every) as following:
            with _memory_of(following) as memory:
                _wait_for_reports(data, following)
                with _served(data) as count_in:
                    seen = _watch(sample, following, count_in, minutes * 60, rate)
            yield from _describe(seen, memory, minutes * 60, every)
        yield _compare(sample, data, folder / "anew")


def _watch(
    sample: Sample,
    following: SpawnProcess,
    count_in: Callable[[], int],
    seconds: float,
    rate: int,
) -> Seen:
    """Have lines written for so long, and see how each probe gets on until the last is counted."""
    seen = Seen()
    written: list[float] = []
    folder = sample.logs / "probe"
    folder.mkdir()
    with (folder / LIVE_LOG).open("a", buffering=1) as log:
        with _running(write_live, sample.logs.parent, rate, seconds) as writing:
            began = time.monotonic()
            while time.monotonic() - began < seconds:
                if not written or time.monotonic() - written[-1] >= _BETWEEN_PROBES:
                    written.append(_probe(log.write, len(written)))
                _look(seen, written, count_in, following)
            writing.join()
        written.append(_probe(log.write, len(written)))
    end = time.monotonic()
    while len(seen.delays) < len(written):
        if time.monotonic() - end > _PATIENCE:
            raise OperatorError(f"{len(written) - len(seen.delays)} events are not in the API")
        _look(seen, written, count_in, following)
    return seen


def _wait_for_reports(data: Path, following: SpawnProcess) -> None:
    while not (data / REPORTS_FILE).is_file():
        _check(following)
        time.sleep(_BETWEEN_LOOKS)


def _check(following: SpawnProcess) -> None:
    if not following.is_alive():
        raise OperatorError("the follow has ended: its own lines above say why")


def _look(
    seen: Seen, written: list[float], count_in: Callable[[], int], following: SpawnProcess
) -> None:
    _check(following)
    now = count_in()
    seen.delays += [time.monotonic() - at for at in written[len(seen.delays) : now]]
    seen.processor = _processor_seconds(following) or seen.processor
    time.sleep(_BETWEEN_LOOKS)


def _describe(seen: Seen, memory: list[int], seconds: float, every: float) -> Iterator[str]:
    middle, latest = statistics.median(seen.delays), max(seen.delays)
    yield (
        f"{len(seen.delays):,} events: in the API after {middle:.0f} s in the middle,"
        f" {latest:.0f} s at most (wanted: at most {every + MARGIN:.0f} s)"
    )
    third = len(memory) // 3
    parts = memory[:third], memory[-third:]
    for name, of in (("in the middle", statistics.median), ("at most", max)):
        first, last = (of(part) for part in parts)
        yield (
            f"memory {name}: {first / 1e6:,.0f} MB in the first third, {last / 1e6:,.0f} MB in the"
            f" last: ratio {last / first:.2f} (wanted: at most {MOST_MEMORY})"
        )
    yield f"processor: {seen.processor / seconds:.1%} of one"


def _compare(sample: Sample, data: Path, anew: Path) -> str:
    """The tables of the follow against those of one update over the same dates."""
    from insights_pipeline.interval import Interval
    from insights_pipeline.update import run_update
    from tasks.lib.local import pipeline

    with closing(sqlite3.connect(data / REPORTS_FILE)) as reports:
        interval = reports.execute(
            "SELECT interval_start, interval_end FROM pipeline_run ORDER BY id DESC LIMIT 1"
        ).fetchone()
    update = _update(sample, anew, Interval.parse(":".join(interval)))
    record = run_update(update, pipeline.reports("data", anew, anew))
    unlike = [
        table.name
        for table in REPORTS
        if _rows(data, table.names, table.name) != _rows(anew, table.names, table.name)
    ]
    equal = len(REPORTS) - len(unlike)
    return (
        f"one update over {record.lines:,} lines: {equal} of {len(REPORTS)} tables are the same"
        + (f"; not {', '.join(unlike)}" if unlike else "")
    )


def _rows(data: Path, columns: tuple[str, ...], table: str) -> list[tuple[object, ...]]:
    names = ", ".join(f'"{name}"' for name in columns)
    with closing(sqlite3.connect(data / REPORTS_FILE)) as reports:
        return reports.execute(f"SELECT {names} FROM {table} ORDER BY {names}").fetchall()


def _probe(write: Callable[[str], object], number: int) -> float:
    """Have a learner enroll now; returns when."""
    learner = 10_000_000 + number
    event = {"course_id": COURSE, "user_id": learner, "mode": "audit"}
    name = "edx.course.enrollment.activated"
    line = {
        "time": datetime.now(UTC).isoformat(),
        "event_type": name,
        "event_source": "server",
        "name": name,
        "username": f"probe_{number}",
        "context": {"user_id": learner, "course_id": COURSE, "org_id": "Bench"},
        "event": event,
    }
    write(json.dumps(line) + "\n")
    return time.monotonic()


def _update(sample: Sample, data: Path, interval: Interval | None = None) -> Update:
    from insights_pipeline.inputs import Inputs
    from insights_pipeline.update import Update

    return Update(sample.logs, data, interval, Inputs(**sample.inputs))


def _follow(sample: Sample, data: Path, every: float) -> None:
    from tasks.lib.local import follow, pipeline

    follow.follow(_update(sample, data), pipeline.reports("data", data, data), every)


@contextmanager
def _running(function: Callable[..., object], *arguments: object) -> Generator[SpawnProcess]:
    """Run the function in a process of its own, which is ended with the block."""
    process = get_context("spawn").Process(target=function, args=arguments)
    process.start()
    try:
        yield process
    finally:
        process.terminate()
        process.join()


@contextmanager
def _served(data: Path) -> Generator[Callable[[], int]]:
    """The Data API of a data folder; asks it for the learners of COURSE."""
    secrets = Secrets.of(data)
    api = applications.data_api(data, secrets)
    serve.prepare(api)
    with serve.listen(0) as address, serve.serving(api, address) as server:
        serve.wait_for(server)
        url = f"{address.url}/api/v0/courses/{quote(COURSE)}/enrollment/"
        request = Request(url, headers={"Authorization": f"Token {secrets.api_token}"})

        def learners() -> int:
            try:
                with urlopen(request, timeout=60) as answer:
                    return int(json.load(answer)[-1]["count"])
            except HTTPError as error:
                if error.code == 404:
                    return 0
                raise

        yield learners


@contextmanager
def _memory_of(process: SpawnProcess) -> Generator[list[int]]:
    """Bytes that it has with its children, twice a second from its first update on."""
    memory: list[int] = []
    done = threading.Event()

    def look() -> None:
        while not done.wait(_BETWEEN_LOOKS):
            memory.append(memory_of(str(process.pid)))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield memory
    finally:
        done.set()
        watcher.join()


def _processor_seconds(process: SpawnProcess) -> float:
    """Of a processor, that it and the processes that it has waited for have taken so far."""
    try:
        text = Path(f"/proc/{process.pid}/stat").read_text()
    except OSError:
        return 0.0
    fields = text.rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
