"""Which course run is part of which program, one program at a time."""

from __future__ import annotations

from typing import Any

JsonObject = dict[str, Any]
Row = tuple[Any, ...]


def program_table(catalog: list[JsonObject], programs: list[JsonObject]) -> list[Row]:
    """course_program_metadata, of course runs and programs as the discovery service gives them."""
    rows: dict[tuple[str, str], Row] = {}
    for run in catalog:
        for program in run.get("programs", []):
            rows[run["key"], program["uuid"]] = describe(program)
    for program in programs:
        if program.get("status") in ("unpublished", "deleted"):
            continue
        for course in program.get("courses", []):
            for run in course.get("course_runs", []):
                if run["key"] not in program.get("excluded_course_runs", []):
                    rows[run["key"], program["uuid"]] = describe(program)
    return [(*key, *described) for key, described in rows.items()]


def describe(program: JsonObject) -> Row:
    title = program.get("title")
    return program.get("type"), None if title is None else " ".join(title.split())
