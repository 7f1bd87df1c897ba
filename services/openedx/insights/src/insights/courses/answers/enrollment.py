"""How many learners are enrolled, and in which modes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from insights.charts.chart import Chart, Form
from insights.courses.answers.answer import Answer, Column, Kind, Table
from insights.courses.answers.formats import day, learners, listed, number, percent
from insights.courses.answers.rows import by_day

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from insights.courses.answers.rows import ApiRow

WEEK = timedelta(days=7)


def enrollment(rows: Sequence[ApiRow], start: date | None = None) -> Answer:
    """Learners enrolled at the end of each day; days before `start` are there to compare with."""
    known: dict[date, int] = {at: row["count"] for at, row in by_day(rows)}
    counts = {at: count for at, count in known.items() if start is None or at >= start}
    return Answer(
        key="enrollment",
        question=_("How many learners are enrolled?"),
        finding=_enrollment_finding(counts, known),
        table=Table(
            (
                Column("date", _("Date"), Kind.DATE),
                Column("count", _("Learners enrolled"), Kind.COUNT, counted=_("enrolled")),
            ),
            tuple(counts.items()),
        ),
        chart=Chart(Form.AREAS, "date", ("count",)) if len(counts) > 1 else None,
    )


def _enrollment_finding(counts: dict[date, int], known: dict[date, int]) -> str:
    if not counts:
        return _("No learner is known to have been enrolled in this time.")
    first, last = min(counts), max(counts)
    sentences = [_at_the_end(counts[last], last, known.get(last - WEEK))]
    if first < last:
        sentences.append(_range(first, counts.values()))
    return " ".join(sentences)


def _at_the_end(count: int, last: date, week_before: int | None) -> str:
    values = {"learners": learners(count), "day": day(last)}
    if week_before is None:
        text = ngettext(
            "%(learners)s was enrolled at the end of %(day)s.",
            "%(learners)s were enrolled at the end of %(day)s.",
            count,
        )
        return text % values
    if count == week_before:
        text = ngettext(
            "%(learners)s was enrolled at the end of %(day)s, as many as 7 days before.",
            "%(learners)s were enrolled at the end of %(day)s, as many as 7 days before.",
            count,
        )
        return text % values
    text = ngettext(
        "%(learners)s was enrolled at the end of %(day)s, %(change)s than 7 days before.",
        "%(learners)s were enrolled at the end of %(day)s, %(change)s than 7 days before.",
        count,
    )
    return text % {**values, "change": change(count - week_before)}


def change(difference: int) -> str:
    """A difference that is not 0: "12 more", "1 fewer"."""
    if difference > 0:
        return _("%(count)s more") % {"count": number(difference)}
    return _("%(count)s fewer") % {"count": number(-difference)}


def _range(first: date, counts: Collection[int]) -> str:
    lowest, highest = min(counts), max(counts)
    values = {"first": day(first), "lowest": number(lowest), "highest": number(highest)}
    if lowest == highest:
        return _("It was the same from %(first)s on.") % values
    return _("From %(first)s on, it was between %(lowest)s and %(highest)s.") % values


def _mode_names() -> dict[str, str]:
    """What the modes that the Data API names are called."""
    return {
        "audit": _("Audit"),
        "honor": _("Honor"),
        "verified": _("Verified"),
        "professional": _("Professional"),
        "credit": _("Credit"),
        "masters": _("Master’s"),
    }


def enrollment_modes(rows: Sequence[ApiRow]) -> Answer:
    """Learners enrolled at the end of each day by mode; modes without a learner are left out.

    The total counts all modes; those that the Data API does not name are shown as one.
    """
    days = by_day(rows)
    names = {**_mode_names(), "others": _("Other modes")}
    counts = {at: _counts_by_mode(row) for at, row in days}
    modes = [mode for mode in names if any(of_day[mode] for of_day in counts.values())]
    return Answer(
        key="enrollment-modes",
        question=_("In which modes are they enrolled?"),
        finding=_modes_finding(days, counts, {mode: names[mode] for mode in modes}),
        table=Table(
            (
                Column("date", _("Date"), Kind.DATE),
                *(Column(mode, names[mode], Kind.COUNT, names[mode].lower()) for mode in modes),
                Column("count", _("All modes"), Kind.COUNT),
            ),
            tuple((at, *(counts[at][mode] for mode in modes), row["count"]) for at, row in days),
        ),
        chart=Chart(Form.AREAS, "date", tuple(modes)) if len(days) > 1 and modes else None,
    )


def _counts_by_mode(row: ApiRow) -> dict[str, int]:
    named: dict[str, int] = {mode: row.get(mode, 0) for mode in _mode_names()}
    return {**named, "others": row["count"] - sum(named.values())}


def _modes_finding(
    days: list[tuple[date, ApiRow]], counts: dict[date, dict[str, int]], names: dict[str, str]
) -> str:
    if not days:
        return _("No learner is known to have been enrolled in this time.")
    last, row = days[-1]
    total = row["count"]
    if not total:
        return _("Nobody was enrolled at the end of %(day)s.") % {"day": day(last)}
    of_day = {mode: count for mode in names if (count := counts[last][mode])}
    values = {"day": day(last), "learners": learners(total)}
    if len(of_day) == 1:
        (mode,) = of_day
        text = ngettext(
            "The mode of the %(learners)s enrolled at the end of %(day)s was %(mode)s.",
            "The mode of all %(learners)s enrolled at the end of %(day)s was %(mode)s.",
            total,
        )
        return text % {**values, "mode": names[mode].lower()}
    parts = [
        _("%(count)s in %(mode)s (%(percent)s)")
        % {"count": number(count), "mode": names[mode].lower(), "percent": percent(count / total)}
        for mode, count in sorted(of_day.items(), key=lambda item: -item[1])
    ]
    text = _("Of the %(learners)s enrolled at the end of %(day)s, there were %(parts)s.")
    return text % {**values, "parts": listed(parts)}
