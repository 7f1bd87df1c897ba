"""How many learners are active, week by week."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from insights.charts.chart import Chart, Form
from insights.courses.answers.answer import Answer, Column, Kind, Table
from insights.courses.answers.enrollment import BEFORE, WEEK, before, change, not_known
from insights.courses.answers.formats import day, learners, number, weeks_before
from insights.courses.answers.rows import by_day

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from insights.courses.answers.rows import ApiRow

ACTIVITIES = ("any", "attempted_problem", "played_video", "posted_forum")
_LAST_DAY = timedelta(days=6)


def last_week(until: date) -> date:
    """The Monday of the last week, Monday to Sunday, that is whole at the end of `until`."""
    day_of_it = until - _LAST_DAY
    return day_of_it - timedelta(days=day_of_it.weekday())


def weekly_activity(
    rows: Sequence[ApiRow], until: date | None = None, start: date | None = None
) -> Answer:
    """Learners by what they did in each week, Monday to Sunday.

    Weeks before `start` are there to compare with: those shown, with as many before them. The Data
    API has no row of a week in which nobody did anything: after the first week that it has, such a
    week is shown with 0, up to the last one that is over at the end of `until`.
    """
    known = _weeks(rows, until)
    weeks = {monday: counts for monday, counts in known.items() if not start or monday >= start}
    active = {monday: counts[0] for monday, counts in known.items()}
    distance = WEEK * len(weeks) if start else WEEK * 0
    return Answer(
        key="weekly-activity",
        question=_("How many learners are active each week?"),
        finding=" ".join([_finding(weeks, known), *_weeks_before(list(weeks), active, distance)]),
        table=Table(
            (
                Column("start", _("Week from"), Kind.DATE),
                Column("end", _("to"), Kind.DATE),
                Column("any", _("Any activity"), Kind.COUNT, _("active")),
                Column("attempted_problem", _("Tried a problem"), Kind.COUNT, _("tried a problem")),
                Column("played_video", _("Played a video"), Kind.COUNT, _("played a video")),
                Column("posted_forum", _("Posted in forum"), Kind.COUNT, _("posted in forum")),
                *_before_column(distance),
            ),
            tuple(
                (monday, monday + _LAST_DAY, *counts, *before(active, monday, distance))
                for monday, counts in weeks.items()
            ),
        ),
        chart=Chart(
            Form.LINES,
            "start",
            ACTIVITIES,
            point=_("Week from {}"),
            before=BEFORE if distance else None,
            last_day="end",
        )
        if len(weeks) > 1
        else None,
    )


def _before_column(distance: timedelta) -> list[Column]:
    if not distance:
        return []
    ago = weeks_before(distance // WEEK)
    title, counted = _("Any activity %(ago)s"), _("active %(ago)s")
    return [Column(BEFORE, title % {"ago": ago}, Kind.COUNT, counted % {"ago": ago})]


def _weeks_before(
    mondays: Sequence[date], active: Mapping[date, int], distance: timedelta
) -> list[str]:
    """How many were active a week, compared with as many weeks before; of one, it is said."""
    count = distance // WEEK
    if count < 2:
        return []
    if any(monday - distance not in active for monday in mondays):
        return [not_known(weeks_before(count))]
    now, then = (
        round(sum(active[monday - back] for monday in mondays) / count)
        for back in (WEEK * 0, distance)
    )
    text = _(
        "In these %(count)s weeks, %(now)s were active a week on average; in the %(count)s weeks"
        " before, it was %(then)s%(comparison)s."
    )
    difference = _(" (now %(change)s)") % {"change": change(now - then)} if now != then else ""
    values = {"count": number(count), "now": number(now), "then": number(then)}
    return [text % {**values, "comparison": difference}]


def _weeks(rows: Sequence[ApiRow], until: date | None) -> dict[date, tuple[int, ...]]:
    known = {
        start: tuple(row[name] for name in ACTIVITIES)
        for start, row in by_day(rows, "interval_start")
    }
    if not known:
        return {}
    first, last = min(known), max(known)
    if until:
        last = max(last, first + WEEK * ((until - _LAST_DAY - first) // WEEK))
    weeks = (first + WEEK * number for number in range((last - first) // WEEK + 1))
    return {start: known.get(start, (0,) * len(ACTIVITIES)) for start in weeks}


def _finding(weeks: dict[date, tuple[int, ...]], known: dict[date, tuple[int, ...]]) -> str:
    if not weeks:
        return _("There is no whole week, Monday to Sunday, with an active learner in this time.")
    last = max(weeks)
    active, tried, played, posted = weeks[last]
    before = known.get(last - WEEK)
    values = {
        "learners": learners(active),
        "first": day(last),
        "last": day(last + _LAST_DAY),
        "comparison": _comparison(active, before[0]) if before else "",
    }
    text = ngettext(
        "%(learners)s was active in the week from %(first)s to %(last)s%(comparison)s.",
        "%(learners)s were active in the week from %(first)s to %(last)s%(comparison)s.",
        active,
    )
    kinds = _(
        "%(tried)s tried a problem, %(played)s played a video, %(posted)s posted in the forum."
    )
    counts = {"tried": number(tried), "played": number(played), "posted": number(posted)}
    return f"{text % values} {kinds % counts}"


def _comparison(active: int, before: int) -> str:
    if active == before:
        return _(", as many as in the week before")
    return _(", %(change)s than in the week before") % {"change": change(active - before)}
