"""The days that a page is about, as its reader chose them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.http import QueryDict

FIRST, LAST = date(1970, 1, 1), date(2100, 12, 31)
_DAY = timedelta(days=1)


class DateField(forms.DateField):
    """A day, chosen in the browser's calendar or written as 2026-01-31."""

    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    default_error_messages = {"invalid": gettext_lazy("This is no date. Write one as 2026-01-31.")}
    default_validators = [
        MinValueValidator(FIRST, gettext_lazy("Choose a date from 1970 on.")),
        MaxValueValidator(LAST, gettext_lazy("Choose a date up to 2100.")),
    ]


class DateRangeForm(forms.Form):
    """The first and the last day; without one, as far as the data go."""

    start = DateField(label=gettext_lazy("From"), required=False, input_formats=["%Y-%m-%d"])
    end = DateField(label=gettext_lazy("to"), required=False, input_formats=["%Y-%m-%d"])

    def clean(self) -> dict[str, date | None]:
        """The days; an error if they are in the wrong order."""
        days: dict[str, date | None] = super().clean()
        start, end = days.get("start"), days.get("end")
        if start and end and start > end:
            self.add_error("end", _("This is before the first day."))
        return days


@dataclass(frozen=True)
class QuickLink:
    """A range that many ask for: a query string, empty for all days."""

    title: str
    query: str
    is_current: bool


@dataclass(frozen=True)
class DateRange:
    """The days from `start` to `end`, both included; None is as far as the data go."""

    start: date | None = None
    end: date | None = None

    @classmethod
    def of(cls, form: DateRangeForm) -> DateRange:
        """What a form says; all days where it says nothing or nothing valid."""
        return cls(**form.cleaned_data) if form.is_bound and form.is_valid() else cls()

    @property
    def query(self) -> str:
        """It as a query string."""
        days = {"start": self.start, "end": self.end}
        return urlencode({name: day.isoformat() for name, day in days.items() if day})

    @property
    def start_date(self) -> str:
        """The first day, as the Data API takes it: never none, which would ask for one day only."""
        return (self.start or FIRST).isoformat()

    def length(self, last_day: date | None) -> int | None:
        """How many of its days the data may have, by their last day; None: it has no first day."""
        end = min((day for day in (self.end, last_day) if day), default=None)
        if self.start is None or end is None or end < self.start:
            return None
        return (end - self.start).days + 1

    def compared_from(self, last_day: date | None) -> str:
        """The first day of the range before it, which is as long, or a week before it.

        From it on there is something to compare with.
        """
        days = max(self.length(last_day) or 0, 7)
        start = self.start or FIRST
        return (start - min(days, (start - date.min).days) * _DAY).isoformat()

    @property
    def end_date(self) -> str | None:
        """The day after the last one, as the Data API takes it."""
        return (self.end + _DAY).isoformat() if self.end else None


def date_range_form(query: QueryDict) -> DateRangeForm:
    """The form with what a query string says, if it says anything."""
    given = {name: query[name] for name in ("start", "end") if query.get(name)}
    return DateRangeForm(given or None)


def quick_links(
    chosen: DateRange, lengths: Mapping[str, int], last_day: date | None
) -> list[QuickLink]:
    """Links to all days, and to so many up to the last one of the data; `lengths` are by title."""
    ranges = {_("All"): DateRange()}
    if last_day:
        for title, days in lengths.items():
            ranges[title] = DateRange(last_day - _DAY * (days - 1), last_day)
    return [QuickLink(title, days.query, days == chosen) for title, days in ranges.items()]
