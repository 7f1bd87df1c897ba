"""Programs: as the discovery service names them with its course runs, and as it lists them.

A program that is not offered counts for nothing, as where the service names those of a course run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from insights_pipeline.inputs.json_lines import NotOneError, text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from insights_pipeline.inputs.sources import Row

_NOT_OFFERED = ("unpublished", "deleted")


def rows_of_run(run: dict[str, Any]) -> list[Row]:
    """The rows of schema.CATALOG_PROGRAM that a course run tells.

    Raises:
        NotOneError: it has no key.
    """
    key = _key(run)
    if key is None:
        raise NotOneError("it has no key")
    programs = map(_describe, _objects(run.get("programs")))
    return [(key, *described) for described in programs if described]


def rows(program: dict[str, Any]) -> list[Row]:
    """The rows of schema.PROGRAM_RUN that a program tells.

    Raises:
        NotOneError: it has no uuid.
    """
    described = _describe(program)
    if described is None:
        raise NotOneError("it has no uuid")
    if program.get("status") in _NOT_OFFERED:
        return []
    excluded = set(_keys(program.get("excluded_course_runs")))
    return [
        (key, *described)
        for course in _objects(program.get("courses"))
        for key in _keys(course.get("course_runs"))
        if key not in excluded
    ]


def _describe(program: dict[str, Any]) -> Row | None:
    """Id, type and title of a program; None if it has no id."""
    uuid = program.get("uuid")
    if not isinstance(uuid, str) or not uuid.strip():
        return None
    return text(uuid), text(program.get("type")), text(program.get("title"))


def _objects(value: Any) -> Iterable[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _keys(runs: Any) -> Iterator[str]:
    """Keys of course runs, which are named by their keys alone or described."""
    for run in runs if isinstance(runs, list) else []:
        key = _key(run) if isinstance(run, dict) else run
        if isinstance(key, str) and key:
            yield key


def _key(described: dict[str, Any]) -> str | None:
    key = described.get("key")
    return key if isinstance(key, str) else None
