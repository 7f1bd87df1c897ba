"""Whether what comes in beside the logs can be had: a question to each source, and nothing kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from insights_pipeline.inputs.declared import INPUTS, Source
from insights_pipeline.inputs.fetching import BLOCKS, COURSE_RUNS, COURSES, PROGRAMS, WHOLE_COURSE
from insights_pipeline.inputs.services import page_of
from insights_pipeline.inputs.sources import SourceError

if TYPE_CHECKING:
    from insights_pipeline.inputs.database import LmsDatabase
    from insights_pipeline.inputs.services import Service


def try_lms(lms: Service) -> str:
    """Ask for the course list and for the blocks of one course; returns what was found.

    Raises:
        SourceError: one of them cannot be had; says why.
    """
    with lms.open() as conversation:
        courses = conversation.ask(COURSES, {"page_size": 1})
        found = page_of(courses, f"{lms.root}{COURSES}")["results"]
        if not found:
            raise SourceError(
                f"{lms.root} lists no courses: see that our client's user in the LMS is staff"
            )
        course = found[0].get("course_id") or found[0].get("id")
        conversation.ask(BLOCKS, {"course_id": course, **WHOLE_COURSE})
    return f"{_count(courses)} courses; blocks of {course} can be read"


def try_discovery(discovery: Service) -> str:
    """Ask for course runs and programs, as `try_lms` does."""
    with discovery.open() as conversation:
        told = []
        for path, what in ((COURSE_RUNS, "course runs"), (PROGRAMS, "programs")):
            answer = conversation.ask(path, {"limit": 1})
            page_of(answer, f"{discovery.root}{path}")
            told.append(f"{_count(answer)} {what}")
    return ", ".join(told)


def try_database(database: LmsDatabase) -> str:
    """Look for all tables with the columns that are needed; returns what was found.

    Raises:
        SourceError: it cannot be reached, or what most sites have cannot be read.
    """
    readable, faults = [], []
    with database.snapshot() as snapshot:
        for each in INPUTS:
            if each.source is not Source.LMS:
                continue
            try:
                snapshot.columns(each.table)
            except SourceError as error:
                if not each.few_have_it:
                    faults.append(str(error))
            else:
                readable.append(each.name)
    if faults:
        more = f" (and {len(faults) - 1} more)" if faults[1:] else ""
        raise SourceError(f"{faults[0]}{more}")
    return f"{len(readable)} tables can be read"


def _count(answer: dict[str, Any]) -> object:
    """How many there are, as the LMS says it, and as course discovery does."""
    pagination = answer.get("pagination")
    return (pagination if isinstance(pagination, dict) else answer).get("count", "some")
