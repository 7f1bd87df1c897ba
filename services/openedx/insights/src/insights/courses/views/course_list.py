"""The courses that a user sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyticsclient.exceptions import NotFoundError
from django.http import Http404
from django.utils.functional import cached_property

from insights.accounts.access import courses_of
from insights.courses.answers.download import download
from insights.courses.listing import (
    CourseSelection,
    all_courses,
    courses,
    heads,
    lines,
    page_of_courses,
)
from insights.courses.views.base import DataView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.http import HttpRequest, HttpResponse


class CoursesView(DataView):
    """Courses of the reader's, as the URL's parameters select them."""

    @cached_property
    def course_ids(self) -> Sequence[str] | None:
        """The courses that the reader sees; None stands for all."""
        return courses_of(self.request.user)

    @cached_property
    def selection(self) -> CourseSelection:
        """Which of them, and in which order."""
        return CourseSelection.of(self.request.GET)


class CourseListView(CoursesView):
    """A page of the list, with what all courses sum up to."""

    template_name = "courses/list.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The list.

        Raises Http404 if there are fewer pages.
        """
        try:
            listing = page_of_courses(self.data_api, self.course_ids, self.selection)
        except NotFoundError:
            raise Http404 from None
        return super().get_context_data(
            selection=self.selection,
            listing=listing,
            heads=heads(self.selection),
            lines=lines(listing.summaries),
            totals=self._totals(),
            can_compare=listing.count > 1,
            without_numbers=self._without_numbers(),
            **kwargs,
        )

    def _totals(self) -> dict[str, int] | None:
        """Sums over all courses that the reader sees; None if there are none."""
        if self.course_ids == []:
            return None
        totals: dict[str, int] = self.data_api.course_totals().course_totals(self.course_ids)
        return totals

    def _without_numbers(self) -> list[str]:
        """The reader's courses that the reports know nothing of yet."""
        if not self.course_ids:
            return []
        known = {
            summary["course_id"]
            for summary in all_courses(self.data_api, self.course_ids, CourseSelection())
        }
        return [course_id for course_id in self.course_ids if course_id not in known]


class CourseListDownloadView(CoursesView):
    """The whole list, searched and sorted alike, as CSV."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """The file."""
        summaries = all_courses(self.data_api, self.course_ids, self.selection)
        return download(courses(summaries), "courses")
