"""Where learners are, by the addresses that they come from."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_countries import countries

from insights.charts.chart import Chart, Form
from insights.charts.world import shape_of
from insights.courses.answers.answer import Answer, Column, Kind, Table
from insights.courses.answers.formats import day, learners, listed, number, percent, share
from insights.courses.answers.rows import day_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from insights.courses.answers.rows import ApiRow

NAMED = 3  # the countries that a finding names


def geography(rows: Sequence[ApiRow], today: date | None = None) -> Answer:
    """Learners by country, most first; those whose country nobody knows come last, as one row.

    `today` is the day that is not over, if there is one.
    """
    counts: Counter[str | None] = Counter()
    for row in rows:
        counts[row["country"]["alpha2"]] += row["count"]
    unknown, total = counts.pop(None, 0), sum(row["count"] for row in rows)
    known = {
        code: count
        for code, count in sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
        if code and count
    }
    shown_rows: list[tuple[str, str | None, int]] = [
        (country_name(code), code, count) for code, count in known.items()
    ]
    if unknown:
        shown_rows.append((_("Unknown"), None, unknown))
    return Answer(
        key="countries",
        question=_("Where are the learners?"),
        finding=_finding(known, unknown, day_in(rows[0]["date"], today) if total else None),
        table=Table(
            (
                Column("country", _("Country"), Kind.TEXT),
                Column("code", _("Country code"), Kind.CODE),
                Column("count", _("Learners"), Kind.COUNT, counted=_("enrolled")),
                Column("share", _("Share of all enrolled"), Kind.SHARE),
            ),
            tuple((*row, share(row[-1], total)) for row in shown_rows),
        ),
        chart=Chart(Form.MAP, "country", ("count",), place="code") if known else None,
    )


def country_name(code: str) -> str:
    """A country's name in the language of the page; its code where that stands for none."""
    return str(countries.name(code)) or code


def _finding(known: Mapping[str, int], unknown: int, at: date | None) -> str:
    if at is None:
        return _("Nobody is enrolled whose country could be known.")
    total = sum(known.values()) + unknown
    if not known:
        text = ngettext(
            "The country of the %(learners)s enrolled at the end of %(day)s is not known.",
            "The country of none of the %(learners)s enrolled at the end of %(day)s is known.",
            total,
        )
        return text % {"learners": learners(total), "day": day(at)}
    sentences = [_most(known, total, at), _unknown(unknown, total)]
    if absent := [country_name(code) for code in known if shape_of(code) is None]:
        text = _("The map has no shape of %(names)s: see the table.")
        sentences.append(text % {"names": listed(absent)})
    return " ".join(sentences)


def _most(known: Mapping[str, int], total: int, at: date) -> str:
    text = ngettext(
        "The %(learners)s enrolled at the end of %(day)s come from %(count)s country: %(names)s.",
        "The %(learners)s enrolled at the end of %(day)s come from %(count)s countries,"
        " most of them from %(names)s.",
        len(known),
    )
    names = [
        _("%(name)s (%(count)s, %(percent)s)")
        % {"name": country_name(code), "count": number(count), "percent": percent(count / total)}
        for code, count in list(known.items())[:NAMED]
    ]
    return text % {
        "learners": learners(total),
        "day": day(at),
        "count": number(len(known)),
        "names": listed(names),
    }


def _unknown(unknown: int, total: int) -> str:
    if not unknown:
        return _("No country is unknown.")
    text = ngettext(
        "The country of %(learners)s (%(percent)s) is not known.",
        "The country of %(learners)s (%(percent)s) is not known.",
        unknown,
    )
    return text % {"learners": learners(unknown), "percent": percent(unknown / total)}
