"""All that the pages about a course show, as one file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.utils.translation import gettext as _

from insights.courses.answers.download import attachment
from insights.courses.answers.formats import day
from insights.courses.answers.workbook import TYPE, workbook
from insights.courses.pages import HOME
from insights.courses.views.base import CourseView
from insights.courses.views.engagement import EngagementBySectionView, EngagementView, VideosView
from insights.courses.views.enrollment import (
    AgeView,
    EducationView,
    EnrollmentView,
    GenderView,
    GeographyView,
)
from insights.courses.views.performance import GradedView, OutcomesView, UngradedView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpRequest

    from insights.courses.answers.answer import Answer
    from insights.courses.views.answers import AnswersView

PAGES: tuple[type[AnswersView], ...] = (
    *(EnrollmentView, AgeView, EducationView, GenderView, GeographyView),
    *(EngagementView, EngagementBySectionView, VideosView, GradedView, UngradedView, OutcomesView),
)
"""The pages whose answers are about the course as a whole; none is about single learners."""


class CourseWorkbookView(CourseView):
    """Every answer about the course, for all days, as an Excel workbook."""

    page = HOME

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The file."""
        facts = [self.course_id, *self._freshness()]
        content = workbook(self.course_name, facts, [*self._answers(request, *args, **kwargs)])
        headers = {"Content-Disposition": attachment(self.course_id, "xlsx")}
        return HttpResponse(content, content_type=TYPE, headers=headers)

    def _answers(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> Iterator[tuple[str, Answer]]:
        for page in PAGES:
            view = page()
            view.setup(request, *args, **kwargs)
            for answer in view.answers():
                yield str(page.tab.title if page.tab else page.page.title), answer

    def _freshness(self) -> Iterator[str]:
        if self.freshness.until:
            yield _("Data until %(day)s") % {"day": day(self.freshness.until)}
        if self.today:
            yield _("%(day)s so far") % {"day": day(self.today)}
