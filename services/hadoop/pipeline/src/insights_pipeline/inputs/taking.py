"""One run's taking in of all inputs, and what it says of those that it did not get."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from insights_pipeline import schema
from insights_pipeline.inputs import csv_files, fetching, json_lines
from insights_pipeline.inputs.declared import INPUTS, Source, reports_on
from insights_pipeline.inputs.intake import Intake
from insights_pipeline.inputs.sources import SourceError, Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from insights_pipeline.inputs import Inputs
    from insights_pipeline.inputs.database import LmsDatabase
    from insights_pipeline.inputs.declared import Input
    from insights_pipeline.warehouse import Warehouse

_FOLDER = "inputs"
"""Of a data folder: what was fetched from services, and what waits to be taken in."""
_NOT_GIVEN = "it was not given"
_LMS_TABLES = [each for each in INPUTS if each.source is Source.LMS]


class Taking:
    """One run's taking in."""

    def __init__(self, warehouse: Warehouse, inputs: Inputs) -> None:
        self._inputs, self._intake = inputs, Intake(warehouse)
        self._folder = warehouse.folder / _FOLDER
        self._remarks: list[str] = []
        self._failures: dict[str, str] = {}
        """Why an input could not be taken in, by its name."""

    def run(self) -> None:
        """Take in what changed; whatever fails leaves what was there."""
        for left in self._folder.glob("*.parquet"):  # by a run that was killed
            left.unlink()
        if self._inputs.database and not self._inputs.lms:
            self._take_database(self._inputs.database)
        else:
            for table in _LMS_TABLES:
                with _Attempt(self._failures, [table]):
                    self._take_csv_file(table)
        for source in Source:
            if inputs := [each for each in INPUTS if each.source is source and each.rows_of]:
                with _Attempt(self._failures, inputs):
                    self._take_json_lines(source, inputs)

    def notes(self) -> list[str]:
        """What an operator should know: which inputs lack or are old, and what was odd."""
        odd = [note for each in INPUTS for note in self._intake.notes(each.name)]
        return [*self._lacking(), *self._old(), *self._remarks, *odd]

    # --- files ------------------------------------------------------------------------------------

    def _take_csv_file(self, table: Input) -> None:
        folder = self._inputs.lms
        path = folder / f"{table.name}.csv" if folder else None
        if not path or not path.is_file():
            raise SourceError(_NOT_GIVEN)
        self._take(table, path, csv_files.read)

    def _take_json_lines(self, source: Source, inputs: Iterable[Input]) -> None:
        """Take in the tables that a file of JSON lines tells."""
        path = self._inputs.named(source) or self._fetch(source)
        for each in inputs:
            assert each.rows_of
            self._take(each, path, partial(json_lines.read, rows_of=each.rows_of, kind=each.kind))

    def _take(self, table: Input, path: Path, read: Callable[[Path, Spool], None]) -> None:
        """Take in a table from a file, unless the warehouse has it from that very one."""
        status = path.stat()
        version = f"{path.resolve()} {status.st_size} {status.st_mtime_ns}"
        if self._intake.has(table.name, version):
            return
        with self._spool(table) as spool:
            read(path, spool)
        self._intake.replace(spool, version)
        spool.path.unlink()

    def _spool(self, table: Input) -> Spool:
        return Spool(self._folder / f"{table.name}.parquet", table.table)

    # --- the LMS's database -----------------------------------------------------------------------

    def _take_database(self, database: LmsDatabase) -> None:
        """Take in the LMS's tables as they were at one moment; if that breaks off, none of them."""
        spools: list[Spool] = []
        with _Attempt(self._failures, _LMS_TABLES), ExitStack() as stack:
            with database.snapshot() as snapshot:
                for table in _LMS_TABLES:
                    with _Attempt(self._failures, [table]), self._spool(table) as spool:
                        stack.callback(spool.path.unlink, missing_ok=True)
                        snapshot.copy(spool)
                        spools.append(spool)
            for spool in spools:
                self._intake.replace(spool, database.place)

    # --- REST services ----------------------------------------------------------------------------

    def _fetch(self, source: Source) -> Path:
        """Ask a service, and keep what it tells; returns the file."""
        path = self._folder / f"{source.field}.jsonl"
        lms, discovery = self._inputs.lms_service, self._inputs.discovery
        match source:
            case Source.COURSE_LIST if lms:
                fetching.fetch_course_list(lms, path)
            case Source.COURSE_BLOCKS if lms:
                courses = self._inputs.course_list or path.with_stem(Source.COURSE_LIST.field)
                if not courses.is_file():
                    raise SourceError("there is no course list to ask the LMS for blocks by")
                ids = fetching.course_ids(courses)
                self._remarks += fetching.fetch_course_blocks(lms, ids, path)
            case Source.CATALOG if discovery:
                fetching.fetch_course_runs(discovery, path)
            case Source.PROGRAMS if discovery:
                fetching.fetch_programs(discovery, path)
            case _:
                raise SourceError(_NOT_GIVEN)
        return path

    # --- what is said -----------------------------------------------------------------------------

    def _lacking(self) -> Iterator[str]:
        """A line for each input that was never taken in and that a report depends on."""
        known = self._intake.dates()
        for each in INPUTS:
            reports = reports_on(each.name)
            if each.name in known or each.few_have_it or not reports:
                continue
            reason = self._failures.get(each.name, _NOT_GIVEN)
            what_next = f": {each.remedy}" if reason == _NOT_GIVEN else f": {reason}"
            lack = "is empty or lacks it" if len(reports) == 1 else "are empty or lack it"
            yield f"no {each.name} ({each.tells}), so {_listed(reports)} {lack}{what_next}"

    def _old(self) -> Iterator[str]:
        """A line for inputs that this run did not get, of one date and for one reason."""
        known = self._intake.dates()
        groups: dict[tuple[str, str], list[str]] = {}
        for name, reason in self._failures.items():
            if name in known and reports_on(name):
                groups.setdefault((str(known[name]), reason), []).append(name)
        for (date, reason), names in groups.items():
            on_them = {report for name in names for report in reports_on(name)}
            reports = [each.name for each in schema.HOME if each.name in on_them]
            rest = "rests" if len(reports) == 1 else "rest"
            yield f"{_listed(names)} as of {date}, which {_listed(reports)} {rest} on: {reason}"


class _Attempt:
    """Remembers why inputs could not be taken in."""

    def __init__(self, failures: dict[str, str], inputs: Iterable[Input]) -> None:
        self._failures, self._inputs = failures, inputs

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> bool:
        if not isinstance(error, SourceError):
            return False
        self._failures |= {each.name: str(error) for each in self._inputs}
        return True


def _listed(names: Sequence[str]) -> str:
    """Names as a sentence has them: a, b and c."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
