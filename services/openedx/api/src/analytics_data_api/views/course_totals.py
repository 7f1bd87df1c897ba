"""Learners of several courses together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q, Sum
from rest_framework.response import Response

from analytics_data_api import enrollment_modes
from analytics_data_api.documentation import parameters as p
from analytics_data_api.exceptions import CourseKeyMalformed
from analytics_data_api.reports.models import CourseMetaSummaryEnrollment
from analytics_data_api.serializers import CourseTotalsSerializer
from analytics_data_api.views.base import ReportView

if TYPE_CHECKING:
    from analytics_data_api.parameters import Parameters


class CourseTotalsView(ReportView):
    """Sums over courses, as an object. POST does the same for long parameters."""

    parameters = (p.COURSE_IDS,)
    shape = "object"
    errors = (CourseKeyMalformed("nonsense"),)
    serializer_class = CourseTotalsSerializer
    slug = "course_totals"

    def answer(self, parameters: Parameters, **path: str) -> Response:  # noqa: ARG002
        """The sums; 0 where there is nothing to add up."""
        fields, course_ids = self.fields(parameters), parameters.course_ids()
        rows = CourseMetaSummaryEnrollment.objects.order_by()
        if course_ids:
            rows = rows.filter(course_id__in=course_ids)
        verified = Q(enrollment_mode=enrollment_modes.VERIFIED)
        totals = rows.aggregate(
            # The last one must not take the first one for the column.
            verified_enrollment=Sum("count", filter=verified, default=0),
            count=Sum("count", default=0),
            cumulative_count=Sum("cumulative_count", default=0),
            count_change_7_days=Sum("count_change_7_days", default=0),
        )
        return Response(self.serialize([totals], fields)[0])

    post = ReportView.get
