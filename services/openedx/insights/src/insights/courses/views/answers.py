"""Pages that consist of answers, each with its CSV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from django.http import Http404
from django.urls import path, reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from insights.courses.answers.download import download
from insights.courses.answers.section import section
from insights.courses.notes import flagged, notes_of
from insights.courses.views.base import CourseView, DataView
from insights.courses.views.date_range import DateRange, date_range_form, quick_links
from insights.data_api.runs import freshness

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from django.http import HttpRequest, HttpResponse
    from django.urls import URLPattern

    from insights.courses.answers.answer import Answer
    from insights.courses.models import Note
    from insights.courses.views.date_range import DateRangeForm


@dataclass(frozen=True)
class Tab:
    """A page beside this one: the name of its URL, and what links to it say."""

    key: str
    title: str


@dataclass(frozen=True)
class Above:
    """The page that leads to this one."""

    url: str
    title: str


class AnsweringView(DataView):
    """A page of answers; with `key` in its URL, the CSV of one of them."""

    def answers(self) -> list[Answer]:
        """The answers, in the order of the page."""
        raise NotImplementedError

    @property
    def query(self) -> str:
        """What the URLs of the CSVs need to be of the same data as the page."""
        return ""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """The page, or a CSV.

        Raises Http404 if there is no such answer.
        """
        key = kwargs.get("key")
        if key is None:
            return self.render_to_response(self.get_context_data())
        for answer in self.answers():
            if answer.key == key:
                return download(answer, self.file_name(answer))
        raise Http404

    def file_name(self, answer: Answer) -> str:
        """The name of an answer's CSV."""
        return answer.key

    def shown(self, answer: Answer) -> Answer:
        """An answer as the page has it."""
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the template shows."""
        return super().get_context_data(
            sections=[
                section(
                    self.shown(answer),
                    f"{answer.key}.csv" + (f"?{self.query}" if self.query else ""),
                )
                for answer in self.answers()
            ],
            **kwargs,
        )


class AnswersView(AnsweringView, CourseView):
    """A page of answers about one course."""

    template_name = "courses/answers.html"
    tabs: ClassVar[Sequence[Tab]] = ()
    tab: ClassVar[Tab | None] = None

    def link(self, name: str, parameter: str) -> Callable[[str], str]:
        """Makes addresses of a page of this course that takes an id in its query.

        Args:
            name: of the page's URL.
            parameter: the one that holds the id.
        """
        address = reverse(name, args=[self.course_id])
        return lambda block_id: f"{address}?{urlencode({parameter: block_id})}"

    def file_name(self, answer: Answer) -> str:
        """The name of an answer's CSV."""
        return f"{self.course_id}-{answer.key}"

    @cached_property
    def notes(self) -> list[Note]:
        """The course's notes."""
        return notes_of(self.course_id)

    def shown(self, answer: Answer) -> Answer:
        """An answer with the notes in its chart."""
        return flagged(answer, self.notes)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the template shows."""
        return super().get_context_data(tabs=self.tabs, tab=self.tab, **kwargs)


class DateRangeView(AnswersView):
    """A page of answers about some days, or all; `lengths` are those of the quick links."""

    lengths: ClassVar[Mapping[str, int]] = {
        _("Last 7 days"): 7,
        _("Last 30 days"): 30,
        _("Last 90 days"): 90,
    }

    @cached_property
    def form(self) -> DateRangeForm:
        """The form, with what the URL says."""
        return date_range_form(self.request.GET)

    @cached_property
    def chosen(self) -> DateRange:
        """The days that the page is about."""
        return DateRange.of(self.form)

    @cached_property
    def last_day(self) -> date | None:
        """The last day of the data that is over."""
        return freshness(self.data_api).until

    @property
    def last_known_day(self) -> date | None:
        """The last day of which something is known, over or not."""
        return self.today or self.last_day

    @property
    def last_shown_day(self) -> date | None:
        """The last day that the page can show."""
        return self.last_day

    @property
    def query(self) -> str:
        """The days."""
        return self.chosen.query

    def file_name(self, answer: Answer) -> str:
        """The name of an answer's CSV, with the days if some were chosen."""
        days = [day.isoformat() for day in (self.chosen.start, self.chosen.end) if day]
        return "-".join([super().file_name(answer), *days])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the template shows."""
        return super().get_context_data(
            form=self.form,
            quick_links=quick_links(self.chosen, self.lengths, self.last_shown_day),
            **kwargs,
        )


def answer_paths(route: str, view: type[AnsweringView], name: str) -> list[URLPattern]:
    """The URLs of a page and of its CSVs."""
    as_view = view.as_view()
    return [
        path(route, as_view, name=name),
        path(f"{route}<slug:key>.csv", as_view, name=f"{name}-csv"),
    ]
