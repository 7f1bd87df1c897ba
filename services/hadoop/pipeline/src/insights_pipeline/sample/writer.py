"""Writes a sample: all of it, or nothing."""

from __future__ import annotations

import gzip
import json
import shutil
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, TypedDict

from insights_pipeline.sample.behaviour import Simulation
from insights_pipeline.sample.dirt import Dirt
from insights_pipeline.sample.learners import COUNTRIES
from insights_pipeline.sample.lms import (
    write_catalog,
    write_course_blocks,
    write_course_list,
    write_geo,
    write_programs,
    write_tables,
)
from insights_pipeline.sample.options import SampleError, SampleOptions
from insights_pipeline.sample.randomness import stream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from random import Random

    Progress = Callable[[int, int], None]

HOSTS = ("lms1", "lms2")
LIVE_LOG = "tracking.log"
_DESCRIPTION = "sample.json"
_FORMATS = "insights-sample/"
_FORMAT = f"{_FORMATS}2"
# Higher levels take more time than all the rest.
_GZIP_LEVEL = 1


class Beside(TypedDict):
    """What comes in beside the logs, by the names that the pipeline has for it."""

    lms: Path
    catalog: Path
    programs: Path
    course_list: Path
    course_blocks: Path
    geo: Path


@dataclass(frozen=True)
class Sample:
    """A sample on disk.

    Attributes:
        logs: folder with a folder for each LMS host, each with `tracking.log` (the last day) and
            a rotated file for every day before, named by the day of its rotation.
        lms: folder with the LMS's tables as CSV.
        catalog: course runs, one JSON object a line.
        programs: programs, one JSON object a line.
        course_list: courses as the LMS lists them, one JSON object a line.
        course_blocks: the blocks of each course, one course a line.
        geo: the countries of its addresses, in MaxMind's format.
        interval: UTC dates of the log, left-closed and right-open.
        files: tracking log files.
        bytes: plain bytes of log, before compression.
        lines: lines of log, dirty and blank ones too.
        dirty_lines: lines that are not as the LMS writes them, or not when it should.
    """

    logs: Path
    lms: Path
    catalog: Path
    programs: Path
    course_list: Path
    course_blocks: Path
    geo: Path
    interval: tuple[date, date]
    files: int
    bytes: int
    lines: int
    dirty_lines: int

    @property
    def inputs(self) -> Beside:
        """What comes in beside the logs, by the names that the pipeline has for it."""
        return {
            "lms": self.lms,
            "catalog": self.catalog,
            "programs": self.programs,
            "course_list": self.course_list,
            "course_blocks": self.course_blocks,
            "geo": self.geo,
        }


def write_sample(out: Path, options: SampleOptions, progress: Progress | None = None) -> Sample:
    """Write a sample into the folder `out`; an earlier sample there is replaced.

    Everything is written beside `out` and renamed at the end, so that a run that is killed leaves
    no sample. `progress` is called with the days done and the days in all.

    Raises:
        SampleError: `out` holds something else than a sample, or cannot be written.
    """
    out = out.resolve()
    partial = out.parent / f".{out.name}.partial"
    try:
        _check_replaceable(out)
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        description = _write(partial, options, progress)
        _replace(out, partial)
    except OSError as error:
        where = error.filename or out
        raise SampleError(f"cannot write the sample: {where}: {error.strerror}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return _sample(out, description)


def read_sample(out: Path) -> Sample | None:
    """The sample in the folder `out`, or None if there is none of this version."""
    description = _read_description(out)
    if description.get("format") != _FORMAT:
        return None
    return _sample(out, description)


def options_of(out: Path) -> SampleOptions:
    """The options of the sample in the folder `out`.

    Raises:
        SampleError: there is none.
    """
    options = _read_description(out).get("options")
    if options is None:
        raise SampleError(f"{out} holds no sample: write one with inv sample --out {out}")
    return SampleOptions(**{**options, "start": date.fromisoformat(options["start"])})


def _read_description(out: Path) -> dict[str, Any]:
    try:
        description = json.loads((out / _DESCRIPTION).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return description if isinstance(description, dict) else {}


def _sample(out: Path, description: dict[str, Any]) -> Sample:
    first, end = description["interval"]
    return Sample(
        logs=out / "tracking-logs",
        lms=out / "lms",
        catalog=out / "catalog.jsonl",
        programs=out / "programs.jsonl",
        course_list=out / "course-list.jsonl",
        course_blocks=out / "course-blocks.jsonl",
        geo=out / "geo.mmdb",
        interval=(date.fromisoformat(first), date.fromisoformat(end)),
        files=description["files"],
        bytes=description["bytes"],
        lines=description["lines"],
        dirty_lines=sum(description["dirty_lines"].values()),
    )


def _check_replaceable(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise SampleError(f"{out} is not a folder; choose another for the sample")
    is_sample = str(_read_description(out).get("format")).startswith(_FORMATS)
    if any(out.iterdir()) and not is_sample:
        raise SampleError(f"{out} holds something else than a sample; choose another folder")


def _replace(out: Path, partial: Path) -> None:
    if not out.exists():
        partial.rename(out)
        return
    old = out.parent / f".{out.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    out.rename(old)
    partial.rename(out)
    shutil.rmtree(old)


def _write(folder: Path, options: SampleOptions, progress: Progress | None) -> dict[str, Any]:
    simulation, dirt = Simulation(options), Dirt(options)
    logs = [_HostLog(folder / "tracking-logs" / host, options) for host in HOSTS]
    for number in range(options.days):
        lines = dirt.day(number, simulation.day(number))
        balancer = stream(options.seed, f"hosts on day {number}")
        for log, served in zip(logs, balance(balancer, lines), strict=True):
            log.write_day(number, served)
        if progress:
            progress(number + 1, options.days)
    description = _describe(options, logs, dirt)
    _write_beside(_sample(folder, description), options, simulation)
    (folder / _DESCRIPTION).write_text(json.dumps(description, indent=1) + "\n", encoding="utf-8")
    return description


def _write_beside(sample: Sample, options: SampleOptions, simulation: Simulation) -> None:
    """What comes in beside the logs."""
    courses = simulation.courses
    sample.lms.mkdir()
    write_tables(sample.lms, options, simulation.learners, courses)
    write_catalog(sample.catalog, options, courses)
    write_programs(sample.programs, courses)
    write_course_list(sample.course_list, options, courses)
    write_course_blocks(sample.course_blocks, courses)
    write_geo(sample.geo, options)


def balance(random: Random, lines: list[str]) -> tuple[list[str], list[str]]:
    """Each request goes to either host, as behind a load balancer."""
    served: tuple[list[str], list[str]] = ([], [])
    for line, byte in zip(lines, random.randbytes(len(lines)), strict=True):
        served[byte & 1].append(line)
    return served


class _HostLog:
    """The tracking log of one host, rotated at midnight."""

    def __init__(self, folder: Path, options: SampleOptions) -> None:
        folder.mkdir(parents=True)
        self.files = self.bytes = self.lines = 0
        self._folder = folder
        self._options = options

    def write_day(self, number: int, lines: list[str]) -> None:
        content = "".join(f"{line}\n" for line in lines).encode("latin-1")
        self.files += 1
        self.bytes += len(content)
        self.lines += len(lines)
        if number == self._options.days - 1:
            (self._folder / LIVE_LOG).write_bytes(content)
            return
        rotated = self._options.start + timedelta(number + 1)
        path = self._folder / f"{LIVE_LOG}-{rotated:%Y%m%d}"
        if not self._options.compress:
            path.write_bytes(content)
            return
        with (
            path.with_name(f"{path.name}.gz").open("wb") as raw,
            # No name and no time in the header: the same content gives the same bytes.
            gzip.GzipFile("", "wb", _GZIP_LEVEL, raw, mtime=0) as file,
        ):
            file.write(content)


def _describe(options: SampleOptions, logs: Sequence[_HostLog], dirt: Dirt) -> dict[str, Any]:
    """What sample.json tells: how the sample was made and what is in it."""
    end = options.start + timedelta(options.days)
    return {
        "format": _FORMAT,
        "options": asdict(options) | {"start": options.start.isoformat()},
        "interval": [options.start.isoformat(), end.isoformat()],
        "files": sum(log.files for log in logs),
        "bytes": sum(log.bytes for log in logs),
        "lines": sum(log.lines for log in logs),
        "dirty_lines": dict(sorted(dirt.kinds.items())),
        "networks": {network: each.code for each in COUNTRIES for network in each.networks},
    }
