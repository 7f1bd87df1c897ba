"""What one learner does, day by day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from insights.charts.chart import Chart, Form
from insights.courses.answers.answer import Answer, Column, Kind, Table
from insights.courses.answers.enrollment import BEFORE, before_column, change
from insights.courses.answers.formats import day, number
from insights.courses.answers.rows import by_day, marked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from insights.courses.answers.rows import ApiRow

DONE = ("problems_attempted", "problems_completed", "videos_viewed", "discussion_contributions")
_DAY = timedelta(days=1)
Days = dict[date, tuple[int, ...]]


def attention(segments: Mapping[str, int]) -> Answer:
    """Learners of the last week by what they may need; its figures are in the finding alone."""
    struggling, leaving, engaged = (
        segments.get(name, 0) for name in ("struggling", "disengaging", "highly_engaged")
    )
    text = _(
        "In the last week, %(struggling)s needed many attempts at problems and %(leaving)s were"
        " no longer active; %(engaged)s were highly engaged."
    )
    return Answer(
        key="attention",
        question=_("Who may need attention?"),
        finding=text
        % {
            "struggling": number(struggling),
            "leaving": number(leaving),
            "engaged": number(engaged),
        }
        if any(segments.values())
        else _("No learner’s profile is known yet."),
        table=Table((Column("count", _("Learners"), Kind.COUNT),), ((struggling + leaving,),)),
    )


def timeline(
    rows: Sequence[ApiRow],
    start: date | None,
    until: date | None,
    length: int | None = None,
    today: date | None = None,
) -> Answer:
    """A learner's days from `start`, or the first on which something was done, up to `until`.

    The Data API has no row before the first day with something, and none after the last. All that
    is done in a day is compared with what was done `length` days earlier. A problem that is solved
    has been tried: it counts once. `today` is the day that is not over, if there is one.
    """
    rows_by_day = by_day(rows, today=today)
    known: Days = {at: tuple(row[name] for name in DONE) for at, row in rows_by_day}
    totals = {at: tried + videos + posts for at, (tried, _solved, videos, posts) in known.items()}
    distance = (length or 0) * _DAY
    first, last = start or min(known, default=None), until or max(known, default=None)
    days = {marked(at, today): counts for at, counts in _between(known, first, last).items()}
    return Answer(
        key="timeline",
        question=_("What has been done, day by day?"),
        finding=" ".join([_finding(days, known), *_compared(days, totals, length)]),
        table=Table(
            (
                Column("date", _("Date"), Kind.DATE),
                Column("total", _("All activity"), Kind.COUNT, _("in all")),
                Column(DONE[0], _("Problems tried"), Kind.COUNT, _("problems tried")),
                Column(DONE[1], _("Problems solved"), Kind.COUNT, _("problems solved")),
                Column(DONE[2], _("Videos played"), Kind.COUNT, _("videos played")),
                Column(DONE[3], _("Contributions"), Kind.COUNT, _("contributions to discussions")),
                *before_column(length),
            ),
            tuple(
                (
                    at,
                    totals.get(at, 0),
                    *counts,
                    *([totals.get(at - distance, 0)] if length else []),
                )
                for at, counts in days.items()
            ),
        ),
        chart=Chart(Form.LINES, "date", ("total", *DONE), before=BEFORE if length else None)
        if len(days) > 1
        else None,
    )


def _compared(days: Days, totals: Mapping[date, int], length: int | None) -> list[str]:
    if not days or not length:
        return []
    now = sum(totals.get(at, 0) for at in days)
    then = sum(totals.get(at - length * _DAY, 0) for at in days)
    values = {"now": number(now), "then": number(then), "days": _days(length)}
    if now == then:
        return [_("In all it was %(now)s, as in the %(days)s before.") % values]
    text = _("In all it was %(now)s, %(change)s than in the %(days)s before (%(then)s).")
    return [text % {**values, "change": change(now - then)}]


def _days(count: int) -> str:
    return ngettext("%(count)s day", "%(count)s days", count) % {"count": number(count)}


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
