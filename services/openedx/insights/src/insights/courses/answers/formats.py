"""Values as people read them, in the language of the page, and as CSV carries them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from insights.courses.answers.answer import Kind, SoFar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from insights.courses.answers.answer import Column, Value

NOTHING = "–"


def shown(value: Value, column: Column) -> str:
    """A value for people."""
    if value is None:
        return column.missing or NOTHING
    match column.kind, value:
        case Kind.DATE, date():
            return day(value)
        case Kind.COUNT, int():
            return number(value)
        case Kind.SHARE, int() | float():
            return percent(value)
        case Kind.RATIO, int() | float():
            # Django cuts decimals off.
            return number_format(round(value, 1), decimal_pos=1, use_l10n=True, force_grouping=True)
        case Kind.DURATION, int():
            return minutes(value)
    return str(value)


def plain(value: Value, column: Column) -> str | int | float:
    """A value for programs: ISO dates, whole numbers, shares of 1, seconds.

    After the date of a day that is not over it says so.
    """
    if value is None:
        return column.missing
    if isinstance(value, SoFar):
        return _so_far(value.isoformat())
    if isinstance(value, date):
        return value.isoformat()
    if column.kind is Kind.SHARE and isinstance(value, float):
        return round(value, 4)
    return value


def titled(column: Column) -> str:
    """A column's title, with the unit that `plain` values have none of."""
    if column.kind is Kind.DURATION:
        return _("%(title)s (seconds)") % {"title": column.title}
    return column.title


def number(value: int) -> str:
    """A whole number with separators: 1,203."""
    return number_format(value, decimal_pos=0, use_l10n=True, force_grouping=True)


def day(value: date) -> str:
    """A date without its weekday; whether the day is not over."""
    text = date_format(value, "DATE_FORMAT")
    return _so_far(text) if isinstance(value, SoFar) else text


def _so_far(day: str) -> str:
    return _("%(day)s (so far)") % {"day": day}


def percent(share: float) -> str:
    """A share as whole percent; what is more than nothing and less than all never looks so."""
    if 0 < share < 0.005:
        return _("<1%")
    if 0.995 <= share < 1:
        return _(">99%")
    return _("%(number)s%%") % {"number": number(round(share * 100))}


def minutes(seconds: int) -> str:
    """A length or a position of a video: 3:05, 1:03:05."""
    whole, rest = divmod(seconds, 60)
    hours, whole = divmod(whole, 60)
    return f"{hours}:{whole:02}:{rest:02}" if hours else f"{whole}:{rest:02}"


def learners(count: int) -> str:
    """So many learners."""
    return ngettext("%(count)s learner", "%(count)s learners", count) % {"count": number(count)}


def days_before(days: int) -> str:
    """So many days earlier."""
    return ngettext("%(count)s day before", "%(count)s days before", days) % {"count": number(days)}


def weeks_before(weeks: int) -> str:
    """So many weeks earlier."""
    return ngettext("%(count)s week before", "%(count)s weeks before", weeks) % {
        "count": number(weeks)
    }


def listed(parts: Sequence[str]) -> str:
    """Parts of a sentence: "a", "a and b", "a, b and c"."""
    if len(parts) < 2:
        return "".join(parts)
    return _("%(first)s and %(last)s") % {"first": ", ".join(parts[:-1]), "last": parts[-1]}


def share(part: int, whole: int) -> float | None:
    """A part of a whole, which may be nothing."""
    return part / whole if whole else None
