"""What one learner does, day by day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from insights.charts.chart import Chart, Form
from insights.courses.answers.answer import Answer, Column, Kind, Table
from insights.courses.answers.formats import day, number
from insights.courses.answers.rows import by_day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from insights.courses.answers.rows import ApiRow

DONE = ("problems_attempted", "problems_completed", "videos_viewed", "discussion_contributions")
_DAY = timedelta(days=1)
Days = dict[date, tuple[int, ...]]


def timeline(rows: Sequence[ApiRow], start: date | None, until: date | None) -> Answer:
    """A learner's days from `start`, or the first on which something was done, up to `until`.

    The Data API has no row before the first day with something, and none after the last.
    """
    known: Days = {at: tuple(row[name] for name in DONE) for at, row in by_day(rows)}
    days = _between(known, start or min(known, default=None), until or max(known, default=None))
    return Answer(
        key="timeline",
        question=_("What has been done, day by day?"),
        finding=_finding(days, known),
        table=Table(
            (
                Column("date", _("Date"), Kind.DATE),
                Column(DONE[0], _("Problems tried"), Kind.COUNT, _("problems tried")),
                Column(DONE[1], _("Problems solved"), Kind.COUNT, _("problems solved")),
                Column(DONE[2], _("Videos played"), Kind.COUNT, _("videos played")),
                Column(DONE[3], _("Contributions"), Kind.COUNT, _("contributions to discussions")),
            ),
            tuple((at, *counts) for at, counts in days.items()),
        ),
        chart=Chart(Form.LINES, "date", DONE) if len(days) > 1 else None,
    )


def _between(known: Mapping[date, tuple[int, ...]], start: date | None, end: date | None) -> Days:
    if start is None or end is None or not known:
        return {}
    count = (end - start).days + 1
    nothing = (0,) * len(DONE)
    return {at: known.get(at, nothing) for at in (start + number * _DAY for number in range(count))}


def _finding(days: Days, known: Days) -> str:
    active = [at for at, counts in known.items() if any(counts)]
    if not active:
        return _("Nothing is known to have been done yet.")
    last = _("Something was last done on %(day)s.") % {"day": day(max(active))}
    done = [sum(counts) for counts in zip(*days.values(), strict=True)]
    if not any(done):
        return _("Nothing was done in this time. %(last)s") % {"last": last}
    text = _(
        "From %(first)s to %(until)s: problems tried %(tried)s, solved %(solved)s, videos played"
        " %(videos)s, each counted once a day; contributions to discussions %(posts)s. %(last)s"
    )
    tried, solved, videos, posts = map(number, done)
    return text % {
        "first": day(min(days)),
        "until": day(max(days)),
        "tried": tried,
        "solved": solved,
        "videos": videos,
        "posts": posts,
        "last": last,
    }
