"""Notes on days of a course: whoever sees the course reads, writes, changes and removes them.

Their views have looked whether the user sees the course.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from insights.charts.chart import Flag
from insights.courses.models import Note

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from insights.courses.answers.answer import Answer

MOST = 500
"""Notes of a course."""

_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")

log = logging.getLogger(__name__)


class NoteError(Exception):
    """A note cannot be as it is wanted."""


class TooManyNotes(NoteError):
    """The course has as many notes as it may have."""


class NoteGone(NoteError):
    """The course has no such note, or no longer."""


class NoteChanged(NoteError):
    """Somebody changed the note since it was read."""


@dataclass(frozen=True)
class Draft:
    """What a note is to say: a line, as `one_line` makes it, on a day."""

    day: date
    text: str


def one_line(text: str) -> str:
    """A text on one line: ends of lines, other blanks and control characters are one blank each.

    What turns the direction of the words around it is left out.
    """
    plain = (" " if unicodedata.category(letter) in ("Cc", "Cs") else letter for letter in text)
    return " ".join(_DIRECTIONS.sub("", "".join(plain)).split())


def is_empty(text: str) -> bool:
    """Whether nothing of a text can be seen."""
    return all(unicodedata.category(letter)[0] in "CZ" for letter in text)


def notes_of(course_id: str) -> list[Note]:
    """A course's notes, by day; those of one day as they were written."""
    return list(Note.objects.filter(course_id=course_id))


def note_of(course_id: str, note_id: str) -> Note:
    """A note of a course.

    Raises NoteGone if the course has none of this id, whatever that is.
    """
    is_id = note_id.isascii() and note_id.isdigit() and len(note_id) < 19
    note = Note.objects.filter(course_id=course_id, pk=int(note_id)).first() if is_id else None
    if note is None:
        raise NoteGone
    return note


def version(note: Note) -> str:
    """What differs once somebody has changed a note."""
    return note.changed.isoformat()


def add(course_id: str, draft: Draft, username: str) -> None:
    """Write a note.

    Raises TooManyNotes if the course has `MOST`.
    """
    with transaction.atomic():
        if Note.objects.filter(course_id=course_id).count() >= MOST:
            raise TooManyNotes
        Note.objects.create(course_id=course_id, day=draft.day, text=draft.text, author=username)
    log.info("%a wrote a note on %s of %a", username, draft.day, course_id)


def change(note: Note, seen: str, draft: Draft, username: str) -> None:
    """Change a note.

    Args:
        note: the note.
        seen: the `version` of it that whoever changes it has seen.
        draft: what it is to say.
        username: who changes it.

    Raises NoteGone if it was removed, NoteChanged if somebody has changed it since it was seen.
    """
    with transaction.atomic():
        there = Note.objects.select_for_update().filter(pk=note.pk).first()
        if there is None:
            raise NoteGone
        if version(there) != seen:
            raise NoteChanged
        there.day, there.text = draft.day, draft.text
        there.editor, there.changed = username, timezone.now()
        there.save()
    log.info("%a changed the note on %s of %a", username, draft.day, note.course_id)


def remove(note: Note, username: str) -> None:
    """Remove a note.

    Raises NoteGone if it was removed already.
    """
    count, _by_model = Note.objects.filter(pk=note.pk).delete()
    if not count:
        raise NoteGone
    log.info("%a removed the note on %s of %a", username, note.day, note.course_id)


def notes_with(name: str) -> list[Note]:
    """The notes of all courses that have a name in their text, by itself and in any case."""
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)", re.IGNORECASE)
    return [note for note in Note.objects.iterator() if word.search(note.text)]


def flagged(answer: Answer, notes: Iterable[Note]) -> Answer:
    """The answer with a flag in its chart on each of its days that has notes.

    They are numbered from the first one on. An answer without a chart over days stays as it is.
    """
    chart = answer.chart
    if chart is None or not chart.is_over_days(answer.table):
        return answer
    first, last = chart.days(answer.table)
    shown = [note for note in notes if first <= note.day <= last]
    return replace(answer, chart=replace(chart, flags=_flags(shown)))


def _flags(notes: Sequence[Note]) -> tuple[Flag, ...]:
    days = groupby(sorted(notes, key=attrgetter("day")), attrgetter("day"))
    return tuple(
        Flag(number, day, tuple(note.text for note in of_day))
        for number, (day, of_day) in enumerate(days, 1)
    )
