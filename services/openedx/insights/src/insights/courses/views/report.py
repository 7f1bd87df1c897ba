"""A course's week on one page, for the screen, for paper and as a PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from insights.courses.answers.download import attachment
from insights.courses.pages import REPORT
from insights.courses.report import Report, report
from insights.courses.report_pdf import TYPE, pdf
from insights.courses.views.answers import AnswersView
from insights.courses.views.base import CourseView
from insights.mail import subscriptions

if TYPE_CHECKING:
    from django.http import HttpRequest

    from insights.courses.answers.answer import Answer


class ReportView(AnswersView):
    """The report; its charts are pictures, and each has its numbers as a table and as CSV.

    A POST with `mail` has it sent to the reader every week (`on`), or no longer (`off`).
    """

    page = REPORT
    template_name = "courses/report.html"

    @cached_property
    def report(self) -> Report:
        """What it says."""
        return report(self.overview)

    def answers(self) -> list[Answer]:
        """Those of the charts."""
        return [card.answer for card in self.report.charts]

    def shown(self, answer: Answer) -> Answer:
        """An answer without notes: they are for who teaches, the report is handed round."""
        return answer

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """Start or stop the weekly mail, and lead back to the page, which says so.

        Raises Http404 where this site sends no mail.
        """
        if not subscriptions.is_offered() or "key" in kwargs:
            raise Http404
        wanted, user = request.POST.get("mail"), request.user
        if wanted == "on" and user.email:
            subscriptions.start(user, self.course_id, get_language())
            text = _("From now on, this report is sent to %(address)s every week.")
            messages.success(request, text % {"address": user.email})
        elif wanted == "off":
            subscriptions.stop(user, self.course_id)
            messages.success(request, _("This report is no longer sent to you."))
        return redirect("report", self.course_id)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the template shows."""
        context = super().get_context_data(overview=self.overview, report=self.report, **kwargs)
        figures = [card.figure for card in self.report.charts]
        return {
            **context,
            "pictures": list(zip(context["sections"], figures, strict=True)),
            "mail_is_offered": subscriptions.is_offered(),
            "mail_is_wanted": subscriptions.is_wanted(self.request.user, self.course_id),
        }


class ReportPdfView(CourseView):
    """The same as a PDF."""

    page = REPORT

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """The file."""
        headers = {"Content-Disposition": attachment(f"{self.course_id}-report", "pdf")}
        return HttpResponse(pdf(report(self.overview)), content_type=TYPE, headers=headers)
