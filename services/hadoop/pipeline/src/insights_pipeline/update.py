"""One run of the embedded engine: read → events → metrics → publish.

What a run of any engine does alike is here too, for the Spark engine to use.
"""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from insights_pipeline import forgotten, inputs, report_files, upkeep
from insights_pipeline.errors import AlreadyRunning, BadDataFolder, BadInput, PipelineError
from insights_pipeline.inputs import Inputs
from insights_pipeline.inputs.geo import open_geo
from insights_pipeline.interval import Interval
from insights_pipeline.logs.ledger import Ledger
from insights_pipeline.logs.reader import PieceRead, put_together, read_pieces
from insights_pipeline.metrics import METRICS, REPORT_FILES, SUBJECTS
from insights_pipeline.progress import Progress, Silence
from insights_pipeline.publish import roster_index
from insights_pipeline.resources import Resources
from insights_pipeline.runs import RunRecord, Standing
from insights_pipeline.schema import FLAWS
from insights_pipeline.schema.columns import RUN
from insights_pipeline.visitors import check_name, name_visitors
from insights_pipeline.warehouse import FILE, discard, open_warehouse, told_as_pipeline_errors

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable
    from datetime import date
    from pathlib import Path

    from insights_pipeline.forgotten import Forgotten
    from insights_pipeline.inputs.geo import Geo
    from insights_pipeline.logs.ledger import Reading
    from insights_pipeline.logs.reader import Part
    from insights_pipeline.publish.reports import Reports
    from insights_pipeline.warehouse import Warehouse

ENGINE = "duckdb"
REPORTS_FILE = "reports.sqlite3"
_DAY = timedelta(days=1)
_NAMED_FILES = 20  # at most so many left files are named in a run's notes


@dataclass(frozen=True)
class Update:
    """What to run.

    Attributes:
        logs: folder of tracking logs, of any depth and any names.
        data: folder of the warehouse; made where it is not there.
        interval: UTC dates to cover; by default from the first event to the last whole day, or,
            with `so_far`, to the day after it.
        inputs: what comes in beside the logs.
        resources: memory and processes to use.
        until: the UTC date, exclusive, up to which days are whole; by default today.
        so_far: whether to cover that date too, as far as it has come.
        full: whether to forget what earlier runs read, and read all logs anew.
        elasticsearch: URLs of the servers of the learner search, comma-separated; none: it is not
            served.
        visitors: the name under which visitors' engagement counts; empty: it does not.
        files: folder of the reports that are files; by default `reports` below `data`.
        standing: what to leave as an earlier run left it; by default nothing.
    """

    logs: Path
    data: Path
    interval: Interval | None = None
    inputs: Inputs = field(default_factory=Inputs)
    resources: Resources = field(default_factory=Resources.default)
    until: date | None = None
    so_far: bool = False
    full: bool = False
    elasticsearch: str | None = None
    visitors: str = ""
    files: Path | None = None
    standing: Standing = field(default_factory=Standing)

    @property
    def report_files(self) -> Path:
        """Folder of the reports that are files."""
        return self.files or self.data / report_files.FOLDER


def run_update(update: Update, reports: Reports, progress: Progress | None = None) -> RunRecord:
    """Bring warehouse and reports up to date with the logs.

    Args:
        update: what to run.
        reports: where to publish.
        progress: told what is being done.

    Raises:
        PipelineError: the run could not be done; what was published before still stands.
    """
    with recorded(update, ENGINE, reports) as record:
        _run(update, record, reports, progress or Silence())
    return record


@contextmanager
def recorded(update: Update, engine: str, reports: Reports) -> Generator[RunRecord]:
    """The record of a run that has the data folder for itself; kept as well if the run fails.

    Raises:
        PipelineError: the run cannot begin.
    """
    check(update)
    record = RunRecord(engine)
    with told_as_pipeline_errors(update.data), alone(update.data):
        with record.step("open"):
            reports.open()
        if update.full:
            discard(update.data)
        try:
            yield record
        except (PipelineError, KeyboardInterrupt) as error:
            reason = str(error) or "interrupted"
            record.error = f"{reason} ({record.error})" if record.error else reason
            _try_to_note(reports, record)
            raise


def check(update: Update) -> None:
    """Find what can be found before anything is made or read.

    Raises:
        PipelineError: the update cannot be done as it is.
    """
    logs, data = update.logs, update.data
    if not logs.is_dir():
        raise BadInput(
            f"no folder of tracking logs at {logs}: name the one that holds them with --logs"
        )
    if data.resolve().is_relative_to(logs.resolve()):
        raise BadInput(
            f"the data folder {data} lies inside {logs} and would be read as logs: name another"
            " one with --data"
        )
    inputs.check(update.inputs)
    roster_index.check(update.elasticsearch)
    check_name(update.visitors)


def _run(update: Update, record: RunRecord, reports: Reports, progress: Progress) -> None:
    resources = update.resources
    memory = resources.engine_memory_beside_workers
    with (
        open_warehouse(update.data, memory, resources.threads) as warehouse,
        open_geo(update.inputs.geo) as geo,
    ):
        warehouse.check_engine(ENGINE)
        record.notes += warehouse.notes
        if missing := warehouse.check_files():
            record.notes.append(_describe_missing(update.data, missing))
        with warehouse.run(record.run_id) as run:
            beside = _Beside(update, warehouse, geo, record)
            with record.step("read"):
                progress.step("read")
                parts = _read(update, warehouse, run, record, progress, beside)
            warehouse.use(resources.engine_memory, resources.threads)
            first = warehouse.first_event()
            if first is None:
                raise BadInput(describe_nothing(update, record))
            record.notes += beside.lacking
            record.standing.inputs = beside.lacking
            progress.step("metrics")
            record.interval = covered(update, first, record.started.date())
            _bring_up_to_date(warehouse, run, parts, beside.renamed, geo, record, progress)
        record.newest_event = warehouse.newest_event(up_to=record.started.date())
        with record.step("events"):
            warehouse.settle_files()
        show(update, warehouse, reports, record, progress)


@dataclass
class _Beside:
    """Takes in, once, what comes in beside the logs: while other processes read those.

    Attributes:
        lacking: notes on what lacks.
        renamed: tables that were made with another name for visitors.
    """

    update: Update
    warehouse: Warehouse
    geo: Geo
    record: RunRecord
    lacking: list[str] = field(default_factory=list)
    renamed: frozenset[str] = frozenset()
    is_done: bool = False

    def take_in(self) -> None:
        """Take it in, unless that is done, or an earlier run's is to stand."""
        if self.update.standing.inputs is not None:
            self.lacking = self.update.standing.inputs
        elif not self.is_done:
            with self.record.step("inputs"):
                self.lacking = inputs.take_in(self.warehouse, self.update.inputs, self.geo)
                self.renamed = name_visitors(self.warehouse.connection, self.update.visitors)
            self.is_done = True


def _read(
    update: Update,
    warehouse: Warehouse,
    run: int,
    record: RunRecord,
    progress: Progress,
    beside: _Beside,
) -> list[Part]:
    """Read what is new in the logs into the run's incoming folder, and what is beside them."""
    resources = update.resources
    ledger = Ledger(warehouse)
    folder = warehouse.incoming(record.run_id)
    folder.mkdir(parents=True)
    gone = forgotten.load(update.data)
    parts: list[Part] = []
    for number, readings in enumerate(ledger.rounds(update.logs, resources.piece_bytes)):
        reads = _read_round(readings, folder, f"{number:03}", resources, progress, gone, beside)
        for reading, pieces in zip(readings, reads, strict=True):
            read = put_together(reading.file, pieces)
            ledger.take_in(reading, read)
            if read.problem:
                for part in read.parts:
                    (folder / part.name).unlink()
                continue
            parts += read.parts
            count_in(record, reading, read)
            _keep_rejects(reading, pieces, folder)
    beside.take_in()
    warehouse.store_ledger(ledger)
    warehouse.add_parts(run, folder, parts)
    note_left(record, ledger)
    return parts


def count_in(record: RunRecord, reading: Reading, read: PieceRead) -> None:
    """Add what a file brought."""
    record.files += bool(read.lines)
    record.bytes += max(read.end - reading.stream.bytes_read, 0)
    record.lines += read.lines
    record.events += read.events
    record.rejects_by_reason += read.rejects


def note_left(record: RunRecord, ledger: Ledger) -> None:
    """Name the files that were left for another run."""
    left = [f"{file.path}: {file.reason}" for file in ledger.left]
    record.notes += [f"left for the next run: {note}" for note in left[:_NAMED_FILES]]
    if len(left) > _NAMED_FILES:
        record.notes.append(f"left for the next run: {len(left) - _NAMED_FILES} files more")


def _read_round(
    readings: list[Reading],
    folder: Path,
    prefix: str,
    resources: Resources,
    progress: Progress,
    gone: Forgotten,
    beside: _Beside,
) -> list[list[PieceRead]]:
    """Read the pieces of all readings; returns them by reading."""
    pieces = [replace(piece, forgotten=gone) for reading in readings for piece in reading.pieces]
    sizes = [
        (piece.file.plain_size if piece.end is None else piece.end) - piece.begin
        for piece in pieces
    ]
    total, done = max(sum(sizes), 1), 0
    workers = resources.workers if total > resources.worth_a_worker else 1
    found: dict[int, PieceRead] = {}
    flush_bytes, meanwhile = resources.flush_bytes, beside.take_in
    for index, read in read_pieces(pieces, folder, prefix, flush_bytes, workers, meanwhile):
        found[index] = read
        done += sizes[index]
        progress.advance(done, total)
    in_order = iter(found[index] for index in range(len(pieces)))
    return [[next(in_order) for _ in reading.pieces] for reading in readings]


def _keep_rejects(reading: Reading, pieces: list[PieceRead], folder: Path) -> None:
    """Add the rejected lines, with file and line, to the run's list; without any there is none."""
    if not any(piece.reject_file for piece in pieces):
        return
    lines_before = reading.stream.lines_read
    with (folder / "rejects.jsonl").open("a", encoding="utf-8") as kept:
        for piece in pieces:
            if piece.reject_file:
                with (folder / piece.reject_file).open(encoding="utf-8") as file:
                    for row in file:
                        line, reason, text = json.loads(row)
                        place = {"file": reading.file.path, "line": lines_before + line}
                        kept.write(json.dumps(place | {"reason": reason, "text": text}) + "\n")
            lines_before += piece.lines


def covered(update: Update, first: date, began: date) -> Interval:
    """The dates that an update covers, of which those from `until` on are not over.

    Args:
        update: what to run.
        first: date of the first event.
        began: the UTC date on which it began, before any log was looked at.
    """
    until = update.until or began
    last = until if update.so_far else until - _DAY
    interval = update.interval or Interval(min(first, last), last + _DAY)
    return replace(interval, whole_before=until)


def _bring_up_to_date(
    warehouse: Warehouse,
    run: int,
    parts: list[Part],
    outdated: frozenset[str],
    geo: Geo,
    record: RunRecord,
    progress: Progress,
) -> None:
    interval, before = record.interval, warehouse.interval
    assert interval is not None
    record.late_events = late_events(parts, warehouse)
    done = count()
    change = upkeep.Change(run, interval, before, warehouse.new_tables | outdated, geo.look_up)
    for subject, metrics in SUBJECTS.items():
        with record.step(f"metrics.{subject}"):
            upkeep.bring_up_to_date(
                warehouse.connection,
                change,
                metrics,
                lambda _table: progress.advance(next(done), len(METRICS)),
            )
    progress.advance(len(METRICS), len(METRICS))
    warehouse.set_interval(interval)


def show(
    update: Update, warehouse: Warehouse, reports: Reports, record: RunRecord, progress: Progress
) -> None:
    """Write the files and publish the reports, from what either engine has left at home."""
    _note_flaws(warehouse, record)
    noted, servers = len(record.notes), update.elasticsearch
    if update.standing.files is not None:
        record.notes += update.standing.files
        servers = None
    else:
        with record.step("files"):
            record.notes += report_files.bring_up_to_date(
                REPORT_FILES, warehouse, update.report_files, record.run_id
            )
    progress.step("publish")
    with roster_index.following(servers, warehouse, record):
        reports.publish(warehouse, record)
    record.standing.files = record.notes[noted:]


def _note_flaws(warehouse: Warehouse, record: RunRecord) -> None:
    """Name what of this run's events could not be used."""
    for table in FLAWS:
        grown = warehouse.connection.execute(
            f"SELECT flaw, count FROM {table.name} WHERE {RUN} = {warehouse.sequence} ORDER BY ALL"
        )
        event_type = table.name.removesuffix("_flaw")
        record.notes += [
            f"{count:,} {event_type} events: {flaw}" for flaw, count in grown.fetchall()
        ]


def late_events(parts: Iterable[Part], warehouse: Warehouse) -> int:
    """How many of the new events are of days that an earlier run had published as whole ones."""
    before = warehouse.interval
    if before is None:
        return 0
    return sum(part.rows for part in parts if before.start <= part.date < before.whole_end)


def describe_nothing(update: Update, record: RunRecord) -> str:
    """Why there is nothing to publish."""
    reasons = ", ".join(f"{count} {reason}" for reason, count in record.rejects_by_reason.items())
    found = [f"{record.lines} lines ({reasons})"] if reasons else []
    found += record.notes[:1]
    return (
        f"no event in {update.logs}"
        + (f": {'; '.join(found)}" if found else "")
        + ": is this the folder of tracking logs?"
    )


def _describe_missing(data: Path, missing: int) -> str:
    return (
        f"{missing} files of {data / 'events'} are missing; the reports do not need them, later"
        f" metrics will: restore them, or remove {FILE} to read all logs anew"
    )


@contextmanager
def alone(data: Path) -> Generator[None]:
    """Hold the data folder, or say who does."""
    if data.exists() and not data.is_dir():
        raise BadDataFolder(f"{data} is no folder: name another one with --data")
    data.mkdir(parents=True, exist_ok=True)
    holder = data / "update.pid"
    try:
        with FileLock(data / "update.lock", timeout=0):
            try:
                holder.write_text(f"{os.getpid()}\n")
                yield
            finally:
                holder.unlink(missing_ok=True)
    except Timeout:
        pid = holder.read_text().strip() if holder.exists() else ""
        raise AlreadyRunning(
            f"another update is at work on {data} (process {pid or 'unknown'}): wait for it to end"
        ) from None


def _try_to_note(reports: Reports, record: RunRecord) -> None:
    """Keep the record of a failed run, unless that fails as well."""
    try:
        reports.note_failure(record)
    except PipelineError:
        return
