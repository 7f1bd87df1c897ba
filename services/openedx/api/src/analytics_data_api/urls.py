"""The paths of the API, each with and without a slash at its end.

Ids may hold slashes, plus signs and bars, percent-encoded or as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import URLPattern, include, path, re_path

from analytics_data_api.views.activity import CourseActivityView, RecentActivityView
from analytics_data_api.views.course_summaries import CourseSummariesView
from analytics_data_api.views.course_totals import CourseTotalsView
from analytics_data_api.views.documentation import DocumentationView, SchemaView
from analytics_data_api.views.engagement import EnterpriseEngagementsView, UserEngagementView
from analytics_data_api.views.enrollment import (
    CourseEnrollmentByBirthYearView,
    CourseEnrollmentByEducationView,
    CourseEnrollmentByGenderView,
    CourseEnrollmentByLocationView,
    CourseEnrollmentByModeView,
    CourseEnrollmentView,
)
from analytics_data_api.views.learners import (
    EngagementTimelineView,
    LearnerMetadataView,
    LearnersView,
    LearnerView,
)
from analytics_data_api.views.operational import AuthenticatedView, HealthView, StatusView
from analytics_data_api.views.problems import (
    AnswerDistributionView,
    GradeDistributionView,
    ProblemsAndTagsView,
    ProblemsView,
    SequentialOpenDistributionView,
)
from analytics_data_api.views.programs import ProgramsView
from analytics_data_api.views.report_files import ReportFileView, ReportLinkView
from analytics_data_api.views.runs import PipelineRunsView
from analytics_data_api.views.structure import CourseStructureView
from analytics_data_api.views.videos import VideosView, VideoTimelineView

if TYPE_CHECKING:
    from rest_framework.views import APIView

handler400 = "analytics_data_api.exceptions.bad_request"
handler403 = "analytics_data_api.exceptions.permission_denied"
handler404 = "analytics_data_api.exceptions.not_found"
handler500 = "analytics_data_api.exceptions.server_error"

# Anything, so that what is no id is an error of its own and not an unknown path.
_COURSE = r"courses/(?P<course_id>[\s\S]*?)"
_ENTERPRISE = r"enterprise/(?P<enterprise_customer>[^/]+)"
_MODULE = r"problems/(?P<module_id>[\s\S]*?)"
_USERNAME = r"(?P<username>[^/]+)"
_VIDEO = r"videos/(?P<pipeline_video_id>[\s\S]*?)"


def _endpoint(route: str, view: type[APIView]) -> URLPattern:
    return re_path(rf"^{route}/?\Z", view.as_view())


_operational = [
    _endpoint("status", StatusView),
    _endpoint("authenticated", AuthenticatedView),
    _endpoint("health", HealthView),
]
_v1 = [
    *_operational,
    _endpoint(f"{_COURSE}/activity", CourseActivityView),
    _endpoint(f"{_COURSE}/recent_activity", RecentActivityView),
    _endpoint(f"{_COURSE}/enrollment", CourseEnrollmentView),
    _endpoint(f"{_COURSE}/enrollment/mode", CourseEnrollmentByModeView),
    _endpoint(f"{_COURSE}/enrollment/education", CourseEnrollmentByEducationView),
    _endpoint(f"{_COURSE}/enrollment/gender", CourseEnrollmentByGenderView),
    _endpoint(f"{_COURSE}/enrollment/location", CourseEnrollmentByLocationView),
    _endpoint(f"{_COURSE}/learners", LearnersView),
    _endpoint(f"{_COURSE}/problems", ProblemsView),
    _endpoint(f"{_COURSE}/problems_and_tags", ProblemsAndTagsView),
    _endpoint(rf"{_COURSE}/reports/(?P<report_name>[^/]*)", ReportLinkView),
    _endpoint(f"{_COURSE}/structure", CourseStructureView),
    _endpoint(f"{_COURSE}/user_engagement", UserEngagementView),
    _endpoint(f"{_COURSE}/videos", VideosView),
    _endpoint(f"{_MODULE}/answer_distribution", AnswerDistributionView),
    _endpoint(f"{_MODULE}/grade_distribution", GradeDistributionView),
    _endpoint(f"{_MODULE}/sequential_open_distribution", SequentialOpenDistributionView),
    _endpoint(f"{_VIDEO}/timeline", VideoTimelineView),
    _endpoint("course_summaries", CourseSummariesView),
    _endpoint("course_totals", CourseTotalsView),
    # As upstream had them.
    _endpoint("learners", LearnersView),
    _endpoint(f"learners/{_USERNAME}", LearnerView),
    _endpoint(f"engagement_timelines/{_USERNAME}", EngagementTimelineView),
    _endpoint(r"course_learner_metadata/(?P<course_id>[\s\S]*?)", LearnerMetadataView),
    _endpoint(f"{_ENTERPRISE}/engagements", EnterpriseEngagementsView),
    _endpoint("programs", ProgramsView),
    _endpoint("runs", PipelineRunsView),
]
_v0 = [*_v1, _endpoint(f"{_COURSE}/enrollment/birth_year", CourseEnrollmentByBirthYearView)]

documented = [
    *_operational,
    path("api/report_files/<link>/", ReportFileView.as_view(), name="report_file"),
    path("api/v0/", include(_v0)),
]

urlpatterns = [
    *documented,
    path("api/v1/", include(_v1)),
    path("docs/openapi.json", SchemaView.as_view(patterns=documented), name="schema"),
    _endpoint("docs", DocumentationView),
]
