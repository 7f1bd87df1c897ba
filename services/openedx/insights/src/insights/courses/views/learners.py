"""Who learns in a course, what each of them does, and reports on them that are files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from analyticsclient.exceptions import NotFoundError
from django.http import Http404, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from insights.accounts import audit
from insights.courses import learners as roster
from insights.courses.answers import learner as answers
from insights.courses.answers.download import stream
from insights.courses.answers.formats import shown
from insights.courses.answers.rows import known
from insights.courses.answers.section import NUMBERS
from insights.courses.pages import LEARNERS
from insights.courses.views.answers import DateRangeView, Tab
from insights.courses.views.base import CourseView
from insights.data_api.errors import DataApiDown, DataApiSlow
from insights.data_api.times import moment_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from django.http import HttpRequest, HttpResponse, HttpResponseBase

    from insights.courses.answers.answer import Answer
    from insights.courses.answers.rows import ApiRow

ROSTER = Tab("learners", _("All learners"))
REPORTS = Tab("learner-reports", _("Reports as files"))
# What tells of single learners, the reader's browser does not keep either.
NOBODY: Mapping[str, bool] = {"private": True, "no_store": True}


class LearnersView(CourseView):
    """What the pages about learners share."""

    page = LEARNERS
    tabs: ClassVar[Sequence[Tab]] = (ROSTER, REPORTS)
    tab: ClassVar[Tab]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the template shows."""
        return super().get_context_data(tabs=self.tabs, tab=self.tab, **kwargs)


class RosterView(LearnersView):
    """A page of the learners, as the URL's parameters select them."""

    keeping = NOBODY
    tab = ROSTER
    template_name = "courses/learners.html"

    @cached_property
    def selection(self) -> roster.LearnerSelection:
        """Which of them, and in which order."""
        return roster.LearnerSelection.of(self.request.GET)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The list; without it where the part of the Data API that has it does not answer.

        Raises Http404 if there are fewer pages.
        """
        return super().get_context_data(
            selection=self.selection, meanings=roster.segment_meanings(), **self._list(), **kwargs
        )

    def _list(self) -> dict[str, Any]:
        try:
            listing = roster.page_of_learners(self.data_api, self.course_id, self.selection)
            metadata = self.data_api.learner_metadata(self.course_id)
        except NotFoundError:
            raise Http404 from None
        except (DataApiDown, DataApiSlow):
            return {"is_away": True}
        audit.record(self.request, audit.Action.OPENED_ROSTER, self.course_id)
        return {
            "listing": listing,
            "filters": roster.filters(metadata, self.selection),
            "heads": roster.heads(self.selection),
            "lines": roster.lines(listing.learners, self.selection),
        }


class RosterDownloadView(RosterView):
    """All learners that the URL's parameters select, as CSV."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ARG002
        """The file."""
        parts = roster.rows(self.data_api, self.course_id, self.selection)
        audit.record(request, audit.Action.DOWNLOADED_ROSTER, self.course_id)
        return stream(roster.columns(), parts, f"{self.course_id}-learners")


class LearnerView(DateRangeView):
    """One learner: who it is, and what was done in some days, or all."""

    keeping = NOBODY
    page = LEARNERS
    template_name = "courses/learner.html"
    username: str

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Take the learner's name from the URL."""
        super().setup(request, *args, **kwargs)
        self.username = kwargs["username"]

    @cached_property
    def learner(self) -> ApiRow:
        """The learner.

        Raises Http404 if there is none of that name in the course.
        """
        try:
            return self.data_api.learner(self.course_id, self.username)
        except NotFoundError:
            raise Http404 from None

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The page, or a CSV, noted in the audit trail."""
        username = self.learner["username"]
        action = audit.Action.DOWNLOADED_LEARNER if "key" in kwargs else audit.Action.OPENED_LEARNER
        audit.record(request, action, self.course_id, username)
        return super().get(request, *args, **kwargs)

    def file_name(self, answer: Answer) -> str:
        """The name of an answer's CSV, with the learner's."""
        return f"{super().file_name(answer)}-{self.username}"

    def answers(self) -> list[Answer]:
        """The timeline."""
        days = known(lambda: self.data_api.engagement_timeline(self.course_id, self.username))
        length = self.chosen.length(self.last_known_day)
        return [answers.timeline(days, self.chosen.start, self._until, length, self.today)]

    @property
    def _until(self) -> date | None:
        """The last day that is both chosen and in the data."""
        days = (self.chosen.end, self.last_known_day)
        return min((day for day in days if day), default=None)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the template shows."""
        done = roster.row(self.learner)
        week = [
            (column.title, shown(value, column))
            for column, value in zip(roster.columns(), done, strict=True)
            if column.kind in NUMBERS
        ]
        return super().get_context_data(
            username=roster.short(self.username),
            name=roster.short(self.learner["name"] or self.username),
            account_url=self.learner["account_url"],
            profile=roster.profile(self.learner),
            week=week,
            **kwargs,
        )


@dataclass(frozen=True)
class Report:
    """A report that is a file.

    Attributes:
        name: the Data API's.
        title: what links to it say.
        about: what is in it.
        action: how the audit trail calls its download.
    """

    name: str
    title: str
    about: str
    action: str


_ENGAGEMENT = _("What each learner did: problems, videos, discussions, textbook, last subsection.")
FILES = {
    report.name: report
    for report in (
        Report(
            "problem_response",
            _("Responses to problems"),
            _("Each learner’s last response to each part of a problem, its score and attempts."),
            audit.Action.DOWNLOADED_RESPONSES,
        ),
        Report(
            "student_engagement_daily",
            _("Engagement of the last day"),
            _ENGAGEMENT,
            audit.Action.DOWNLOADED_ROSTER,
        ),
        Report(
            "student_engagement_weekly",
            _("Engagement of the last week"),
            _ENGAGEMENT,
            audit.Action.DOWNLOADED_ROSTER,
        ),
        Report(
            "student_engagement_all",
            _("Engagement of all days"),
            _ENGAGEMENT,
            audit.Action.DOWNLOADED_ROSTER,
        ),
    )
}


@dataclass(frozen=True)
class ReportLine:
    """A report in the list; without a time where there is no file of it."""

    report: Report
    written: datetime | None = None
    size: str = ""


class ReportsView(LearnersView):
    """The reports that are files."""

    tab = REPORTS
    template_name = "courses/reports.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the template shows; without the list where the Data API has no reports' folder."""
        try:
            lines = [self._line(report) for report in FILES.values()]
        except (DataApiDown, DataApiSlow):
            lines = []
        return super().get_context_data(lines=lines, **kwargs)

    def _line(self, report: Report) -> ReportLine:
        try:
            found = self.data_api.report_link(self.course_id, report.name)
        except NotFoundError:
            return ReportLine(report)
        size = filesizeformat(found["file_size"])
        return ReportLine(report, moment_of(found["last_modified"]), size)


class ReportDownloadView(LearnersView):
    """A report: the Data API hands it out, by a link that is made now and good for two minutes."""

    keeping = NOBODY

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:  # noqa: ARG002
        """The way to the file.

        Raises Http404 if there is none of that name.
        """
        report = FILES.get(kwargs["key"])
        try:
            if report is None:
                raise Http404
            link = self.data_api.report_link(self.course_id, report.name)
        except NotFoundError:
            raise Http404 from None
        audit.record(request, report.action, self.course_id)
        return HttpResponseRedirect(link["download_url"])
