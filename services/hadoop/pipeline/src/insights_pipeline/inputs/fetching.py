"""What the LMS and course discovery tell by REST, kept in the form of the files that may stand in.

One JSON object a line: courses and course runs as the services list them, and a course's blocks
with the `course_id` that they belong to.
"""

from __future__ import annotations

import json
from contextlib import ExitStack, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from insights_pipeline.inputs import json_lines
from insights_pipeline.inputs.json_lines import NotOneError
from insights_pipeline.inputs.services import AnswerError, Journal
from insights_pipeline.inputs.sources import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from insights_pipeline.inputs.services import Conversation, Service

COURSES = "/api/courses/v1/courses/"
BLOCKS = "/api/courses/v1/blocks/"
COURSE_RUNS = "/api/v1/course_runs/"
PROGRAMS = "/api/v1/programs/"
_AT_ONCE = 100  # objects a page; both services give no more
WHOLE_COURSE = {
    "depth": "all",
    "all_blocks": "true",
    "requested_fields": "children,graded,format",
}
_FAILURES = 3  # courses one after the other that the LMS cannot tell of: then it ails itself


def fetch_course_list(lms: Service, path: Path) -> None:
    """Write the courses that the LMS lists into `path`, which is replaced once they are complete.

    Raises:
        SourceError: the LMS does not list them, or lists none.
    """
    with _Fetch(lms, path) as fetch:
        fetch.write_list(COURSES, {"page_size": _AT_ONCE})
        if not fetch.count:
            raise SourceError(
                f"{lms.root} lists no courses: see that our client's user in the LMS is staff"
            )


def fetch_course_runs(discovery: Service, path: Path) -> None:
    """Write the course runs that the discovery service lists, as `fetch_course_list` does."""
    with _Fetch(discovery, path) as fetch:
        fetch.write_list(COURSE_RUNS, {"limit": _AT_ONCE, "exclude_utm": 1})


def fetch_programs(discovery: Service, path: Path) -> None:
    """Write the programs that the discovery service lists, as `fetch_course_list` does."""
    with _Fetch(discovery, path) as fetch:
        fetch.write_list(PROGRAMS, {"limit": _AT_ONCE, "exclude_utm": 1})


def fetch_course_blocks(lms: Service, courses: Iterable[str], path: Path) -> list[str]:
    """Write the blocks of each course into `path`, which is replaced once all are there.

    Of a course whose blocks the LMS cannot tell, those that `path` had before are kept; of one that
    it no longer has (404), none.

    Returns: what an operator should know.

    Raises:
        SourceError: the LMS does not answer, or none of some courses one after the other.
    """
    notes: list[str] = []
    failures = 0
    with _Fetch(lms, path) as fetch:
        for course in courses:
            try:
                blocks: dict[str, Any] | None = fetch.ask(
                    BLOCKS, {"course_id": course, **WHOLE_COURSE}
                )
            except AnswerError as error:
                if error.status == HTTPStatus.NOT_FOUND:
                    continue
                failures += 1
                if failures == _FAILURES:
                    raise
                blocks = fetch.before(course)
                notes.append(
                    f"blocks of {course} {'are of earlier' if blocks else 'lack'}: {error}"
                )
            else:
                failures = 0
            if blocks:
                fetch.write([{**blocks, "course_id": course}])
    return notes


def course_ids(path: Path) -> Iterator[str]:
    """The ids of the courses in a file of a course list, as old and new releases write them."""
    for course in _objects(path):
        found = course.get("course_id") or course.get("id")
        if isinstance(found, str):
            yield found


class _Fetch:
    """A file being made beside the one that it will replace, and the journal of its making."""

    def __init__(self, service: Service, path: Path) -> None:
        self._service, self._path = service, path
        self.count = 0

    def __enter__(self) -> _Fetch:
        with ExitStack() as stack:
            self._journal = stack.enter_context(Journal(self._path.with_suffix(".journal")))
            self._conversation: Conversation = stack.enter_context(self._service.open())
            self._new = self._path.with_suffix(".new")
            self._file = stack.enter_context(self._new.open("w", encoding="utf-8"))
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._stack.close()
        if kind is None:
            self._new.replace(self._path)
            self._journal.remove()
        else:
            self._new.unlink(missing_ok=True)

    def write_list(self, path: str, parameters: dict[str, object]) -> None:
        """Write the objects of all pages."""
        for objects in self._conversation.pages(path, parameters, self._journal):
            self.write(objects)

    def ask(self, path: str, parameters: dict[str, object]) -> dict[str, Any]:
        """The service's answer, or the one that it gave before this fetch was cut short."""
        question = json.dumps([path, parameters])
        answer: dict[str, Any] | None = self._journal.answer(question)
        if answer is None:
            answer = self._conversation.ask(path, parameters)
            self._journal.keep(question, answer)
        return answer

    def write(self, objects: Iterable[dict[str, Any]]) -> None:
        """Write objects, a line each."""
        for each in objects:
            self._file.write(f"{json.dumps(each)}\n")
            self.count += 1

    def before(self, course: str) -> dict[str, Any] | None:
        """What the file that is to be replaced has of a course."""
        found = (each for each in _objects(self._path) if each.get("course_id") == course)
        return next(found, None)


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    if path.exists():
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                # One that an operator gave may hold anything; that is said when it is taken in.
                with suppress(NotOneError):
                    yield json_lines.parsed(line)
