"""The learners of a course: found by the reports' own table, or by Elasticsearch.

The pipeline publishes both with the same content, and both give the same answers. Elasticsearch is
there for sites with very many learners; where it is away, the table steps in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

Learner = dict[str, Any]
"""The columns of a row of ``learner_roster``, but ``segments`` is a list."""

SEGMENTS = ("highly_engaged", "disengaging", "struggling", "inactive", "unenrolled")

RATIO = "problem_attempts_per_completed"
TEXTS = ("username", "email", "name")
"""What learners are searched by, and sorted by without regard to case."""
ORDERS = (
    *TEXTS,
    "discussion_contributions",
    "problems_attempted",
    "problems_completed",
    RATIO,
    "attempt_ratio_order",
    "videos_viewed",
    "enrollment_date",
)


@dataclass(frozen=True)
class Question:
    """Which learners of a course are asked for, and in which order.

    Attributes:
        course_id: the course.
        words: each is a part of username, e-mail address or name, in any case.
        cohort, enrollment_mode: that they have; None: any.
        segments: of which they are in one at least; none: any.
        ignored_segments: that they are in none of.
        order_by: one of `ORDERS`; equals come by attempts, for the ratio, and then by username.
        descending: the highest first. What is unknown counts as the highest.
    """

    course_id: str
    words: tuple[str, ...] = ()
    cohort: str | None = None
    enrollment_mode: str | None = None
    segments: tuple[str, ...] = ()
    ignored_segments: tuple[str, ...] = ()
    order_by: str = "username"
    descending: bool = False

    @property
    def sorting(self) -> list[tuple[str, bool]]:
        """Columns to sort by, each with whether the highest comes first."""
        columns = {self.order_by: self.descending}
        if self.order_by == RATIO:
            columns["attempt_ratio_order"] = not self.descending
        return [*{**columns, "username": columns.get("username", False)}.items()]


class Roster(Protocol):
    """What finds learners."""

    def find(self, question: Question, start: int, stop: int) -> tuple[list[Learner], int]:
        """Those of the learners who come at places from `start` on, from 0, before `stop`.

        Returns: them, and how many there are in all.
        """

    def learner(self, course_id: str, username: str) -> Learner | None:
        """The learner of that name; None if there is none in the course."""

    def counts(self, course_id: str) -> Mapping[str, Mapping[str, int]]:
        """Learners of a course by `enrollment_modes`, `segments` (all of them) and `cohorts`."""
