from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embedded import Site, in_order
from insights_pipeline import schema
from insights_pipeline.inputs import Inputs
from reference.programs import program_table
from worked import COURSE, WEEK, compute

JsonObject = dict[str, Any]

ONE_EVENT = b'{"time": "2014-07-21T10:00:00", "event_type": "page_close"}'
COURSES = [COURSE, "edX/DemoX/Demo_Course"]


def test_a_program_speaks_for_itself() -> None:
    inputs = {
        schema.CATALOG_PROGRAM: [(COURSE, "p1", "XSeries", "As named"), (COURSE, "p2", None, None)],
        schema.PROGRAM_RUN: [(COURSE, "p1", "MicroMasters", "Itself")],
    }
    assert compute(schema.COURSE_PROGRAM_METADATA, [], inputs=inputs) == [
        (COURSE, "p1", "MicroMasters", "Itself"),
        (COURSE, "p2", None, None),
    ]


def objects(**fields: Any) -> st.SearchStrategy[JsonObject]:
    """Objects with some of the fields."""
    return st.fixed_dictionaries({}, optional=fields)


described = {
    "type": st.sampled_from(["MicroMasters", "XSeries", None]),
    "title": st.sampled_from(["Data", "Déjà  vu\tand \n more", None]),
}
ids = st.sampled_from(["p1", "p2"])
programs_of_runs = st.builds(dict, objects(**described), uuid=ids)
runs = st.builds(
    dict,
    objects(
        programs=st.lists(programs_of_runs, max_size=2, unique_by=lambda program: program["uuid"])
    ),
    key=st.sampled_from(COURSES),
)
courses = st.builds(
    dict,
    objects(course_runs=st.lists(st.builds(dict, key=st.sampled_from(COURSES)), max_size=2)),
    key=st.just("edX+DemoX"),
)
programs = st.builds(
    dict,
    objects(
        status=st.sampled_from(["active", "retired", "unpublished", "deleted"]),
        courses=st.lists(courses, max_size=2),
        excluded_course_runs=st.lists(st.sampled_from(COURSES), max_size=1),
        **described,
    ),
    uuid=ids,
)


@settings(deadline=None, max_examples=6, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    st.lists(runs, max_size=2, unique_by=lambda run: run["key"]),
    st.lists(programs, max_size=2, unique_by=lambda program: program["uuid"]),
)
def test_as_the_reference_tells(catalog: list[JsonObject], programs: list[JsonObject]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder))
        site.log([ONE_EVENT])
        site.update(WEEK, inputs(site.folder, catalog, programs))
        rows = site.reports()["course_program_metadata"]
    assert rows == in_order(program_table(catalog, programs))


def inputs(folder: Path, catalog: list[JsonObject], programs: list[JsonObject]) -> Inputs:
    files = folder / "catalog.jsonl", folder / "programs.jsonl"
    for file, lines in zip(files, (catalog, programs), strict=True):
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return Inputs(catalog=files[0], programs=files[1])


@pytest.mark.parametrize("line", ["{}", '{"uuid": 7}', '{"uuid": " "}', "[]", "{", "NaN"])
def test_a_line_that_is_no_program_is_named(tmp_path: Path, line: str) -> None:
    site = Site(tmp_path)
    site.log([ONE_EVENT])
    file = tmp_path / "programs.jsonl"
    file.write_text(f'{{"uuid": "p1"}}\n\n{line}\n')

    notes = site.update(WEEK, Inputs(programs=file)).notes

    assert [note for note in notes if note.startswith(f"{file}, line 3: no program: ")]


@pytest.mark.parametrize(
    "programs", [None, 7, [7], [{}], [{"uuid": None}], {"uuid": "p1"}, [{"uuid": ""}]]
)
def test_what_a_run_names_wrongly_is_no_program(tmp_path: Path, programs: Any) -> None:
    site = Site(tmp_path)
    site.log([ONE_EVENT])

    site.update(WEEK, inputs(tmp_path, [{"key": COURSE, "programs": programs}], []))

    assert site.reports()["course_program_metadata"] == []
