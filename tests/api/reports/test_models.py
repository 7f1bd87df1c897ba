"""The tables are those of the contract with upstream, as SQLite itself describes them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# One line a column: name, type, NULL where it may be. "u" marks the columns of the unique key.
TABLES = {
    "course_enrollment_daily": """
        course_id         varchar(255)  u
        date              date          u
        count             integer
        cumulative_count  integer
    """,
    "course_enrollment_mode_daily": """
        course_id         varchar(255)  u
        date              date          u
        mode              varchar(255)  u
        count             integer
        cumulative_count  integer
    """,
    "course_enrollment_gender_daily": """
        course_id         varchar(255)  u
        date              date          u
        gender            varchar(255)  u  NULL
        count             integer
        cumulative_count  integer
    """,
    "course_enrollment_birth_year_daily": """
        course_id         varchar(255)  u
        date              date          u
        birth_year        integer       u  NULL
        count             integer
        cumulative_count  integer
    """,
    "course_enrollment_education_level_daily": """
        course_id         varchar(255)  u
        date              date          u
        education_level   varchar(255)  u  NULL
        count             integer
        cumulative_count  integer
    """,
    "course_meta_summary_enrollment": """
        course_id             varchar(255)  u
        enrollment_mode       varchar(255)  u
        catalog_course_title  varchar(255)  NULL
        catalog_course        varchar(255)  NULL
        start_time            datetime      NULL
        end_time              datetime      NULL
        pacing_type           varchar(255)  NULL
        availability          varchar(255)  NULL
        count                 integer
        cumulative_count      integer
        count_change_7_days   integer
        passing_users         integer
    """,
    "course_activity": """
        course_id       varchar(255)
        interval_start  datetime
        interval_end    datetime
        label           varchar(255)
        count           integer
    """,
    "video": """
        pipeline_video_id     varchar(255)
        course_id             varchar(255)
        encoded_module_id     varchar(255)
        duration              integer
        segment_length        integer
        users_at_start        integer
        users_at_end          integer
        total_viewed_seconds  integer
    """,
    "video_timeline": """
        pipeline_video_id  varchar(255)
        segment            integer
        num_users          integer
        num_views          integer
    """,
    "course_enrollment_location_current": """
        course_id         varchar(255)  u
        date              date          u
        country_code      varchar(255)  u  NULL
        count             integer
        cumulative_count  integer
    """,
    "course_program_metadata": """
        course_id      varchar(255)  u
        program_id     varchar(255)  u
        program_type   varchar(255)  NULL
        program_title  varchar(255)  NULL
    """,
    "course_structure": """
        course_id        varchar(255)  u
        block_id         varchar(255)  u
        block_type       varchar(255)
        display_name     varchar(255)
        parent_id        varchar(255)  NULL
        section_id       varchar(255)  NULL
        subsection_id    varchar(255)  NULL
        unit_id          varchar(255)  NULL
        position         integer       NULL
        graded           bool
        assignment_type  varchar(255)  NULL
    """,
    "answer_distribution": """
        course_id             varchar(255)
        module_id             varchar(255)
        part_id               varchar(255)
        correct               bool          NULL
        first_response_count  integer
        last_response_count   integer
        value_id              varchar(255)  NULL
        answer_value_text     text
        variant               integer       NULL
        problem_display_name  text
        question_text         text
    """,
    "tags_distribution": """
        course_id            varchar(255)
        org_id               varchar(255)
        module_id            varchar(255)
        tag_name             varchar(255)
        tag_value            varchar(255)
        total_submissions    integer
        correct_submissions  integer
    """,
    "grade_distribution": """
        course_id  varchar(255)
        module_id  varchar(255)
        grade      real
        max_grade  real  NULL
        count      integer
    """,
    "sequential_open_distribution": """
        course_id  varchar(255)
        module_id  varchar(255)
        count      integer
    """,
    "module_engagement": """
        course_id    varchar(255)
        username     varchar(255)
        date         date
        entity_type  varchar(255)
        entity_id    varchar(255)
        event        varchar(255)
        count        integer
    """,
    "module_engagement_metric_ranges": """
        course_id   varchar(255)
        start_date  date
        end_date    date
        metric      varchar(255)
        range_type  varchar(255)
        high_value  real  NULL
        low_value   real  NULL
    """,
    "enterprise_learner": """
        enterprise_customer_id  varchar(255)  u
        username                varchar(255)  u
    """,
    "learner_roster": """
        course_id                       varchar(255)  u
        username                        varchar(255)  u
        user_id                         bigint
        name                            text  NULL
        email                           text  NULL
        location                        text  NULL
        language                        text  NULL
        year_of_birth                   integer  NULL
        gender                          text  NULL
        level_of_education              text  NULL
        mailing_address                 text  NULL
        city                            text  NULL
        country                         text  NULL
        goals                           text  NULL
        cohort                          varchar(255)  NULL
        enrollment_mode                 varchar(255)  NULL
        enrollment_date                 date  NULL
        start_date                      date
        end_date                        date
        problem_attempts                integer
        problems_attempted              integer
        problems_completed              integer
        problem_attempts_per_completed  real  NULL
        attempt_ratio_order             integer
        videos_viewed                   integer
        discussion_contributions        integer
        segments                        varchar(255)  NULL
    """,
    **dict.fromkeys(
        ("student_engagement_daily", "student_engagement_weekly"),
        """
        end_date                  date          u
        course_id                 varchar(255)  u
        username                  varchar(255)  u
        days_active               integer
        problems_attempted        integer
        problem_attempts          integer
        problems_correct          integer
        videos_played             integer
        forum_posts               integer
        forum_responses           integer
        forum_comments            integer
        forum_upvotes_given       integer
        forum_downvotes_given     integer
        forum_upvotes_received    integer
        forum_downvotes_received  integer
        textbook_pages_viewed     integer
        last_subsection_viewed    text
        """,
    ),
    "pipeline_run": """
        run_id             varchar(64)  u
        sequence           bigint
        warehouse_id       varchar(255)
        status             varchar(255)
        error              text  NULL
        started            datetime
        ended              datetime
        interval_start     date  NULL
        interval_end       date  NULL
        newest_event       date  NULL
        engine             varchar(255)
        version            varchar(255)
        files              integer
        bytes              bigint
        lines              bigint
        events             bigint
        rejected           bigint
        late_events        bigint
        rejects_by_reason  text
        rows_by_table      text
        seconds_by_step    text
        notes              text
    """,
}
IN_EVERY_TABLE = """
        id       integer
        created  datetime
"""


def columns(declaration: str) -> dict[str, tuple[str, bool]]:
    """Each column's type, and whether it may be NULL."""
    lines = (line.split() for line in declaration.splitlines() if line.strip())
    return {name: (kind, "NULL" in marks) for name, kind, *marks in lines}


def unique_key(declaration: str) -> set[str]:
    """The columns that are marked "u"."""
    return {line.split()[0] for line in declaration.splitlines() if "u" in line.split()}


# What the Data API asks for, each with the index that must answer it.
QUERIES = {
    "SELECT max(date) FROM course_enrollment_daily WHERE course_id = ?": (
        "course_enrollment_daily",
        "course_id=?",
    ),
    "SELECT * FROM course_enrollment_mode_daily WHERE course_id = ? AND date >= ? AND date < ?": (
        "course_enrollment_mode_daily",
        "course_id=? AND date>? AND date<?",
    ),
    "SELECT * FROM course_meta_summary_enrollment WHERE course_id = ?": (
        "course_meta_summary_enrollment",
        "course_id=?",
    ),
    "SELECT * FROM course_activity WHERE course_id = ? AND label = ? ORDER BY interval_end DESC": (
        "course_activity_label_week",
        "course_id=? AND label=?",
    ),
    "SELECT * FROM video WHERE course_id = ?": ("video_course", "course_id=?"),
    "SELECT * FROM video WHERE pipeline_video_id = ?": ("video_id", "pipeline_video_id=?"),
    "SELECT * FROM video_timeline WHERE pipeline_video_id = ? ORDER BY segment": (
        "video_timeline_segment",
        "pipeline_video_id=?",
    ),
}


@pytest.fixture
def connection(reports: Path) -> Iterator[sqlite3.Connection]:
    """The database as a reader sees it."""
    with closing(sqlite3.connect(f"file:{reports}?mode=ro", uri=True)) as connection:
        yield connection


def test_database_has_these_tables_and_no_others(connection: sqlite3.Connection) -> None:
    tables = {
        name
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    }

    assert tables - {"django_migrations", "sqlite_sequence"} == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_table_has_the_columns_of_the_contract(table: str, connection: sqlite3.Connection) -> None:
    found = {
        name: (kind, bool(nullable))
        for name, kind, nullable in connection.execute(
            'SELECT name, lower(type), NOT "notnull" FROM pragma_table_info(?)', [table]
        )
    }

    assert found == columns(IN_EVERY_TABLE + TABLES[table])


@pytest.mark.parametrize("table", TABLES)
def test_table_has_the_unique_key_of_the_contract(
    table: str, connection: sqlite3.Connection
) -> None:
    keys = [
        {column for (column,) in connection.execute("SELECT name FROM pragma_index_info(?)", [key])}
        for (key,) in connection.execute(
            'SELECT name FROM pragma_index_list(?) WHERE "unique"', [table]
        )
    ]

    key = unique_key(TABLES[table])
    assert keys == ([key] if key else [])


@pytest.mark.parametrize("query", QUERIES)
def test_query_of_the_api_is_answered_from_an_index(
    query: str, connection: sqlite3.Connection
) -> None:
    index, terms = QUERIES[query]

    plan = connection.execute(f"EXPLAIN QUERY PLAN {query}", ["?"] * query.count("?")).fetchall()

    [(*_, step)] = plan  # one step: nothing is sorted besides
    assert step.startswith("SEARCH")
    assert index in step
    assert step.endswith(f"({terms})")
