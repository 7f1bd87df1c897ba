"""What a run takes in beside the logs: the LMS's tables, and what its services tell of courses.

Each input is read whole, and only when it changed. It comes from files, or from the LMS's database
and REST services; from whichever, its rows go through the same casts into the same table. No input
fails a run: one that is not given, or whose source is down or damaged, leaves what an earlier run
took in, and the run says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from insights_pipeline.errors import BadInput
from insights_pipeline.inputs import geo
from insights_pipeline.inputs.declared import Source
from insights_pipeline.inputs.taking import Taking

if TYPE_CHECKING:
    from pathlib import Path

    from insights_pipeline.inputs.database import LmsDatabase
    from insights_pipeline.inputs.services import Service
    from insights_pipeline.warehouse import Warehouse


@dataclass(frozen=True)
class Inputs:
    """Where the inputs beside the logs are. A file that is named goes before a service.

    Attributes:
        lms: folder of CSV files, one an LMS table, named after it, with a header and \\N for null.
        catalog: course runs as the course discovery service gives them, one JSON object a line.
        programs: its programs, likewise.
        course_list: courses as the LMS's course list gives them, likewise.
        course_blocks: as the LMS's course blocks service answers, one JSON object a line a course.
        geo: countries of addresses, in MaxMind's format.
        database: the LMS's, in place of `lms`.
        lms_service: in place of `course_list` and `course_blocks`.
        discovery: in place of `catalog` and `programs`.
    """

    lms: Path | None = None
    catalog: Path | None = None
    programs: Path | None = None
    course_list: Path | None = None
    course_blocks: Path | None = None
    geo: Path | None = None
    database: LmsDatabase | None = None
    lms_service: Service | None = None
    discovery: Service | None = None

    def named(self, source: Source) -> Path | None:
        """The file or folder that was named for a source."""
        path: Path | None = getattr(self, source.field)
        return path


def check(inputs: Inputs) -> None:
    """Make sure that what was named is there.

    Raises:
        BadInput: it is not.
    """
    for source in Source:
        path = inputs.named(source)
        if path and not (path.is_dir() if source is Source.LMS else path.is_file()):
            raise BadInput(f"no {source.holds} at {path}: name it with {source.option}")


def take_in(warehouse: Warehouse, inputs: Inputs, countries: geo.Geo) -> list[str]:
    """Read what changed into the warehouse; returns notes on what lacks, is old, or was odd.

    Args:
        warehouse: inside a run.
        inputs: where they are.
        countries: the database that `inputs` names, open.
    """
    taking = Taking(warehouse, inputs)
    taking.run()
    return [*taking.notes(), *geo.take_in(warehouse, countries)]
