"""Who the learners are: age, level of education and gender, as they stated them.

What they did not state is always shown, as "Unknown", and shares are of all learners enrolled.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from insights.charts.chart import Chart, Form, Mark
from insights.courses.answers.answer import Answer, Column, Kind, Table
from insights.courses.answers.formats import day, learners, listed, number, percent, share
from insights.courses.answers.rows import by_day, day_in
from insights.data_api.times import day_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from insights.courses.answers.rows import ApiRow

OLDEST = 120  # years; a year of birth before that, or to come, tells no age
NAMED = 3  # the most frequent answers that a finding names
YOUNGER, OLDER = 25, 41  # the ages up to which, and from which on, there is one group


def _shares_table(column: Column, counts: Mapping[Any, int]) -> Table:
    total = sum(counts.values())
    return Table(
        (
            column,
            Column("count", _("Learners"), Kind.COUNT, counted=_("enrolled")),
            Column("share", _("Share of all enrolled"), Kind.SHARE),
        ),
        tuple((value, count, share(count, total)) for value, count in counts.items()),
    )


def _shares_chart(key: str) -> Chart:
    return Chart(Form.BARS, key, ("count",), share="share", apart=_("Unknown"))


def ages(rows: Sequence[ApiRow], today: date | None = None) -> tuple[Answer, Answer]:
    """Learners by groups of age and by age, the year of the data's day less the year of birth.

    `today` is the day that is not over, if there is one: here, and below.
    """
    counts: Counter[int | None] = Counter()
    for row in rows:
        counts[_age(row["birth_year"], day_of(row["date"]))] += row["count"]
    at = day_in(rows[0]["date"], today) if rows else None
    return _age_groups(counts, at), _ages(counts)


def _age(birth_year: int | None, at: date) -> int | None:
    if birth_year is None:
        return None
    age = at.year - birth_year
    return age if 0 <= age <= OLDEST else None


def _age_groups(counts: Counter[int | None], at: date | None) -> Answer:
    groups = dict.fromkeys(
        (
            _("%(age)s and younger") % {"age": YOUNGER},
            _("%(from)s to %(to)s") % {"from": YOUNGER + 1, "to": OLDER - 1},
            _("%(age)s and older") % {"age": OLDER},
            _("Unknown"),
        ),
        0,
    )
    names = list(groups)
    for age, count in counts.items():
        groups[names[_group(age)]] += count
    return Answer(
        key="age-groups",
        question=_("How old are the learners?"),
        finding=_groups_finding(groups, at),
        table=_shares_table(
            Column("age", _("Age in years"), Kind.TEXT), groups if any(groups.values()) else {}
        ),
        chart=_shares_chart("age") if any(groups.values()) else None,
    )


def _group(age: int | None) -> int:
    """The place of an age's group: younger, between, older, unknown."""
    if age is None:
        return 3
    return (age > YOUNGER) + (age >= OLDER)


def _groups_finding(groups: Mapping[str, int], at: date | None) -> str:
    total = sum(groups.values())
    if not total or at is None:
        return _("Nobody is enrolled whose age could be known.")
    younger, between, older, unknown = groups.values()
    if unknown == total:
        return _nobody_stated(total, at)
    text = _(
        "Of the %(learners)s enrolled at the end of %(day)s, %(younger)s are %(young)s or younger,"
        " %(between)s are %(from)s to %(to)s and %(older)s are %(old)s or older."
    )
    sentence = text % {
        "learners": learners(total),
        "day": day(at),
        "young": YOUNGER,
        "from": YOUNGER + 1,
        "to": OLDER - 1,
        "old": OLDER,
        "younger": percent(younger / total),
        "between": percent(between / total),
        "older": percent(older / total),
    }
    return f"{sentence} {_unknown(unknown, total)}"


def _ages(counts: Counter[int | None]) -> Answer:
    known = {age: count for age, count in counts.items() if age is not None and count}
    median = _median(known)
    table: dict[int | None, int] = {age: known[age] for age in sorted(known)}
    if counts[None]:
        table[None] = counts[None]
    return Answer(
        key="ages",
        question=_("How are the ages spread?"),
        finding=_ages_finding(known, median),
        table=_shares_table(
            Column("age", _("Age in years"), Kind.COUNT, missing=_("Unknown")), table
        ),
        chart=None
        if median is None
        else Chart(
            Form.COLUMNS,
            "age",
            ("count",),
            point=_("Age {}"),
            mark=Mark(median, _("half are %(age)s or younger") % {"age": number(median)}),
        ),
    )


def _median(known: Mapping[int, int]) -> int | None:
    """The lowest age that at least half of the learners do not exceed."""
    half, seen = sum(known.values()) / 2, 0
    for age in sorted(known):
        seen += known[age]
        if seen >= half:
            return age
    return None


def _ages_finding(known: Mapping[int, int], median: int | None) -> str:
    if median is None:
        return _("No age is known.")
    youngest, oldest, total = min(known), max(known), sum(known.values())
    if youngest == oldest:
        text = ngettext(
            "The one learner whose age is known is %(age)s.",
            "All %(learners)s whose age is known are %(age)s.",
            total,
        )
        return text % {"learners": learners(total), "age": number(median)}
    text = _(
        "Half of the learners whose age is known are %(median)s or younger;"
        " the youngest are %(youngest)s, the oldest %(oldest)s."
    )
    return text % {
        "median": number(median),
        "youngest": number(youngest),
        "oldest": number(oldest),
    }


def _education_names() -> dict[str, str]:
    """Levels in order; "other" is a level that learners state."""
    return {
        "none": _("No formal education"),
        "primary": _("Primary school"),
        "junior_secondary": _("Middle school"),
        "secondary": _("High school"),
        "associates": _("Associate degree"),
        "bachelors": _("Bachelor’s degree"),
        "masters": _("Master’s degree"),
        "doctorate": _("Doctorate"),
        "other": _("Other"),
    }


def education(rows: Sequence[ApiRow], today: date | None = None) -> Answer:
    """Learners by level of education; codes that nobody knows count as other."""
    names = _education_names()
    counts = dict.fromkeys((*names.values(), _("Unknown")), 0)
    for row in rows:
        level = row["education_level"]
        name = _("Unknown") if level is None else names.get(level, names["other"])
        counts[name] += row["count"]
    return _stated(
        key="education",
        question=_("What is their highest level of education?"),
        column=Column("level", _("Level of education"), Kind.TEXT),
        counts=counts,
        at=day_in(rows[0]["date"], today) if rows else None,
    )


def gender(rows: Sequence[ApiRow], today: date | None = None) -> Answer:
    """Learners by gender on the latest day that there is."""
    at, row = by_day(rows, today=today)[-1] if rows else (None, {})
    names = {
        "female": _("Female"),
        "male": _("Male"),
        "other": _("Other"),
        "unknown": _("Unknown"),
    }
    return _stated(
        key="gender",
        question=_("What is their gender?"),
        column=Column("gender", _("Gender"), Kind.TEXT),
        counts={name: row.get(member, 0) for member, name in names.items()},
        at=at,
    )


def _stated(
    key: str, question: str, column: Column, counts: Mapping[str, int], at: date | None
) -> Answer:
    """Learners by what they stated; the last count is of those who stated nothing."""
    total = sum(counts.values())
    return Answer(
        key=key,
        question=question,
        finding=_stated_finding(counts, total, at),
        table=_shares_table(column, counts if total else {}),
        chart=_shares_chart(column.key) if total else None,
    )


def _stated_finding(counts: Mapping[str, int], total: int, at: date | None) -> str:
    if not total or at is None:
        return _("Nobody is enrolled who could have stated it.")
    *stated, (_name, unknown) = counts.items()
    if unknown == total:
        return _nobody_stated(total, at)
    most = sorted((item for item in stated if item[1]), key=lambda item: -item[1])[:NAMED]
    text = _("Most often stated by the %(learners)s enrolled at the end of %(day)s: %(names)s.")
    names = [
        _("%(name)s (%(count)s, %(percent)s)")
        % {"name": name.lower(), "count": number(count), "percent": percent(count / total)}
        for name, count in most
    ]
    values = {"learners": learners(total), "day": day(at), "names": listed(names)}
    return f"{text % values} {_unknown(unknown, total)}"


def _nobody_stated(total: int, at: date) -> str:
    text = ngettext(
        "The %(learners)s enrolled at the end of %(day)s has not stated it.",
        "None of the %(learners)s enrolled at the end of %(day)s has stated it.",
        total,
    )
    return text % {"learners": learners(total), "day": day(at)}


def _unknown(unknown: int, total: int) -> str:
    if not unknown:
        return _("All have stated it.")
    text = ngettext(
        "It is not known for %(learners)s (%(percent)s).",
        "It is not known for %(learners)s (%(percent)s).",
        unknown,
    )
    return text % {"learners": learners(unknown), "percent": percent(unknown / total)}
