"""Files of JSON lines, well made and badly made: the course catalog for all of them."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from insights_pipeline import schema
from insights_pipeline.inputs import Inputs

if TYPE_CHECKING:
    from pathlib import Path

    from taking import Site

KEY = "course-v1:Org+Course+Run"


def catalog(site: Site, *lines: str | dict[str, Any]) -> Path:
    path = site.folder / "course_runs.jsonl"
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


def test_a_course_run_is_a_row(site: Site) -> None:
    run = {
        "key": KEY,
        "title": "Zoë\n studies",
        "course": "Org+Course",
        "start": "2026-01-05T00:00:00Z",
        "end": None,
        "pacing_type": "self_paced",
        "seats": [{"type": "audit"}],
    }

    site.take(Inputs(catalog=catalog(site, run, "")))

    assert site.table(schema.COURSE_CATALOG) == [
        (KEY, "Zoë studies", "Org+Course", datetime(2026, 1, 5), None, "self_paced", None)
    ]
    assert site.rest() == []


@pytest.mark.parametrize(
    ("line", "lacks"),
    [
        ("title: Physics", "one JSON object a line is needed"),
        ("[]", "one JSON object a line is needed"),
        ("null", "one JSON object a line is needed"),
        ("[" * 99_999, "one JSON object a line is needed"),
        ('{"key": "course-v1:O', "one JSON object a line is needed"),
        ({"title": "Physics"}, "it has no key"),
        ({"key": None}, "it has no key"),
    ],
    ids=range(7),
)
def test_a_line_that_is_no_course_run_is_left_out(
    site: Site, line: str | dict[str, Any], lacks: str
) -> None:
    path = catalog(site, {"key": KEY}, "", line, line)

    notes = site.take(Inputs(catalog=path))

    assert site.table(schema.COURSE_CATALOG, "course_id") == [(KEY,)]
    assert f"{path}, line 3: no course run: {lacks}; left out, as 1 more are" in notes


def test_a_file_of_something_else_leaves_what_was_there(site: Site) -> None:
    path = catalog(site, {"key": KEY})
    site.take(Inputs(catalog=path))
    path.write_text("<html>\n<p>Sign in</p>\n")

    notes = site.take(Inputs(catalog=path))

    assert site.table(schema.COURSE_CATALOG, "course_id") == [(KEY,)]
    (note,) = [note for note in notes if note.startswith("course_catalog ")]
    assert " as of 20" in note
    assert note.endswith(f"{path}, line 1: no course run: one JSON object a line is needed")


def test_an_empty_file_lists_nothing(site: Site) -> None:
    site.take(Inputs(catalog=catalog(site, {"key": KEY})))

    site.take(Inputs(catalog=catalog(site)))

    assert site.table(schema.COURSE_CATALOG) == []


def test_odd_values_are_taken_as_far_as_they_go(site: Site) -> None:
    title = "x" * 20_000
    run = {"key": KEY, "title": title, "course": {"key": 1}, "start": 5, "end": "tomorrow"}

    notes = site.take(Inputs(catalog=catalog(site, run)))

    assert site.table(schema.COURSE_CATALOG) == [
        (KEY, "x" * 255, "{'key': 1}", None, None, None, None)
    ]
    assert "course_catalog.end_time: 1 value not a time, taken for unknown" in notes


def test_half_a_character_is_no_text(site: Site) -> None:
    path = catalog(site, f'{{"key": "{KEY}", "title": "\\ud83d!"}}')

    site.take(Inputs(catalog=path))

    assert site.table(schema.COURSE_CATALOG, "catalog_course_title") == [("?!",)]


def test_bytes_that_are_not_utf_8_are_replaced(site: Site) -> None:
    path = catalog(site, {"key": KEY, "title": "Zo~"})
    path.write_bytes(path.read_bytes().replace(b"~", b"\xeb"))

    site.take(Inputs(catalog=path))

    assert site.table(schema.COURSE_CATALOG, "catalog_course_title") == [("Zo\ufffd",)]
