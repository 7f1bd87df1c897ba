"""Every input beside the logs, declared once: what it tells, where it comes from, who needs it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from insights_pipeline import schema
from insights_pipeline.inputs import course_blocks, course_list, course_runs, programs
from insights_pipeline.metrics import METRICS

if TYPE_CHECKING:
    from insights_pipeline.inputs.json_lines import RowsOf
    from insights_pipeline.schema import Table


class Source(Enum):
    """Where an input comes from; the value is the field of `Inputs` that names its file or folder.

    Attributes:
        holds: what it holds, for messages.
        remedy: what gives it to a run that lacks it.
    """

    LMS = (
        "lms",
        "folder of LMS tables",
        "put {table}.csv into the folder --lms (LMS_FILES), or set LMS_DB_HOST",
    )
    CATALOG = ("catalog", "course catalog", "give --catalog, or set DISCOVERY_ROOT_URL")
    PROGRAMS = ("programs", "list of programs", "give --programs, or set DISCOVERY_ROOT_URL")
    COURSE_LIST = ("course_list", "course list", "give --course-list, or set LMS_ROOT_URL")
    COURSE_BLOCKS = ("course_blocks", "course blocks", "give --course-blocks, or set LMS_ROOT_URL")
    GEO = ("geo", "database of addresses and countries", "give --geo (GEOIP_DATABASE)")

    def __init__(self, field: str, holds: str, remedy: str) -> None:
        self.field, self.holds, self.remedy = field, holds, remedy

    @property
    def option(self) -> str:
        """Of the command line."""
        return "--" + self.field.replace("_", "-")


@dataclass(frozen=True)
class Input:
    """A table that is filled from beside the logs.

    Attributes:
        table: what is filled.
        tells: what it tells, in a few words.
        source: where from.
        rows_of: the rows that a line of a file of JSON lines tells.
        kind: what such a line is, for messages.
        few_have_it: whether most sites do well without it, so that nobody is told that it lacks.
    """

    table: Table
    tells: str
    source: Source = Source.LMS
    rows_of: RowsOf | None = None
    kind: str = ""
    few_have_it: bool = False

    @property
    def name(self) -> str:
        """The table's name."""
        return self.table.name

    @property
    def remedy(self) -> str:
        """What gives it to a run that lacks it."""
        return self.source.remedy.format(table=self.name)


INPUTS: tuple[Input, ...] = (
    Input(schema.AUTH_USER, "learners' names and e-mail addresses"),
    Input(schema.AUTH_USERPROFILE, "age, education, gender and profile of learners"),
    Input(schema.STUDENT_COURSEENROLLMENT, "who is enrolled by the LMS's own account"),
    Input(schema.COURSE_GROUPS_COURSEUSERGROUP, "cohorts"),
    Input(schema.COURSE_GROUPS_COURSEUSERGROUP_USERS, "who is in which cohort"),
    Input(schema.COURSEWARE_STUDENTMODULE, "points on problems, and which sequences were opened"),
    Input(schema.GRADES_PERSISTENTCOURSEGRADE, "who has passed"),
    Input(schema.ENTERPRISE_CUSTOMER_USER, "learners of enterprise customers", few_have_it=True),
    Input(
        schema.COURSE_CATALOG,
        "titles and dates of courses",
        Source.CATALOG,
        course_runs.rows,
        "course run",
    ),
    Input(
        schema.CATALOG_PROGRAM,
        "programs of course runs",
        Source.CATALOG,
        programs.rows_of_run,
        "course run",
    ),
    Input(
        schema.PROGRAM_RUN,
        "course runs of programs",
        Source.PROGRAMS,
        programs.rows,
        "program",
    ),
    Input(
        schema.COURSE_LIST,
        "names of courses",
        Source.COURSE_LIST,
        course_list.rows,
        "course run of the LMS",
    ),
    Input(
        schema.COURSE_BLOCKS,
        "what courses are made of",
        Source.COURSE_BLOCKS,
        course_blocks.rows,
        "answer of the course blocks service",
    ),
)


def reports_on(table: str) -> tuple[str, ...]:
    """Names of the reports and files that depend on a table, in their order.

    Follows what the metrics read, through all tables between.
    """
    touched = {table}
    for metric in METRICS:  # each comes after what it reads
        if touched.intersection(metric.reads):
            touched.add(metric.name)
    return tuple(report.name for report in schema.HOME if report.name in touched)
