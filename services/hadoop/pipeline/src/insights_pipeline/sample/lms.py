"""The files beside the log: the LMS's tables, the course catalog and the course structure."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from insights_pipeline.sample.behaviour import UPGRADER, UPGRADER_ID
from insights_pipeline.sample.site import SITE, Subsection

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from insights_pipeline.sample.learners import Learner
    from insights_pipeline.sample.options import SampleOptions
    from insights_pipeline.sample.site import Block, Course

NULL = r"\N"


def write_tables(folder: Path, options: SampleOptions, learners: Sequence[Learner]) -> None:
    """auth_user, auth_userprofile and student_courseenrollment as CSV; null is `\\N`."""
    _write_csv(folder / "auth_user.csv", _users(options, learners))
    _write_csv(folder / "auth_userprofile.csv", _profiles(learners))
    _write_csv(folder / "student_courseenrollment.csv", _enrollments(learners))


def write_catalog(file: Path, options: SampleOptions, courses: Sequence[Course]) -> None:
    """Course runs as the course discovery service has them, one JSON object a line."""
    _write_json_lines(file, (_catalog_entry(options, course) for course in courses))


def write_structure(file: Path, courses: Sequence[Course]) -> None:
    """Each course as the LMS's course blocks API answers, with its key, one JSON object a line."""
    _write_json_lines(file, (_structure(course) for course in courses))


def _write_csv(file: Path, rows: Iterable[dict[str, Any]]) -> None:
    rows = list(rows)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({name: NULL if value is None else value for name, value in row.items()})


def _write_json_lines(file: Path, objects: Iterable[dict[str, Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(json.dumps(each) + "\n" for each in objects)


def _users(options: SampleOptions, learners: Sequence[Learner]) -> Iterable[dict[str, Any]]:
    yield _user(UPGRADER_ID, UPGRADER, None, f"{options.start} 00:00:00", is_staff=True)
    for learner in learners:
        yield _user(learner.id, learner.username, learner.last_login, learner.joined)


def _user(
    user_id: int, username: str, last_login: str | None, joined: str, *, is_staff: bool = False
) -> dict[str, Any]:
    return {
        "id": user_id,
        "password": "!",
        "last_login": last_login,
        "is_superuser": 0,
        "username": username,
        "first_name": "",
        "last_name": "",
        "email": f"{username}@example.com",
        "is_staff": int(is_staff),
        "is_active": 1,
        "date_joined": joined,
    }


def _profiles(learners: Sequence[Learner]) -> Iterable[dict[str, Any]]:
    for number, learner in enumerate(learners, start=1):
        # Some never said where they live.
        country = learner.country.code if learner.id % 5 else ""
        yield {
            "id": number,
            "user_id": learner.id,
            "name": learner.name,
            "language": learner.country.language[:2] if learner.id % 3 else "",
            "location": "",
            "meta": "",
            "courseware": "course.xml",
            "gender": learner.gender,
            "mailing_address": None if learner.id % 4 else "1 Sample Street\n12345 Sampletown",
            "year_of_birth": learner.year_of_birth,
            "level_of_education": learner.level_of_education,
            "goals": None if learner.id % 4 else "To learn\tsomething new.",
            "country": country or (None if learner.id % 2 else ""),
            "city": None,
        }


def _enrollments(learners: Sequence[Learner]) -> Iterable[dict[str, Any]]:
    enrollments = [(each, learner) for learner in learners for each in learner.enrollments]
    enrollments.sort(key=lambda pair: pair[0].created)
    for number, (enrollment, learner) in enumerate(enrollments, start=1):
        yield {
            "id": number,
            "course_id": enrollment.course.key,
            "created": enrollment.created,
            "is_active": int(enrollment.is_active),
            "mode": enrollment.mode,
            "user_id": learner.id,
        }


def _catalog_entry(options: SampleOptions, course: Course) -> dict[str, Any]:
    midnight = datetime.combine(options.start, datetime.min.time(), UTC)
    launch = midnight + timedelta(int(course.launch * options.days))
    end = midnight + timedelta(options.days + 30)
    prices = {"audit": "0.00", "honor": "0.00", "verified": "50.00"}
    return {
        "course": f"{course.org}+{course.number}",
        "key": course.key,
        "title": course.display_name,
        "short_description": f"{course.display_name}: a course of the sample site.",
        "start": _iso(launch),
        "end": _iso(end),
        "enrollment_start": _iso(midnight),
        "enrollment_end": _iso(end),
        "announcement": _iso(midnight),
        "seats": [
            {
                "type": mode,
                "price": prices.get(mode, "300.00"),
                "currency": "USD",
                "upgrade_deadline": _iso(end),
                "credit_provider": None,
                "credit_hours": None,
            }
            for mode in course.modes
        ],
        "content_language": "en-us",
        "pacing_type": "self_paced" if "honor" in course.modes else "instructor_paced",
        "min_effort": 2,
        "max_effort": 4,
        "weeks_to_complete": len(course.sections),
        "level_type": "Introductory",
        "availability": "Current",
        "programs": _programs(course),
        "partner_short_code": course.org.lower(),
        "reporting_type": "mooc",
    }


def _programs(course: Course) -> list[dict[str, Any]]:
    """Courses that offer credit belong to a program."""
    if "credit" not in course.modes:
        return []
    return [
        {
            "uuid": "5a3b1c2d-0000-4000-8000-000000000001",
            "title": "Sample Program",
            "type": "MicroMasters",
            "marketing_slug": "sample-program",
            "marketing_url": f"{SITE}/programs/sample-program",
        }
    ]


def _iso(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _structure(course: Course) -> dict[str, Any]:
    blocks: dict[str, Any] = {}
    _add_blocks(blocks, course, assignment_type=None)
    return {"course_id": course.key, "root": course.usage_key, "blocks": blocks}


def _add_blocks(blocks: dict[str, Any], block: Block, assignment_type: str | None) -> None:
    """The block and all below it; those in a graded subsection are graded."""
    if isinstance(block, Subsection):
        assignment_type = block.assignment_type
    blocks[block.usage_key] = {
        "id": block.usage_key,
        "block_id": block.block_id,
        "type": block.kind,
        "display_name": block.display_name,
        "graded": assignment_type is not None,
        "format": assignment_type,
        "student_view_url": f"{SITE}/xblock/{block.usage_key}",
        "lms_web_url": f"{SITE}/jump_to/{block.usage_key}",
        **({"children": [child.usage_key for child in block.children]} if block.children else {}),
    }
    for child in block.children:
        _add_blocks(blocks, child, assignment_type)
