"""The roster in the reports' own table."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any

from django.db.models import CharField, Count, F, Q, TextField
from django.db.models.functions import Lower

from analytics_data_api.reports.models import LearnerRoster
from analytics_data_api.roster import SEGMENTS, TEXTS, Learner, Question

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.db.models.expressions import OrderBy

# MariaDB compares the letters of the reports as they are.
CharField.register_lookup(Lower)
TextField.register_lookup(Lower)


class TableRoster:
    """Finds learners in the table ``learner_roster``."""

    def find(self, question: Question, start: int, stop: int) -> tuple[list[Learner], int]:
        """See `Roster.find`."""
        found = _found(question)
        count = found.count()
        # A place that no database can count to has nobody at it.
        rows = found.values()[start:stop] if start < count else ()
        return [_learner(row) for row in rows], count

    def learner(self, course_id: str, username: str) -> Learner | None:
        """See `Roster.learner`."""
        row = LearnerRoster.objects.filter(course_id=course_id, username=username).values().first()
        return row and _learner(row)

    def counts(self, course_id: str) -> dict[str, dict[str, int]]:
        """See `Roster.counts`."""
        segments = dict.fromkeys(SEGMENTS, 0)
        for names, count in _counts(course_id, "segments").items():
            for name in _segments(names):
                segments[name] = segments.get(name, 0) + count
        return {
            "enrollment_modes": _counts(course_id, "enrollment_mode"),
            "segments": segments,
            "cohorts": _counts(course_id, "cohort"),
        }


def _found(question: Question) -> QuerySet[LearnerRoster]:
    found = LearnerRoster.objects.filter(course_id=question.course_id)
    for word in question.words:
        found = found.filter(_has(word))
    if question.cohort:
        found = found.filter(cohort=question.cohort)
    if question.enrollment_mode:
        found = found.filter(enrollment_mode=question.enrollment_mode)
    if question.segments:
        found = found.filter(_in_one_of(question.segments))
    if question.ignored_segments:
        found = found.filter(~_in_one_of(question.ignored_segments) | Q(segments=None))
    return found.order_by(*(_order(*column) for column in question.sorting), "username")


def _has(word: str) -> Q:
    """A condition: the word is part of what a learner is searched by.

    Lower case is what MariaDB looks for; SQLite changes the case of no letter beyond ASCII, and
    so looks for them as they are most often written.
    """
    forms = dict.fromkeys((word.lower(), word.upper(), word.capitalize()))
    return _any(Q(**{f"{name}__lower__contains": form}) for name in TEXTS for form in forms)


def _in_one_of(segments: tuple[str, ...]) -> Q:
    # No segment's name is part of another's.
    return _any(Q(segments__contains=segment) for segment in segments)


def _any(conditions: Any) -> Q:
    return reduce(or_, conditions)


def _order(column: str, descending: bool) -> OrderBy:
    expression = Lower(column) if column in TEXTS else F(column)
    return expression.desc(nulls_first=True) if descending else expression.asc(nulls_last=True)


def _counts(course_id: str, column: str) -> dict[str, int]:
    rows = LearnerRoster.objects.filter(course_id=course_id).exclude(**{column: None})
    counted = rows.order_by(column).values_list(column).annotate(Count("id"))
    return dict(counted)


def _learner(row: dict[str, Any]) -> Learner:
    return {**row, "segments": _segments(row["segments"])}


def _segments(names: str | None) -> list[str]:
    return [name for name in (names or "").split(",") if name]
