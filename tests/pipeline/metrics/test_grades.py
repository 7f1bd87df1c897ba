from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedded import Site, in_order
from insights_pipeline import schema
from insights_pipeline.inputs import Inputs
from reference.grades import Module, grade_tables
from reference.lms import write_csv
from worked import COURSE, WEEK, compute, event

if TYPE_CHECKING:
    from insights_pipeline.runs import RunRecord

OLD_COURSE = "edX/DemoX/Demo_Course"
PROBLEM = "block-v1:edX+DemoX+2014+type@problem+block@p1"
ONE_EVENT = b'{"time": "2014-07-21T10:00:00", "event_type": "page_close"}'

Row = tuple[Any, ...]


def module(learner: int, grade: float | None, max_grade: float | None = 1.0, **more: Any) -> Row:
    """A row of courseware_studentmodule."""
    fields = {"type": "problem", "id": PROBLEM, "course": COURSE} | more
    return fields["type"], fields["id"], learner, fields["course"], grade, max_grade


def grades(*modules: Row) -> list[Row]:
    return compute(
        schema.GRADE_DISTRIBUTION, [], inputs={schema.COURSEWARE_STUDENTMODULE: list(modules)}
    )


def test_learners_are_counted_by_their_points_and_what_can_be_had() -> None:
    assert grades(module(1, 0.0), module(2, 1.0), module(3, 1.0), module(4, 1.0, 2.0)) == [
        (COURSE, PROBLEM, 0.0, 1.0, 1),
        (COURSE, PROBLEM, 1.0, 1.0, 2),
        (COURSE, PROBLEM, 1.0, 2.0, 1),
    ]


def test_who_has_no_grade_does_not_count() -> None:
    assert grades(module(1, None), module(2, 0.5)) == [(COURSE, PROBLEM, 0.5, 1.0, 1)]


def test_what_can_be_had_may_be_unknown() -> None:
    assert grades(module(1, 2.0, None)) == [(COURSE, PROBLEM, 2.0, None, 1)]


def test_any_kind_of_block_can_be_graded() -> None:
    rows = grades(module(1, 3.0, type="openassessment"), module(2, 3.0, type="sequential"))
    assert rows == [(COURSE, PROBLEM, 3.0, 1.0, 2)]


def test_negative_and_huge_grades_count_as_they_are() -> None:
    assert grades(module(1, -1.5), module(2, 1e300)) == [
        (COURSE, PROBLEM, -1.5, 1.0, 1),
        (COURSE, PROBLEM, 1e300, 1.0, 1),
    ]


def test_zero_is_one_grade() -> None:
    assert grades(module(1, 0.0), module(2, -0.0)) == [(COURSE, PROBLEM, 0.0, 1.0, 2)]


def test_a_row_of_a_subsection_says_that_a_learner_opened_it() -> None:
    modules = [
        module(1, None, None, type="sequential", id="s1"),
        module(2, None, None, type="sequential", id="s1"),
        module(2, None, None, type="sequential", id="s1", course=OLD_COURSE),
        module(2, None, None, type="chapter", id="c1"),
    ]
    inputs = {schema.COURSEWARE_STUDENTMODULE: modules}
    assert compute(schema.SEQUENTIAL_OPEN_DISTRIBUTION, [], inputs=inputs) == [
        (COURSE, "s1", 2),
        (OLD_COURSE, "s1", 1),
    ]


# Against the reference, from files as a site may have them.

numbers = st.sampled_from(
    [
        "0",
        "1",
        "0.5",
        "1.0",
        "-0",
        "-2.5",
        "3e2",
        "1e308",
        "1e400",
        "NaN",
        "inf",
        "-inf",
        "a",
        "",
        " ",
    ]
)
modules = st.builds(
    Module,
    module_type=st.sampled_from(["problem", "sequential", "chapter", "Sequential"]),
    module_id=st.sampled_from([PROBLEM, "i4x://edX/DemoX/problem/p1", "p|é, '1'"]),
    student_id=st.sampled_from(["1", "2", "3", "4", "x", ""]),
    course_id=st.sampled_from([COURSE, OLD_COURSE]),
    grade=numbers | st.none(),
    max_grade=numbers | st.none(),
)


@settings(deadline=None, max_examples=6, suppress_health_check=list(HealthCheck), derandomize=True)
@given(st.lists(modules, max_size=40), st.lists(modules, max_size=10))
def test_as_the_reference_counts_them(now: list[Module], before: list[Module]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder))
        site.log([ONE_EVENT])
        update(site, before)
        update(site, now)
        reports = site.reports()
    for name, rows in grade_tables(now).items():
        assert reports[name] == in_order(rows), name


def update(site: Site, modules: list[Module]) -> RunRecord:
    """A run with these rows in the LMS's table."""
    lms = site.folder / f"lms-{len(list(site.folder.iterdir()))}"
    lms.mkdir()
    write_csv(lms / "courseware_studentmodule.csv", Module._fields, modules)
    return site.update(WEEK, Inputs(lms))


def test_what_is_no_grade_is_counted_and_named(tmp_path: Path) -> None:
    site = Site(tmp_path)
    site.log([ONE_EVENT])
    ungraded = Module("problem", PROBLEM, "1", COURSE, None, None)
    record = update(
        site,
        [
            ungraded._replace(grade="NaN"),
            ungraded._replace(student_id="2", grade="1e400", max_grade="much"),
            ungraded._replace(student_id="nobody"),
            ungraded._replace(student_id="3", grade="1"),
        ],
    )

    table = "courseware_studentmodule"
    assert {note for note in record.notes if note.startswith(table)} == {
        f"{table}: 1 row without course_id, module_id, student_id left out",
        f"{table}.grade: 2 values not a number, taken for unknown",
        f"{table}.max_grade: 1 value not a number, taken for unknown",
    }
    assert site.reports()["grade_distribution"] == [(COURSE, PROBLEM, 1.0, None, 1)]


@pytest.mark.parametrize("table", [schema.GRADE_DISTRIBUTION, schema.SEQUENTIAL_OPEN_DISTRIBUTION])
def test_without_the_lms_there_are_none(table: schema.Table) -> None:
    assert compute(table, [event("21 10:00", "problem_check")]) == []
