from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest

from insights_pipeline.sample import SampleOptions, write_sample

if TYPE_CHECKING:
    from pathlib import Path

    from insights_pipeline.sample import Sample

Row = dict[str, str]


def table(folder: Path, name: str) -> list[Row]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def json_lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_enrollments_are_what_the_log_says_in_the_end(
    sample: Sample, events: list[dict[str, Any]]
) -> None:
    """However dirty the log is: replayed in the order of time it gives the LMS's table."""
    changes = [
        event for event in events if event["event_type"].startswith("edx.course.enrollment.")
    ]
    replayed: dict[tuple[str, str], tuple[str, str]] = {}
    for event in sorted(changes, key=lambda event: str(event["time"])):
        content = event["event"]
        key = content["course_id"].rstrip("/\n"), str(content["user_id"])
        is_active = "0" if event["event_type"].endswith("deactivated") else "1"
        replayed[key] = is_active, content["mode"]

    rows = table(sample.lms, "student_courseenrollment")

    assert replayed == {
        (row["course_id"], row["user_id"]): (row["is_active"], row["mode"]) for row in rows
    }
    assert len(rows) >= 300
    assert {row["is_active"] for row in rows} == {"0", "1"}
    assert {"audit", "honor", "verified", "professional"} <= {row["mode"] for row in rows}


def test_an_enrollment_is_created_by_its_first_event(
    sample: Sample, events: list[dict[str, Any]]
) -> None:
    first: dict[tuple[str, str], str] = {}
    for event in sorted(events, key=lambda event: str(event["time"])):
        if event["event_type"] == "edx.course.enrollment.activated":
            key = event["event"]["course_id"].rstrip("/\n"), str(event["event"]["user_id"])
            first.setdefault(key, event["time"].removesuffix("+00:00").replace("T", " "))

    for row in table(sample.lms, "student_courseenrollment"):
        assert row["created"] == first[row["course_id"], row["user_id"]]


def test_users_and_profiles_are_those_of_the_log(
    sample: Sample, events: list[dict[str, Any]]
) -> None:
    users = {row["id"]: row["username"] for row in table(sample.lms, "auth_user")}
    profiles = {row["user_id"] for row in table(sample.lms, "auth_userprofile")}
    logged = {
        str(event["context"]["user_id"]): event["username"]
        for event in events
        if event["context"].get("user_id")
    }

    assert logged.items() <= users.items()
    assert len(profiles) == 300
    assert users.keys() - profiles == {"1"}, "the shop's service account"


@pytest.mark.parametrize("column", ["gender", "level_of_education", "year_of_birth"])
def test_profiles_have_gaps(sample: Sample, column: str) -> None:
    values = [row[column] for row in table(sample.lms, "auth_userprofile")]

    assert r"\N" in values
    assert 0.1 < sum(value in {"", r"\N"} for value in values) / len(values) < 0.5
    assert column == "year_of_birth" or "" in values


def test_learners_come_from_several_countries(sample: Sample) -> None:
    countries = {row["country"] for row in table(sample.lms, "auth_userprofile")}

    assert len(countries - {"", r"\N"}) > 8


def test_the_catalog_has_every_course_run(sample: Sample) -> None:
    runs = json_lines(sample.catalog)
    keys = {row["course_id"] for row in table(sample.lms, "student_courseenrollment")}

    assert {run["key"] for run in runs} == keys
    assert all(run["start"] < run["end"] for run in runs)


def test_the_blocks_are_those_of_the_log_with_their_titles(
    sample: Sample, clean_events: list[dict[str, Any]]
) -> None:
    courses = json_lines(sample.course_blocks)
    blocks = {key: block for course in courses for key, block in course["blocks"].items()}
    logged = {
        event["event"]["problem_id"]: event["context"]["module"]["display_name"]
        for event in clean_events
        if (event["event_source"], event["event_type"]) == ("server", "problem_check")
    }

    assert {blocks[key]["type"] for key in logged} == {"problem"}
    assert logged == {key: blocks[key]["display_name"] for key in logged}
    for course in courses:
        root = course["blocks"][course["root"]]
        sections = [course["blocks"][key] for key in root["children"]]
        assert {section["type"] for section in sections} == {"chapter"}


def test_graded_modules_hold_the_last_answer_of_the_log(
    sample: Sample, clean_events: list[dict[str, Any]]
) -> None:
    """In the log without dirt, which tells the same."""
    last = {}
    for event in sorted(clean_events, key=lambda event: str(event["time"])):
        if (event["event_source"], event["event_type"]) == ("server", "problem_check"):
            content = event["event"]
            key = str(event["context"]["user_id"]), content["problem_id"]
            last[key] = str(content["grade"]), str(content["max_grade"])

    rows = table(sample.lms, "courseware_studentmodule")

    assert last == {
        (row["student_id"], row["module_id"]): (row["grade"], row["max_grade"])
        for row in rows
        if row["grade"] != r"\N"
    }
    assert {row["module_type"] for row in rows} == {"problem", "sequential"}
    assert len({(row["student_id"], row["module_id"]) for row in rows}) == len(rows)


def test_some_pass_and_some_have_fallen_back(tmp_path: Path) -> None:
    sample = write_sample(tmp_path / "out", SampleOptions(days=90, learners=300))
    grades = [
        (row["letter_grade"], row["passed_timestamp"] != r"\N")
        for row in table(sample.lms, "grades_persistentcoursegrade")
    ]

    assert set(grades) >= {("Pass", True), ("", False)}
    assert ("Pass", False) not in grades


def test_cohorts_are_of_some_courses_and_most_learners(sample: Sample) -> None:
    cohorts = {row["id"]: row for row in table(sample.lms, "course_groups_courseusergroup")}
    members = table(sample.lms, "course_groups_courseusergroup_users")
    enrolled = {
        (row["course_id"], row["user_id"]) for row in table(sample.lms, "student_courseenrollment")
    }

    in_cohorts = [
        (cohorts[row["courseusergroup_id"]]["course_id"], row["user_id"]) for row in members
    ]
    assert len(set(in_cohorts)) == len(in_cohorts)
    assert set(in_cohorts) < enrolled
    assert 2 <= len({course for course, _learner in in_cohorts}) < len(json_lines(sample.catalog))


def test_programs_and_catalog_tell_the_same(sample: Sample) -> None:
    by_run = {
        (run["key"], program["uuid"])
        for run in json_lines(sample.catalog)
        for program in run["programs"]
    }
    by_program = {
        (run["key"], program["uuid"])
        for program in json_lines(sample.programs)
        for course in program["courses"]
        for run in course["course_runs"]
    }

    assert by_run == by_program != set()


def test_the_course_list_has_every_course(sample: Sample) -> None:
    listed = {course["id"]: course["name"] for course in json_lines(sample.course_list)}

    assert listed == {run["key"]: run["title"] for run in json_lines(sample.catalog)}


def test_many_courses_have_keys_of_their_own(tmp_path: Path) -> None:
    sample = write_sample(tmp_path / "out", SampleOptions(days=1, learners=1, courses=25))

    assert len({run["key"] for run in json_lines(sample.catalog)}) == 25
