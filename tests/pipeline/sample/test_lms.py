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


def test_the_structure_has_every_block_of_the_log(
    sample: Sample, clean_events: list[dict[str, Any]]
) -> None:
    courses = json_lines(sample.structure)
    blocks = {key: block for course in courses for key, block in course["blocks"].items()}
    logged = {
        event["event"]["problem_id"]
        for event in clean_events
        if (event["event_source"], event["event_type"]) == ("server", "problem_check")
    }

    assert {blocks[key]["type"] for key in logged} == {"problem"}
    for course in courses:
        root = course["blocks"][course["root"]]
        sections = [course["blocks"][key] for key in root["children"]]
        assert {section["type"] for section in sections} == {"chapter"}


def test_many_courses_have_keys_of_their_own(tmp_path: Path) -> None:
    sample = write_sample(tmp_path / "out", SampleOptions(days=1, learners=1, courses=25))

    assert len({run["key"] for run in json_lines(sample.catalog)}) == 25
