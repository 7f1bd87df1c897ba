"""How many learners are enrolled, and in which modes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from insights.charts.chart import Chart, Form
from insights.courses.answers.answer import Answer, Column, Kind, Table
from insights.courses.answers.formats import day, days_before, learners, listed, number, percent
from insights.courses.answers.rows import by_day

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from insights.courses.answers.rows import ApiRow

WEEK = timedelta(days=7)


def enrollment(
    rows: Sequence[ApiRow],
    start: date | None = None,
    length: int | None = None,
    today: date | None = None,
) -> Answer:
    """Learners enrolled at the end of each day; days before `start` are there to compare with.

    They are compared with those `length` days earlier, and their last day with that of a week
    earlier where there is no length. `today` is the day that is not over, if there is one.
    """
    known: dict[date, int] = {at: row["count"] for at, row in by_day(rows, today=today)}
    counts = {at: count for at, count in known.items() if start is None or at >= start}
    return Answer(
        key="enrollment",
        question=_("How many learners are enrolled?"),
        finding=_enrollment_finding(counts, known, length),
        table=Table(
            (
                Column("date", _("Date"), Kind.DATE),
                Column("count", _("Learners enrolled"), Kind.COUNT, counted=_("enrolled")),
                *before_column(length),
            ),
            tuple(
                (at, count, *before(known, at, timedelta(days=length or 0)))
                for at, count in counts.items()
            ),
        ),
        chart=Chart(Form.AREAS, "date", ("count",), before=BEFORE if length else None)
        if len(counts) > 1
        else None,
    )


BEFORE = "before"


def before_column(length: int | None) -> list[Column]:
    """The column of counts so many days earlier; none where there is no length."""
    if not length:
        return []
    ago = days_before(length)
    return [Column(BEFORE, sentence(ago), Kind.COUNT, counted=ago)]


def sentence(text: str) -> str:
    """A text with its first letter as a sentence has it."""
    return text[:1].upper() + text[1:]


def before(known: Mapping[date, int], at: date, distance: timedelta) -> list[int | None]:
    """What is known of a day, that far back; nothing where that is no distance."""
    return [known.get(at - distance)] if distance else []


def _enrollment_finding(counts: dict[date, int], known: dict[date, int], length: int | None) -> str:
    if not counts:
        return _("No learner is known to have been enrolled in this time.")
    first, last = min(counts), max(counts)
    days = length or WEEK.days
    earlier = known.get(last - timedelta(days=days))
    sentences = [_at_the_end(counts[last], last, earlier, days_before(days))]
    if length and earlier is None:
        sentences.append(not_known(days_before(days)))
    if first < last:
        sentences.append(_range(first, counts.values()))
    return " ".join(sentences)


def not_known(ago: str) -> str:
    """That a comparison finds nothing; `ago` is such as "30 days before"."""
    return _("How it was %(ago)s is not known: the data do not reach back so far.") % {"ago": ago}


def _at_the_end(count: int, last: date, earlier: int | None, ago: str) -> str:
    values = {"learners": learners(count), "day": day(last), "ago": ago}
    if earlier is None:
        text = ngettext(
            "%(learners)s was enrolled at the end of %(day)s.",
            "%(learners)s were enrolled at the end of %(day)s.",
            count,
        )
        return text % values
    if count == earlier:
        text = ngettext(
            "%(learners)s was enrolled at the end of %(day)s, as many as %(ago)s.",
            "%(learners)s were enrolled at the end of %(day)s, as many as %(ago)s.",
            count,
        )
        return text % values
    text = ngettext(
        "%(learners)s was enrolled at the end of %(day)s, %(change)s than %(ago)s.",
        "%(learners)s were enrolled at the end of %(day)s, %(change)s than %(ago)s.",
        count,
    )
    return text % {**values, "change": change(count - earlier)}


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
        "audit": pgettext("enrollment mode", "Audit"),
        "honor": pgettext("enrollment mode", "Honor"),
        "verified": pgettext("enrollment mode", "Verified"),
        "professional": pgettext("enrollment mode", "Professional"),
        "credit": pgettext("enrollment mode", "Credit"),
        "masters": pgettext("enrollment mode", "Master’s"),
    }


def enrollment_modes(
    rows: Sequence[ApiRow],
    start: date | None = None,
    length: int | None = None,
    today: date | None = None,
) -> Answer:
    """Learners enrolled at the end of each day by mode; modes without a learner are left out.

    The total counts all modes; those that the Data API does not name are shown as one. Days before
    `start` are there to compare the total with that of `length` days earlier. `today` is the day
    that is not over, if there is one.
    """
    known = by_day(rows, today=today)
    totals: dict[date, int] = {at: row["count"] for at, row in known}
    days = [(at, row) for at, row in known if start is None or at >= start]
    names = {**_mode_names(), "others": _("Other modes")}
    counts = {at: _counts_by_mode(row) for at, row in days}
    modes = [mode for mode in names if any(of_day[mode] for of_day in counts.values())]
    return Answer(
        key="enrollment-modes",
        question=_("In which modes are they enrolled?"),
        finding=" ".join(
            [
                _modes_finding(days, counts, {mode: names[mode] for mode in modes}),
                *_totals_before(totals, days, length),
            ]
        ),
        table=Table(
            (
                Column("date", _("Date"), Kind.DATE),
                *(Column(mode, names[mode], Kind.COUNT, names[mode].lower()) for mode in modes),
                Column("count", _("All modes"), Kind.COUNT),
                *before_column(length),
            ),
            tuple(
                (
                    at,
                    *(counts[at][mode] for mode in modes),
                    row["count"],
                    *before(totals, at, timedelta(days=length or 0)),
                )
                for at, row in days
            ),
        ),
        chart=Chart(Form.AREAS, "date", tuple(modes), before=BEFORE if length else None)
        if len(days) > 1 and modes
        else None,
    )


def _totals_before(
    totals: dict[date, int], days: list[tuple[date, ApiRow]], length: int | None
) -> list[str]:
    if not days or not length:
        return []
    last = days[-1][0]
    earlier, ago = totals.get(last - timedelta(days=length)), days_before(length)
    if earlier is None:
        return [not_known(ago)]
    if earlier == totals[last]:
        return [_("All modes together are as many as %(ago)s.") % {"ago": ago}]
    text = _("All modes together are %(change)s than %(ago)s.")
    return [text % {"change": change(totals[last] - earlier), "ago": ago}]


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
