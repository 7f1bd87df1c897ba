"""The pages about courses."""

from __future__ import annotations

from django.urls import path, register_converter

from insights.courses.keys import CourseIdConverter
from insights.courses.views.answers import answer_paths
from insights.courses.views.compare import CompareView
from insights.courses.views.course_list import CourseListDownloadView, CourseListView
from insights.courses.views.engagement import (
    EngagementBySectionView,
    EngagementView,
    VideoSectionView,
    VideosView,
    VideoView,
)
from insights.courses.views.enrollment import (
    AgeView,
    EducationView,
    EnrollmentView,
    GenderView,
    GeographyView,
)
from insights.courses.views.home import CourseHomeView
from insights.courses.views.learners import (
    LearnerView,
    ReportDownloadView,
    ReportsView,
    RosterDownloadView,
    RosterView,
)
from insights.courses.views.notes import NoteRemovalView, NotesView, NoteView
from insights.courses.views.performance import (
    AssignmentView,
    GradedView,
    OutcomesView,
    ProblemView,
    SectionView,
    UngradedView,
)
from insights.courses.views.report import ReportPdfView, ReportView
from insights.courses.views.workbook import CourseWorkbookView

register_converter(CourseIdConverter, "course_id")

_COURSE = "<course_id:course_id>"
_DEMOGRAPHICS = f"{_COURSE}/enrollment/demographics"

urlpatterns = [
    path("", CourseListView.as_view(), name="courses"),
    path("courses.csv", CourseListDownloadView.as_view(), name="courses-csv"),
    # Before all that begins with a course id, which it is not.
    *answer_paths("compare/", CompareView, "compare"),
    path(f"{_COURSE}/", CourseHomeView.as_view(), name="course"),
    path(f"{_COURSE}/course.xlsx", CourseWorkbookView.as_view(), name="course-workbook"),
    *answer_paths(f"{_COURSE}/report/", ReportView, "report"),
    path(f"{_COURSE}/report.pdf", ReportPdfView.as_view(), name="report-pdf"),
    *answer_paths(f"{_COURSE}/enrollment/activity/", EnrollmentView, "enrollment"),
    *answer_paths(f"{_DEMOGRAPHICS}/age/", AgeView, "demographics"),
    *answer_paths(f"{_DEMOGRAPHICS}/education/", EducationView, "demographics-education"),
    *answer_paths(f"{_DEMOGRAPHICS}/gender/", GenderView, "demographics-gender"),
    *answer_paths(f"{_COURSE}/enrollment/geography/", GeographyView, "geography"),
    *answer_paths(f"{_COURSE}/engagement/content/", EngagementView, "engagement"),
    *answer_paths(
        f"{_COURSE}/engagement/sections/", EngagementBySectionView, "engagement-sections"
    ),
    *answer_paths(f"{_COURSE}/engagement/videos/", VideosView, "videos"),
    *answer_paths(f"{_COURSE}/engagement/videos/section/", VideoSectionView, "videos-section"),
    *answer_paths(f"{_COURSE}/engagement/videos/timeline/", VideoView, "video"),
    path(f"{_COURSE}/learners/", RosterView.as_view(), name="learners"),
    path(f"{_COURSE}/learners/learners.csv", RosterDownloadView.as_view(), name="learners-csv"),
    *answer_paths(f"{_COURSE}/learners/learner/<username>/", LearnerView, "learner"),
    path(f"{_COURSE}/learners/reports/", ReportsView.as_view(), name="learner-reports"),
    path(
        f"{_COURSE}/learners/reports/<slug:key>/",
        ReportDownloadView.as_view(),
        name="learner-report",
    ),
    path(f"{_COURSE}/notes/", NotesView.as_view(), name="notes"),
    path(f"{_COURSE}/notes/note/", NoteView.as_view(), name="note"),
    path(f"{_COURSE}/notes/note/removal/", NoteRemovalView.as_view(), name="note-removal"),
    *answer_paths(f"{_COURSE}/performance/graded/", GradedView, "performance"),
    *answer_paths(f"{_COURSE}/performance/graded/assignment/", AssignmentView, "assignment"),
    *answer_paths(f"{_COURSE}/performance/ungraded/", UngradedView, "performance-ungraded"),
    *answer_paths(f"{_COURSE}/performance/ungraded/section/", SectionView, "performance-section"),
    *answer_paths(f"{_COURSE}/performance/outcomes/", OutcomesView, "performance-outcomes"),
    *answer_paths(f"{_COURSE}/performance/problem/", ProblemView, "problem"),
]
