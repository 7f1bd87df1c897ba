"""What the metrics take from the LMS's tables, and the files that hold it."""

from __future__ import annotations

import csv
from dataclasses import astuple, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

NULL = r"\N"


@dataclass(frozen=True)
class Profile:
    """One learner's row of auth_userprofile."""

    gender: str | None = None
    year_of_birth: int | None = None
    level_of_education: str | None = None


@dataclass(frozen=True)
class Grade:
    """One row of grades_persistentcoursegrade; times are in UTC, without a zone."""

    user_id: int
    course_id: str
    letter_grade: str | None
    passed_timestamp: datetime | None
    modified: datetime


@dataclass(frozen=True)
class Lms:
    """Profiles by user_id, and all grades; what the LMS does not give is empty."""

    profiles: dict[int, Profile] = field(default_factory=dict)
    grades: list[Grade] = field(default_factory=list)


def read_lms(folder: Path) -> Lms:
    profiles = {
        int(str(row["user_id"])): Profile(
            gender=row["gender"],
            year_of_birth=int(row["year_of_birth"]) if row["year_of_birth"] else None,
            level_of_education=row["level_of_education"],
        )
        for row in read_csv(folder / "auth_userprofile.csv")
    }
    grades = [
        Grade(
            user_id=int(str(row["user_id"])),
            course_id=str(row["course_id"]),
            letter_grade=row["letter_grade"],
            passed_timestamp=parse_time(row["passed_timestamp"]),
            modified=datetime.fromisoformat(str(row["modified"])),
        )
        for row in read_csv(folder / "grades_persistentcoursegrade.csv")
    ]
    return Lms(profiles, grades)


def write_lms(lms: Lms, folder: Path) -> None:
    """Write both tables as CSV into `folder`, as `read_lms` reads them."""
    write_csv(
        folder / "auth_userprofile.csv",
        ("user_id", "gender", "year_of_birth", "level_of_education"),
        ((user_id, *astuple(profile)) for user_id, profile in lms.profiles.items()),
    )
    write_csv(
        folder / "grades_persistentcoursegrade.csv",
        ("user_id", "course_id", "letter_grade", "passed_timestamp", "modified"),
        (astuple(grade) for grade in lms.grades),
    )


def read_csv(path: Path) -> list[dict[str, str | None]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [
            {column: None if value == NULL else value for column, value in row.items()}
            for row in csv.DictReader(file)
        ]


def write_csv(path: Path, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        for row in rows:
            writer.writerow(NULL if value is None else value for value in row)


def parse_time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
