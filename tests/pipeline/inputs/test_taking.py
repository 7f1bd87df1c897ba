"""All inputs together: where they come from, and what is said of those that lack or are old."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

import lms_services
from checkout import ROOT
from insights_pipeline import inputs, schema
from insights_pipeline.errors import BadInput
from insights_pipeline.inputs import Inputs
from insights_pipeline.inputs.declared import INPUTS, Source, reports_on
from insights_pipeline.metrics import METRICS
from insights_pipeline.warehouse import open_warehouse
from lms_services import COURSE_RUNS, TOKEN, course

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from taking import Site

PROFILE = ("user_id", "gender", "year_of_birth", "level_of_education")


def test_every_input_is_declared_once() -> None:
    """But for the visitors' name, which is a setting."""
    declared = {table.name for table in schema.INPUTS if table is not schema.VISITOR_NAME}
    assert {each.name for each in INPUTS} == declared
    assert len({each.name for each in INPUTS}) == len(INPUTS)


def test_every_table_that_a_metric_reads_is_an_input_or_a_metrics() -> None:
    known = {"events", *(table.name for table in schema.INPUTS), *(each.name for each in METRICS)}
    assert {name for metric in METRICS for name in metric.reads} <= known


def test_which_reports_depend_on_an_input_follows_from_what_metrics_read() -> None:
    assert "course_enrollment_gender_daily" in reports_on("auth_userprofile")
    assert "course_enrollment_daily" not in reports_on("auth_userprofile")
    assert "course_meta_summary_enrollment" in reports_on("grades_persistentcoursegrade")


def test_without_inputs_each_that_a_report_needs_is_named_with_what_to_do(site: Site) -> None:
    notes = site.take(Inputs())

    needed = [each.name for each in INPUTS if reports_on(each.name) and not each.few_have_it]
    assert [note.split()[1] for note in notes[:-1]] == needed
    assert notes[-1].startswith("no database of addresses and countries")
    assert (
        "no course_catalog (titles and dates of courses), so course_meta_summary_enrollment"
        in " ".join(notes)
    )
    for note in notes[:-1]:
        assert re.match(
            r"no \w+ \(.+\), so \w+( and \w+|(, \w+)+ and \w+)? (is empty or lacks|are empty or"
            r" lack) it: (put|give) .*, or set \w+$",
            note,
        )


def test_what_was_given_once_is_kept_with_its_date(site: Site) -> None:
    site.write("auth_userprofile", PROFILE, (1, "f", 1990, "b"))
    site.take()
    with open_warehouse(site.data, 2**28, 1) as warehouse:
        warehouse.connection.execute("UPDATE ledger.input SET seen = DATE '2026-01-05'")

    notes = site.take(Inputs())

    assert site.table(schema.AUTH_USERPROFILE, "user_id") == [(1,)]
    (note,) = [note for note in notes if note.startswith("auth_userprofile ")]
    assert re.fullmatch(
        r"auth_userprofile as of 2026-01-05, which course_enrollment_gender_daily, .* rest on: it"
        r" was not given",
        note,
    )

    assert not [note for note in site.take() if note.startswith("auth_userprofile ")]
    with open_warehouse(site.data, 2**28, 1) as warehouse:
        rows = warehouse.connection.execute("SELECT name, seen FROM ledger.input").fetchall()
    assert rows == [("auth_userprofile", datetime.now(UTC).date())]


def test_a_table_is_read_again_once_it_changed(site: Site) -> None:
    path = site.write("auth_userprofile", PROFILE, (1, "f", 1990, "b"))
    site.take()
    with open_warehouse(site.data, 2**28, 1) as warehouse:
        warehouse.connection.execute("UPDATE auth_userprofile SET gender = 'unchanged'")

    site.take()
    assert site.table(schema.AUTH_USERPROFILE, "gender") == [("unchanged",)]

    path.write_text(path.read_text().replace(",f,", ",m,") + "\n")
    site.take()
    assert site.table(schema.AUTH_USERPROFILE, "gender") == [("m",)]


def test_nothing_of_a_run_that_was_killed_stays_beside_the_warehouse(site: Site) -> None:
    site.write("auth_userprofile", PROFILE, (1, "f", 1990, "b"))
    site.take()
    (site.data / "inputs" / "auth_userprofile.parquet").write_bytes(b"learners")

    site.take()

    assert site.rest() == []


def test_names_that_lead_nowhere(tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere"
    for source in Source:
        with pytest.raises(BadInput) as raised:
            inputs.check(replace(Inputs(), **{source.field: nowhere}))
        assert str(raised.value).endswith(f" at {nowhere}: name it with {source.option}")
    with pytest.raises(BadInput, match=r"no course list at .*: name it with --course-list"):
        inputs.check(Inputs(course_list=tmp_path))


# By REST services.


@pytest.fixture
def services() -> Iterator[lms_services.Site]:
    """The LMS and course discovery of a site with five courses."""
    with lms_services.serving() as services:
        lms_services.fill(services)
        yield services


def given(services: lms_services.Site) -> Inputs:
    service = services.service()
    return Inputs(lms_service=service, discovery=service)


def test_services_stand_in_for_files(site: Site, services: lms_services.Site) -> None:
    site.take(given(services))

    assert site.table(schema.COURSE_CATALOG, "course_id") == [(course(n),) for n in range(5)]


def test_a_service_that_is_away_leaves_what_it_told_before(
    site: Site, services: lms_services.Site
) -> None:
    site.take(given(services))
    services.course_runs.pop()
    services.ail(COURSE_RUNS, 500, for_ever=True)

    notes = site.take(given(services))

    assert len(site.table(schema.COURSE_CATALOG)) == 5
    (note,) = [note for note in notes if note.startswith("course_catalog ")]
    assert f" as of {datetime.now(UTC).date()}, which course_meta_summary_enrollment " in note
    assert note.endswith(f" on: {services.url}{COURSE_RUNS} answers 500")

    services.recover()
    assert not [note for note in site.take(given(services)) if "course_catalog" in note]
    assert len(site.table(schema.COURSE_CATALOG)) == 4


def test_a_service_that_never_answered(site: Site, services: lms_services.Site) -> None:
    services.ail(TOKEN, 401, for_ever=True)

    notes = site.take(given(services))

    (note,) = [note for note in notes if note.startswith("no course_catalog ")]
    assert note.endswith("see LMS_OAUTH2_CLIENT_ID and LMS_OAUTH2_CLIENT_SECRET")


def test_a_file_that_is_named_goes_before_a_service(
    site: Site, services: lms_services.Site
) -> None:
    path = site.folder / "course_runs.jsonl"
    path.write_text('{"key": "course-v1:Of+The+File"}\n')

    site.take(replace(given(services), catalog=path))

    assert site.table(schema.COURSE_CATALOG, "course_id") == [("course-v1:Of+The+File",)]
    assert COURSE_RUNS not in services.asked


# The page about them.


def test_the_page_names_all_columns_and_options() -> None:
    page = (ROOT / "docs/inputs.md").read_text()
    for table in schema.LMS:
        needed = ", ".join(column.name for column in table.columns if not column.optional)
        optional = ", ".join(column.name for column in table.columns if column.optional)
        assert f"| `{table.name}` | {needed} | {optional}".rstrip() in page
        assert f" ON openedx.{table.name} TO " in page
    for source in Source:
        assert f"| `{source.option} " in page
