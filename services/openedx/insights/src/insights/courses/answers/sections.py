"""After which section learners stop, and nothing of it that the data do not bear.

The learners of a section are those of its video that most began, or of its problem that most
answered, whichever are more. Each is counted once so, and it is no more than really were there:
the same people watch several videos, and who did this and who did that cannot be added up. Graded
and ungraded problems count alike. A section without a video or problem is not among them, nor is
what was deleted.

Activity falls after a section if no later one has as many learners: one that is left out by many,
who then go on, is no end. What is told of it has to be a change as `changes.is_change` has it.

While a course runs, a section without learners has not begun, and one that few have reached may
have been opened a moment ago, or to its authors alone. So of the sections with at least
`changes.LEAST_SHARE` percent of the learners of the largest, the last one may be under way: the
fall towards it, and all that comes after it, are not told. A section in which nobody did anything
is never taken for one that learners refuse, as it may be hidden from them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from insights.charts.chart import MOST_BARS, Chart, Form
from insights.courses.answers.answer import Answer, Column, Kind, Table
from insights.courses.answers.changes import LEAST_SHARE, is_change
from insights.courses.answers.formats import learners, number, percent
from insights.courses.structure import SECTION, VIDEO

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from insights.courses.answers.performance import Problem
    from insights.courses.answers.rows import ApiRow
    from insights.courses.structure import Structure


@dataclass(frozen=True)
class Section:
    """A section with something to do.

    Attributes:
        title: one that tells it from the others.
        items: its videos and problems.
        learners: of the one that most did.
    """

    id: str
    title: str
    items: int
    learners: int


@dataclass(frozen=True)
class Fall:
    """Where activity falls: after which section, of how many learners, and to how many."""

    title: str
    before: int
    after: int

    @property
    def share(self) -> float:
        """The part of the learners who are in no later section."""
        return (self.before - self.after) / self.before


def sections(
    structure: Structure, videos: Iterable[ApiRow], problems: Iterable[Problem]
) -> list[Section]:
    """The sections with something to do, from top to bottom.

    Args:
        structure: the course's, with its videos and problems.
        videos: those that were played, as the Data API has them.
        problems: of `performance.problems`.
    """
    did: dict[str, list[int]] = {block.id: [] for block in structure.of_kind(SECTION)}
    viewers = {
        block.id: row["users_at_start"]
        for row in videos
        if (block := structure.video(row["encoded_module_id"]))
    }
    for block in structure.of_kind(VIDEO):
        if block.section in did:
            did[block.section].append(viewers.get(block.id, 0))
    for problem in problems:
        if problem.is_there and problem.section in did:
            did[problem.section].append(problem.answered)
    titles = structure.titles(did)
    return [
        Section(section, titles[section], len(counts), max(counts))
        for section, counts in did.items()
        if counts
    ]


def largest_fall(found: Sequence[Section], *, is_over: bool) -> Fall | None:
    """The fall of most learners, the first one of these; None where none is to be told.

    Args:
        found: of `sections`.
        is_over: whether the course has ended.
    """
    falls = []
    for place, section in _told(found, is_over=is_over):
        after = max(later.learners for later in found[place + 1 :])
        if section.learners > after and is_change(section.learners, after):
            falls.append(Fall(section.title, section.learners, after))
    return max(falls, key=lambda fall: fall.before - fall.after, default=None)


def _told(found: Sequence[Section], *, is_over: bool) -> list[tuple[int, Section]]:
    """The sections after which a fall may be told, with their places."""
    begun = _begun(found, is_over=is_over)
    return begun[:-1] if is_over else begun[:-2]


def _begun(found: Sequence[Section], *, is_over: bool) -> list[tuple[int, Section]]:
    """Sections that learners have reached, with their places."""
    most = max((section.learners for section in found), default=0)
    reached = [(place, section) for place, section in enumerate(found) if section.learners]
    while reached and not is_over and 100 * reached[-1][1].learners < LEAST_SHARE * most:
        reached.pop()
    return reached


def section_stops(found: Sequence[Section], *, is_over: bool) -> Answer:
    """After which section activity falls most; the arguments are those of `largest_fall`."""
    rest = [
        max((later.learners for later in found[place:]), default=None)
        for place in range(1, len(found) + 1)
    ]
    return Answer(
        key="section-stops",
        question=_("After which section do learners stop?"),
        finding=_finding(found, is_over=is_over),
        table=Table(
            (
                Column("section", _("Section"), Kind.TEXT),
                Column("items", _("Videos and problems"), Kind.COUNT),
                Column("learners", _("Learners"), Kind.COUNT, _("learners")),
                Column("later", _("Most in a later section"), Kind.COUNT),
                Column("fall", _("Fewer afterwards"), Kind.SHARE),
                Column("id", _("Section id"), Kind.CODE),
            ),
            tuple(
                (
                    section.title,
                    section.items,
                    section.learners,
                    later,
                    _fall(section.learners, later),
                    section.id,
                )
                for section, later in zip(found, rest, strict=True)
            ),
        ),
        chart=Chart(Form.BARS, "section", ("learners",)) if found else None,
    )


def _fall(before: int, after: int | None) -> float | None:
    """The part that is in no later section, none if that has more; unknown where there is none."""
    return max(0.0, (before - after) / before) if before and after is not None else None


def _finding(found: Sequence[Section], *, is_over: bool) -> str:
    if not found:
        return _("No section with a video or problem is known.")
    begun = _begun(found, is_over=is_over)
    if not begun:
        return _("Nobody has played a video or answered a problem of a section yet.")
    sentences = [_stops(found, is_over=is_over)]
    if not is_over:
        text = _(
            "“%(section)s” may still be under way: a fall towards it, or after it, is not told."
        )
        sentences.append(text % {"section": begun[-1][1].title})
    if len(found) > MOST_BARS:
        sentences.append(_("The chart shows the first sections, the table all of them."))
    return " ".join(sentences)


def _stops(found: Sequence[Section], *, is_over: bool) -> str:
    if not _told(found, is_over=is_over):
        return _("Too few sections have begun to say it.")
    fall = largest_fall(found, is_over=is_over)
    if fall is None:
        return _(
            "After no section does the number of learners fall by more than chance would make it."
        )
    text = _(
        "Activity falls most after “%(section)s”: %(before)s began its most used video or answered"
        " its most used problem, and no later section has more than %(after)s (%(percent)s fewer)."
    )
    return text % {
        "section": fall.title,
        "before": learners(fall.before),
        "after": number(fall.after),
        "percent": percent(fall.share),
    }
