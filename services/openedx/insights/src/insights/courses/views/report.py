"""A course's week on one page, for the screen, for paper and as a PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.utils.functional import cached_property

from insights.courses.answers.download import attachment
from insights.courses.pages import REPORT
from insights.courses.report import Report, report
from insights.courses.report_pdf import TYPE, pdf
from insights.courses.views.answers import AnswersView
from insights.courses.views.base import CourseView

if TYPE_CHECKING:
    from django.http import HttpRequest

    from insights.courses.answers.answer import Answer


class ReportView(AnswersView):
    """The report; its charts are pictures, and each has its numbers as a table and as CSV."""

    page = REPORT
    template_name = "courses/report.html"

    @cached_property
    def report(self) -> Report:
        """What it says."""
        return report(self.overview)

    def answers(self) -> list[Answer]:
        """Those of the charts."""
        return [card.answer for card in self.report.charts]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the template shows."""
        context = super().get_context_data(overview=self.overview, report=self.report, **kwargs)
        figures = [card.figure for card in self.report.charts]
        return {**context, "pictures": list(zip(context["sections"], figures, strict=True))}


class ReportPdfView(CourseView):
    """The same as a PDF."""

    page = REPORT

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """The file."""
        headers = {"Content-Disposition": attachment(f"{self.course_id}-report", "pdf")}
        return HttpResponse(pdf(report(self.overview)), content_type=TYPE, headers=headers)
