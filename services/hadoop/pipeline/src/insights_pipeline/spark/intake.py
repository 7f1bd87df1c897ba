"""What is new in the logs: copied to the store, parsed on the cluster, counted in the ledger."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from insights_pipeline import forgotten
from insights_pipeline.errors import PipelineError
from insights_pipeline.logs.ledger import Ledger
from insights_pipeline.logs.reader import Part, PieceRead, join
from insights_pipeline.spark import sizing
from insights_pipeline.spark.copying import Copier, new_bytes
from insights_pipeline.spark.reading import EVENT, REJECT, ROW, SUMMARY, ReadPieces, from_text
from insights_pipeline.spark.writing import write
from insights_pipeline.update import count_in, late_events, note_left
from insights_pipeline.warehouse import event_file

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

    from insights_pipeline.logs.ledger import Reading
    from insights_pipeline.progress import Progress
    from insights_pipeline.runs import RunRecord
    from insights_pipeline.spark.copying import CopiedLog
    from insights_pipeline.spark.home import Plan
    from insights_pipeline.spark.store import Store
    from insights_pipeline.update import Update
    from insights_pipeline.warehouse import Warehouse


@contextmanager
def files_in_tasks_of(size: int, session: SparkSession) -> Generator[None]:
    """Have each task take whole files of `size` bytes in all: a large one, or many small ones."""
    settings = {
        "spark.sql.files.maxPartitionBytes": size,
        "spark.sql.files.openCostInBytes": sizing.OPENING,
        # A row is the content of a file: no two of them at once.
        "spark.sql.execution.arrow.maxRecordsPerBatch": 1,
    }
    for name, value in settings.items():
        session.conf.set(name, value)
    try:
        yield
    finally:
        for name in settings:
            session.conf.unset(name)


@dataclass(frozen=True)
class Intake:
    """One run's reading.

    Attributes:
        plan: of the run, whose folder in the store is written to.
        local: the run's folder on this machine.
    """

    session: SparkSession
    store: Store
    warehouse: Warehouse
    update: Update
    plan: Plan
    local: Path
    record: RunRecord
    progress: Progress

    def run(self) -> list[str]:
        """Read what is new; returns the folders of the store with its events, by date."""
        ledger = Ledger(self.warehouse)
        parts: list[Part] = []
        folders = []
        # Pieces are cut later, when it is known how much there is.
        for number, readings in enumerate(ledger.rounds(self.update.logs, sys.maxsize)):
            folder = f"{self.plan.folder}/read/{number:03}"
            copies = f"{self.plan.folder}/logs/{number:03}"
            sizes = [new_bytes(reading) for reading in readings]
            self.session.conf.set(
                "spark.sql.shuffle.partitions", sizing.shuffle_partitions(sum(sizes))
            )
            piece_bytes = sizing.piece_bytes(sizes, self.session.sparkContext.defaultParallelism)
            with self.record.step("copy"):
                logs = self._copy(readings, copies, piece_bytes)
            with self.record.step("parse"):
                reads = self._parse(logs, copies, folder, piece_bytes)
                for log in logs:
                    self._take_in(ledger, log, reads)
                if self.store.exists(f"{folder}/kind={REJECT}"):
                    self._keep_rejects(logs, reads, f"{folder}/kind={REJECT}")
                if self.store.exists(f"{folder}/kind={EVENT}"):
                    folders.append(f"{folder}/kind={EVENT}")
                    parts += self._bring_parts(folders[-1])
        with self.record.step("ledger"):
            self.warehouse.store_ledger(ledger)
            self.warehouse.name_parts(self.plan.run, parts)
        note_left(self.record, ledger)
        self.record.late_events = late_events(parts, self.warehouse)
        return folders

    def _take_in(self, ledger: Ledger, log: CopiedLog, reads: dict[str, PieceRead]) -> None:
        if log.problem:
            ledger.take_in(log.reading, PieceRead(problem=log.problem))
            return
        read = join(reads[piece.name] for piece in log.pieces)
        ledger.take_in(log.reading, read)
        count_in(self.record, log.reading, read)

    def _copy(self, readings: list[Reading], folder: str, piece_bytes: int) -> list[CopiedLog]:
        """Bring what is new to the store."""
        self.progress.step("copy")
        done, total = 0, sum(map(new_bytes, readings))

        def advance(size: int) -> None:
            nonlocal done
            done += size
            self.progress.advance(done, total)

        self.store.make(folder)
        copier = Copier(self.store, folder, self.local, self.update.resources.processors + 1)
        return copier.copy(readings, piece_bytes, advance)

    def _parse(
        self, logs: list[CopiedLog], source: str, to: str, piece_bytes: int
    ) -> dict[str, PieceRead]:
        """Parse the copied pieces on the cluster; returns the summary of each."""
        self.progress.step("parse")
        gone = forgotten.load(self.update.data)
        pieces = {
            copied.name: replace(copied, piece=replace(copied.piece, forgotten=gone))
            for log in logs
            for copied in log.pieces
        }
        if not pieces:
            return {}
        self.session.sparkContext.setJobDescription("parse logs")
        with files_in_tasks_of(piece_bytes, self.session):
            files = self.session.read.format("binaryFile").load(self.store.uri(source))
            rows = files.select("path", "content").mapInArrow(ReadPieces(pieces), ROW)
            write(rows, self.store.uri(to), "kind", "date")
        self.store.remove(source)
        summaries = self._rows(f"{to}/kind={SUMMARY}").collect()
        reads = {row.piece: from_text(row.detail) for row in summaries}
        if lost := pieces.keys() - reads.keys():
            raise PipelineError(
                f"{len(lost)} pieces of logs vanished from {self.store.uri(source)}, such as"
                f" {min(lost)}: see that nothing else writes there, and run again"
            )
        return reads

    def _rows(self, folder: str) -> DataFrame:
        return self.session.read.schema(ROW).parquet(self.store.uri(folder))

    def _bring_parts(self, folder: str) -> list[Part]:
        """Have the files of events in a folder of the store join all events."""
        events = self._rows(folder).selectExpr("date", "_metadata.file_name", "_metadata.file_size")
        counted = events.groupBy("date", "file_name", "file_size").count()
        parts = [
            Part(row.date, row.file_name, row["count"], row.file_size)
            for row in counted.toLocalIterator()
        ]
        for part in parts:
            staged = f"{folder}/date={part.date}/{part.name}"
            self.plan.moves[staged] = event_file(self.plan.run, part.date, part.name)
        return parts

    def _keep_rejects(
        self, logs: list[CopiedLog], reads: dict[str, PieceRead], folder: str
    ) -> None:
        """Add the rejected lines, with file and line, to the run's list."""
        places: dict[str, tuple[str, int]] = {}
        for log in logs:
            lines_before = log.reading.stream.lines_read
            for piece in log.pieces:
                places[piece.name] = (log.reading.file.path, lines_before)
                lines_before += reads[piece.name].lines
        rejects = self._rows(folder).select("piece", "line", "detail").orderBy("piece", "line")
        with (self.local / "rejects.jsonl").open("a", encoding="utf-8") as kept:
            for row in rejects.toLocalIterator():
                path, lines_before = places[row.piece]
                reason, text = json.loads(row.detail)
                place = {"file": path, "line": lines_before + row.line}
                kept.write(json.dumps(place | {"reason": reason, "text": text}) + "\n")
