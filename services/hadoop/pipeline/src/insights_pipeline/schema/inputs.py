"""What comes in beside the logs: the LMS's tables and the course catalog.

A table of the LMS has its name and the columns of it that metrics need.
"""

from __future__ import annotations

from insights_pipeline.schema.columns import (
    COURSE,
    USER,
    USERNAME,
    Column,
    Table,
    Type,
    bigint,
    boolean,
    double,
    integer,
    text,
    timestamp,
)


def _profile_text(name: str, meaning: str) -> Column:
    return Column(name, Type.TEXT, meaning, nullable=True, long=True, optional=True)


AUTH_USER = Table(
    "auth_user",
    "The LMS's accounts.",
    (
        bigint("id", "the LMS's number of the learner"),
        USERNAME,
        text("email", "e-mail address; null or empty: none", nullable=True),
    ),
    key=("id",),
    personal=True,
)

AUTH_USERPROFILE = Table(
    "auth_userprofile",
    "What the LMS knows of its learners.",
    (
        USER,
        text("gender", "as the learner gave it; null or empty: not given", nullable=True),
        integer("year_of_birth", "null: not given", nullable=True),
        text("level_of_education", "the LMS's code; null or empty: not given", nullable=True),
        _profile_text("name", "full name"),
        _profile_text("location", "where the learner is, in own words"),
        _profile_text("language", "language, in own words"),
        _profile_text("mailing_address", "postal address"),
        _profile_text("city", "city"),
        _profile_text("country", "code of a country"),
        _profile_text("goals", "why the learner is here, in own words"),
    ),
    key=("user_id",),
    personal=True,
)

STUDENT_COURSEENROLLMENT = Table(
    "student_courseenrollment",
    "Who is, or was, enrolled by the LMS's own account.",
    (
        USER,
        COURSE,
        timestamp("created", "when the learner first enrolled", nullable=True),
        boolean("is_active", "whether the learner is enrolled"),
        text("mode", "enrollment mode", nullable=True),
    ),
    key=("course_id", "user_id"),
)

COURSE_GROUPS_COURSEUSERGROUP = Table(
    "course_groups_courseusergroup",
    "The LMS's groups of learners, cohorts among them.",
    (
        bigint("id", "the LMS's number of the group"),
        text("name", "the group's name"),
        COURSE,
        text("group_type", "cohort for cohorts"),
    ),
    key=("id",),
)

COURSE_GROUPS_COURSEUSERGROUP_USERS = Table(
    "course_groups_courseusergroup_users",
    "Who is in which of the LMS's groups.",
    (
        bigint("courseusergroup_id", "the group"),
        USER,
    ),
    key=("courseusergroup_id", "user_id"),
    personal=True,
)

COURSEWARE_STUDENTMODULE = Table(
    "courseware_studentmodule",
    "What the LMS keeps of a learner and a block of a course.",
    (
        text("module_type", "the block's type, such as problem or sequential"),
        text("module_id", "the block's usage key"),
        bigint("student_id", "the LMS's number of the learner"),
        COURSE,
        double("grade", "points; null: not graded", nullable=True),
        double("max_grade", "points that can be had; null: not graded", nullable=True),
    ),
    key=("course_id", "module_id", "student_id"),
)

GRADES_PERSISTENTCOURSEGRADE = Table(
    "grades_persistentcoursegrade",
    "The LMS's course grades.",
    (
        USER,
        COURSE,
        text("letter_grade", "empty while the learner does not pass", nullable=True),
        timestamp(
            "passed_timestamp", "when the learner first passed; null: not yet", nullable=True
        ),
        timestamp("modified", "when the grade last changed", nullable=True),
    ),
    key=("course_id", "user_id"),
)

ENTERPRISE_CUSTOMER_USER = Table(
    "enterprise_enterprisecustomeruser",
    "Which learners belong to which enterprise customer.",
    (
        text("enterprise_customer_id", "the customer's UUID, with or without hyphens"),
        USER,
        boolean("linked", "whether the learner still belongs to it; null: yes", optional=True),
    ),
    key=("enterprise_customer_id", "user_id"),
    personal=True,
)

COURSE_CATALOG = Table(
    "course_catalog",
    "Course runs as the course discovery service describes them.",
    (
        COURSE,
        text("catalog_course_title", "title", nullable=True),
        text("catalog_course", "key of the course that this is a run of", nullable=True),
        timestamp("start_time", "UTC", nullable=True),
        timestamp("end_time", "UTC", nullable=True),
        text("pacing_type", "instructor_paced or self_paced", nullable=True),
        text("availability", "Archived, Current, Starting Soon or Upcoming", nullable=True),
    ),
    key=("course_id",),
)

VISITOR_NAME = Table(
    "visitor_name",
    "The name under which visitors' engagement counts; without a row it does not.",
    (text("username", "no learner's name"),),
    key=("username",),
)

_PROGRAM = (
    COURSE,
    text("program_id", "the discovery service's id of the program"),
    text("program_type", "such as MicroMasters", nullable=True),
    text("program_title", "title", nullable=True),
)

CATALOG_PROGRAM = Table(
    "catalog_program",
    "The programs that the course discovery service names with each course run.",
    _PROGRAM,
    key=("course_id", "program_id"),
)

PROGRAM_RUN = Table(
    "program_run",
    "The course runs that the course discovery service names with each program.",
    _PROGRAM,
    key=("course_id", "program_id"),
)

LMS = (
    AUTH_USER,
    AUTH_USERPROFILE,
    STUDENT_COURSEENROLLMENT,
    COURSE_GROUPS_COURSEUSERGROUP,
    COURSE_GROUPS_COURSEUSERGROUP_USERS,
    COURSEWARE_STUDENTMODULE,
    GRADES_PERSISTENTCOURSEGRADE,
    ENTERPRISE_CUSTOMER_USER,
)
"""The LMS's tables, as files or from its database."""

COURSE_LIST = Table(
    "course_list",
    "Course runs as the LMS's course list service describes them.",
    (
        COURSE,
        text("name", "title"),
        text("org", "the organisation that runs the course"),
        text("number", "number of the course that this is a run of"),
        text("blocks_url", "where the LMS serves the course's blocks", long=True),
        text("short_description", "what it is about", nullable=True),
        timestamp("enrollment_start", "from when on learners may enroll", nullable=True),
        timestamp("enrollment_end", "until when learners may enroll", nullable=True),
        timestamp("start_date", "when it begins", nullable=True),
        timestamp("end_date", "when it ends", nullable=True),
        text("start_display", "when it begins, in words", nullable=True),
        text("start_type", "what start_display is: string, timestamp or empty", nullable=True),
        text("effort", "how much effort it takes, in words", nullable=True),
        text("pacing", "instructor or self", nullable=True),
    ),
    key=("course_id",),
)

BETWEEN_TITLES = " / "
"""In the path of a block."""
DELETED = "(Deleted block :)"
"""The path of a block that its course does not lead to."""


def _place(name: str, meaning: str) -> Column:
    return text(name, meaning, nullable=True, long=True)


COURSE_BLOCKS = Table(
    "course_blocks",
    "The blocks that each course is made of, and where in it they are.",
    (
        text("block_id", "the block's usage key", long=True),
        COURSE,
        text("block_type", "such as chapter, sequential, vertical or problem"),
        text("display_name", "title"),
        boolean("is_root", "whether it is the course itself"),
        boolean("is_orphan", "whether no way leads to it from the course: it was deleted"),
        boolean("is_dag", "whether it is in several places; the first one counts"),
        text("parent_block_id", "usage key of the block that it is in", nullable=True, long=True),
        text("course_path", "titles of the blocks that it is in, the course's first", long=True),
        bigint("sort_idx", "its place in the course, read from top to bottom; 0 is the course"),
        _place("section_id", "usage key of the section (chapter) that it is, or is in"),
        _place("subsection_id", "usage key of the subsection (sequential) that it is, or is in"),
        _place("unit_id", "usage key of the unit (vertical) that it is, or is in"),
        boolean("graded", "whether it counts towards the grade", nullable=True),
        text("assignment_type", "kind of assignment that it is part of", nullable=True),
    ),
    key=("course_id", "block_id"),
)

INPUTS = (
    *LMS,
    COURSE_CATALOG,
    CATALOG_PROGRAM,
    PROGRAM_RUN,
    COURSE_LIST,
    COURSE_BLOCKS,
    VISITOR_NAME,
)
"""All that metrics read beside events."""
