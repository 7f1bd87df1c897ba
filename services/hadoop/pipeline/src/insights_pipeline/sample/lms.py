"""The files beside the log: the LMS's tables, and what its services and the catalog answer."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from insights_pipeline.sample.behaviour import UPGRADER, UPGRADER_ID
from insights_pipeline.sample.geo import write_countries
from insights_pipeline.sample.learners import COUNTRIES, PASS
from insights_pipeline.sample.site import SITE, Subsection

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from insights_pipeline.sample.learners import Enrollment, Learner
    from insights_pipeline.sample.options import SampleOptions
    from insights_pipeline.sample.site import Block, Course

NULL = r"\N"
_COHORTS = ("Mornings", "Evenings")
_ENTERPRISE = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
_PROGRAM = "5a3b1c2d-0000-4000-8000-000000000001"


def write_tables(
    folder: Path, options: SampleOptions, learners: Sequence[Learner], courses: Sequence[Course]
) -> None:
    """The LMS's tables as CSV, one each; null is `\\N`."""
    enrollments = [(learner, each) for learner in learners for each in learner.enrollments]
    enrollments.sort(key=lambda pair: pair[1].created)
    tables = {
        "auth_user": _users(options, learners),
        "auth_userprofile": _profiles(learners),
        "student_courseenrollment": _enrollments(enrollments),
        "course_groups_courseusergroup": _cohorts(courses),
        "course_groups_courseusergroup_users": _cohort_members(courses, enrollments),
        "courseware_studentmodule": _modules(enrollments),
        "grades_persistentcoursegrade": _grades(enrollments),
        "enterprise_enterprisecustomeruser": _enterprise_learners(learners),
    }
    for name, (columns, rows) in tables.items():
        _write_csv(folder / f"{name}.csv", columns, rows)


def write_geo(file: Path, options: SampleOptions) -> None:
    """The country of every network that learners come from, in MaxMind's format."""
    made = datetime.combine(options.start, datetime.min.time(), UTC)
    networks = {network: each.code for each in COUNTRIES for network in each.networks}
    write_countries(file, networks, int(made.timestamp()))


def write_catalog(file: Path, options: SampleOptions, courses: Sequence[Course]) -> None:
    """Course runs as the course discovery service has them, one JSON object a line."""
    _write_json_lines(file, (_catalog_entry(options, course) for course in courses))


def write_programs(file: Path, courses: Sequence[Course]) -> None:
    """Programs as the discovery service has them, one JSON object a line; perhaps none."""
    members = [course for course in courses if _programs(course)]
    _write_json_lines(file, [_program(members)] if members else [])


def write_course_list(file: Path, options: SampleOptions, courses: Sequence[Course]) -> None:
    """Courses as the LMS's course list API has them, one JSON object a line."""
    _write_json_lines(file, (_listed(options, course) for course in courses))


def write_course_blocks(file: Path, courses: Sequence[Course]) -> None:
    """Each course as the LMS's course blocks API answers, with its key, one JSON object a line."""
    _write_json_lines(file, (_course_blocks(course) for course in courses))


def _write_csv(file: Path, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns.split())
        for row in rows:
            writer.writerow(NULL if value is None else value for value in row)


def _write_json_lines(file: Path, objects: Iterable[dict[str, Any]]) -> None:
    with file.open("w", encoding="utf-8", newline="\n") as stream:
        stream.writelines(json.dumps(each) + "\n" for each in objects)


_Table = tuple[str, Iterable[tuple[Any, ...]]]
"""A table's columns, as one text, and its rows."""


def _users(options: SampleOptions, learners: Sequence[Learner]) -> _Table:
    def row(
        user_id: int, username: str, last_login: str | None, joined: str, is_staff: int = 0
    ) -> tuple[Any, ...]:
        email = f"{username}@example.com"
        return (user_id, "!", last_login, 0, username, "", "", email, is_staff, 1, joined)

    return (
        "id password last_login is_superuser username first_name last_name email is_staff is_active"
        " date_joined",
        [
            row(UPGRADER_ID, UPGRADER, None, f"{options.start} 00:00:00", is_staff=1),
            *(row(each.id, each.username, each.last_login, each.joined) for each in learners),
        ],
    )


def _profiles(learners: Sequence[Learner]) -> _Table:
    def row(number: int, learner: Learner) -> tuple[Any, ...]:
        # Some never said where they live.
        country = learner.country.code if learner.id % 5 else ""
        return (
            number,
            learner.id,
            learner.name,
            learner.country.language[:2] if learner.id % 3 else "",
            "" if learner.id % 7 else "By the river",
            "",
            "course.xml",
            learner.gender,
            None if learner.id % 4 else "1 Sample Street\n12345 Sampletown",
            learner.year_of_birth,
            learner.level_of_education,
            None if learner.id % 4 else "To learn\tsomething new.",
            country or (None if learner.id % 2 else ""),
            None if learner.id % 6 else "Sampletown",
        )

    return (
        "id user_id name language location meta courseware gender mailing_address year_of_birth"
        " level_of_education goals country city",
        (row(number, learner) for number, learner in enumerate(learners, start=1)),
    )


def _enrollments(enrollments: Sequence[tuple[Learner, Enrollment]]) -> _Table:
    return (
        "id course_id created is_active mode user_id",
        (
            (number, each.course.key, each.created, int(each.is_active), each.mode, learner.id)
            for number, (learner, each) in enumerate(enrollments, start=1)
        ),
    )


def _cohorts(courses: Sequence[Course]) -> _Table:
    """Every course but each third has cohorts."""
    return (
        "id name course_id group_type",
        [
            (_cohort(number, cohort), name, course.key, "cohort")
            for number, course in enumerate(courses)
            if number % 3 < 2
            for cohort, name in enumerate(_COHORTS)
        ],
    )


def _cohort(course: int, cohort: int) -> int:
    """The number of a cohort of a course, both counted from 0."""
    return 1 + course * len(_COHORTS) + cohort


def _cohort_members(
    courses: Sequence[Course], enrollments: Sequence[tuple[Learner, Enrollment]]
) -> _Table:
    """Most learners of a course that has cohorts are in one."""
    places = {course: number for number, course in enumerate(courses) if number % 3 < 2}
    members = [
        (_cohort(places[each.course], learner.id % 2), learner.id)
        for learner, each in enrollments
        if each.course in places and learner.id % 10
    ]
    return (
        "id courseusergroup_id user_id",
        ((number, *member) for number, member in enumerate(members, start=1)),
    )


def _enterprise_learners(learners: Sequence[Learner]) -> _Table:
    """Each seventh learner belongs, or once belonged, to the one enterprise customer."""
    return (
        "id enterprise_customer_id user_id active linked",
        (
            (number, _ENTERPRISE.replace("-", ""), learner.id, 1, int(learner.id % 3 > 0))
            for number, learner in enumerate(learners[::7], start=1)
        ),
    )


def _modules(enrollments: Sequence[tuple[Learner, Enrollment]]) -> _Table:
    modules = (
        (learner, each.course, usage_key, module)
        for learner, each in enrollments
        for usage_key, module in each.modules.items()
    )
    return (
        "id module_type module_id student_id state grade created modified max_grade done course_id",
        (
            (
                number,
                module.kind,
                usage_key,
                learner.id,
                "{}",
                module.grade,
                module.created,
                module.modified,
                module.max_grade,
                "na",
                course.key,
            )
            for number, (learner, course, usage_key, module) in enumerate(modules, start=1)
        ),
    )


def _grades(enrollments: Sequence[tuple[Learner, Enrollment]]) -> _Table:
    """Of those whose answers counted; who passed and fell back keeps the time of passing."""
    graded = (pair for pair in enrollments if pair[1].regraded)
    return (
        "id course_id user_id grading_policy_hash percent_grade letter_grade passed_timestamp"
        " created modified",
        (
            (
                number,
                each.course.key,
                learner.id,
                "sample",
                round(each.share, 4),
                "Pass" if each.share >= PASS else "",
                each.passed,
                each.created,
                each.regraded,
            )
            for number, (learner, each) in enumerate(graded, start=1)
        ),
    )


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
            "uuid": _PROGRAM,
            "title": "Sample Program",
            "type": "MicroMasters",
            "marketing_slug": "sample-program",
            "marketing_url": f"{SITE}/programs/sample-program",
        }
    ]


def _program(courses: Sequence[Course]) -> dict[str, Any]:
    """The sample's program, of which these are runs."""
    (described,) = _programs(courses[0])
    return {
        **described,
        "subtitle": "",
        "status": "active",
        "courses": [
            {
                "key": f"{course.org}+{course.number}",
                "title": course.display_name,
                "course_runs": [{"key": course.key, "title": course.display_name}],
            }
            for course in courses
        ],
    }


def _listed(options: SampleOptions, course: Course) -> dict[str, Any]:
    entry = _catalog_entry(options, course)
    return {
        "blocks_url": f"{SITE}/api/courses/v2/blocks/?course_id={quote(course.key)}",
        "effort": None,
        "end": entry["end"],
        "enrollment_start": entry["enrollment_start"],
        "enrollment_end": entry["enrollment_end"],
        "id": course.key,
        "course_id": course.key,
        "name": course.display_name,
        "number": course.number,
        "org": course.org,
        "short_description": entry["short_description"],
        "start": entry["start"],
        "start_display": None,
        "start_type": "timestamp",
        "pacing": entry["pacing_type"].removesuffix("_paced"),
        "mobile_available": True,
        "hidden": False,
        "invitation_only": False,
    }


def _iso(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _course_blocks(course: Course) -> dict[str, Any]:
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
