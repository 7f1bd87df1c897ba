"""The LMS's tables as CSV files, well made and badly made."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from insights_pipeline import schema

if TYPE_CHECKING:
    from taking import Site

PROFILE = ("user_id", "gender", "year_of_birth", "level_of_education")
GRADE = ("module_type", "module_id", "student_id", "course_id", "grade", "max_grade")


def test_a_table_is_read_by_its_header(site: Site) -> None:
    site.write(
        "grades_persistentcoursegrade",
        ("id", "modified", "letter_grade", "user_id", "passed_timestamp", "course_id", "created"),
        (9, "2026-01-06 10:00:00.5", "Pass", 2, "2026-01-05 10:00:00", "course-v1:O+C+R", ""),
        (8, "2026-01-06 10:00:00", "", 1, None, "course-v1:O+C+R", ""),
    )

    site.take()

    assert site.table(schema.GRADES_PERSISTENTCOURSEGRADE) == [
        (1, "course-v1:O+C+R", "", None, datetime(2026, 1, 6, 10)),
        (
            2,
            "course-v1:O+C+R",
            "Pass",
            datetime(2026, 1, 5, 10),
            datetime(2026, 1, 6, 10, 0, 0, 500000),
        ),
    ]
    assert site.rest() == []


def test_what_an_older_lms_lacks_is_unknown(site: Site) -> None:
    site.write("auth_userprofile", PROFILE, (1, "f", 1990, "b"))

    site.take()

    assert site.table(schema.AUTH_USERPROFILE) == [(1, "f", 1990, "b", *[None] * 7)]


def test_texts_may_hold_anything(site: Site) -> None:
    goals = 'Ω 目标\r\n"and so on", ' + "x" * 20_000
    site.write(
        "auth_userprofile", (*PROFILE, "name", "goals"), (1, "f", 1990, "b", "Zoë\nZ", goals)
    )

    site.take()

    assert site.table(schema.AUTH_USERPROFILE, "name", "goals") == [("Zoë\nZ", goals)]


def test_as_a_spreadsheet_saves_it(site: Site) -> None:
    path = site.write("auth_userprofile", PROFILE, (1, "f", 1990, "b"))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))

    site.take()

    assert site.table(schema.AUTH_USERPROFILE, *PROFILE) == [(1, "f", 1990, "b")]


@pytest.mark.parametrize("user_id", ["1", "01", " 1"])
def test_of_two_rows_about_a_learner_the_last_one_holds(site: Site, user_id: str) -> None:
    others = [(learner, "m", 1980, "a") for learner in range(2, 3000)]
    site.write("auth_userprofile", PROFILE, (1, "f", 1990, "b"), *others, (user_id, "o", 1991, "m"))

    notes = site.take()

    assert site.table(schema.AUTH_USERPROFILE, *PROFILE) == [(1, "o", 1991, "m"), *others]
    assert "auth_userprofile: 1 row left out for a later user_id" in notes


def test_a_row_without_a_key_is_left_out(site: Site) -> None:
    rows = [(None, "f", 1990, "b"), ("x", "f", 1990, "b"), (2, "f", 1990, "b")]
    site.write("auth_userprofile", PROFILE, *rows)

    notes = site.take()

    assert site.table(schema.AUTH_USERPROFILE, "user_id") == [(2,)]
    assert "auth_userprofile: 2 rows without user_id left out" in notes


def test_a_value_that_is_none_of_its_type_is_unknown_and_told(site: Site) -> None:
    site.write(
        "auth_userprofile", PROFILE, (1, "f", "MCMXC", "b"), (2, "", "", ""), (3, "", None, "")
    )

    notes = site.take()

    assert site.table(schema.AUTH_USERPROFILE, "year_of_birth") == [(None,)] * 3
    assert (
        "auth_userprofile.year_of_birth: 1 value not a whole number, taken for unknown"
    ) in notes


@pytest.mark.parametrize(
    ("grade", "kept"),
    [("-1.5", -1.5), ("1e300", 1e300), ("0", 0.0), (None, None), ("", None), ("seven", None)],
)
def test_grades_are_taken_as_given(site: Site, grade: str | None, kept: float | None) -> None:
    site.write("courseware_studentmodule", GRADE, ("problem", "p", 1, "c", grade, "2"))

    site.take()

    assert site.table(schema.COURSEWARE_STUDENTMODULE, "grade", "max_grade") == [(kept, 2.0)]


def test_rows_with_too_few_or_too_many_values_are_left_out(site: Site) -> None:
    path = site.write("auth_userprofile", PROFILE, (1, "f", 1990, "b"), (2, "m"), (3, *"abcde"))

    notes = site.take()

    assert site.table(schema.AUTH_USERPROFILE, "user_id") == [(1,)]
    assert f"{path}: 2 rows with too few or too many values left out" in notes


def test_bytes_that_are_not_utf_8_are_replaced(site: Site) -> None:
    path = site.write(
        "auth_userprofile", (*PROFILE, "name"), (1, "f", 1990, "b", "Zo~"), (2, *"f1bZ")
    )
    path.write_bytes(path.read_bytes().replace(b"~", b"\xeb"))

    notes = site.take()

    assert site.table(schema.AUTH_USERPROFILE, "name") == [("Zo\ufffd",), ("Z",)][::-1]
    assert f"{path}: 1 value not UTF-8" in notes


@pytest.mark.parametrize(
    ("content", "lacking"),
    [
        ("", "user_id, gender, year_of_birth, level_of_education"),
        ("user_id,gender,year_of_birth\n1,f,1990\n", "level_of_education"),
        ("user_id;gender;year_of_birth;level_of_education\n", ", ".join(PROFILE)),
        ("\x00\x01\x02", ", ".join(PROFILE)),
    ],
    ids=["empty", "column missing", "semicolons", "binary"],
)
def test_a_file_that_is_another_table_leaves_what_was_there(
    site: Site, content: str, lacking: str
) -> None:
    path = site.write("auth_userprofile", PROFILE, (1, "f", 1990, "b"))
    site.take()
    path.write_text(content)

    notes = site.take()

    assert site.table(schema.AUTH_USERPROFILE, "user_id") == [(1,)]
    (note,) = [note for note in notes if note.startswith("auth_userprofile as of 20")]
    assert note.endswith(
        f": {path}, line 1: no column {lacking}: export the LMS's table auth_userprofile with its"
        " header"
    )
    assert site.rest() == []


def test_what_was_odd_is_told_for_as_long_as_it_is_used(site: Site) -> None:
    path = site.write("auth_userprofile", PROFILE, (1, "f", 1990, "b"), (1, "f", 1990, "b"))
    odd = "auth_userprofile: 1 row left out for a later user_id"
    assert odd in site.take()

    assert odd in site.take()
    path.unlink()
    assert odd in site.take()

    site.write("auth_userprofile", PROFILE, (1, "f", 1990, "b"))
    assert odd not in site.take()


def test_a_larger_file_is_read_in_parts(site: Site) -> None:
    name = "x" * 10_000
    rows = [(learner, "f", 1990, "b", name) for learner in range(4_000)]
    site.write("auth_userprofile", (*PROFILE, "name"), *rows)

    site.take()

    assert len(site.table(schema.AUTH_USERPROFILE, "user_id")) == 4_000
