"""What each learner did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Max, Q, Sum

from analytics_data_api.reports.models import ModuleEngagement
from analytics_data_api.serializers import UserEngagementSerializer
from analytics_data_api.views.base import CourseReportView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics_data_api.parameters import Parameters

_WEEK = timedelta(days=7)
_PROBLEM = Q(entity_type="problem")
_KINDS = {
    "videos": Q(entity_type="video"),
    "problems": _PROBLEM,
    "correct_problems": _PROBLEM & Q(event="completed"),
    "problems_attempts": _PROBLEM & Q(event="attempted"),
    "forum_posts": Q(entity_type="discussion"),
}


class UserEngagementView(CourseReportView):
    """What each learner of a course did in all, and in the last seven days that the reports cover.

    Videos played, problems attempted and answered right, and posts each count as often as they
    happened; ``problems`` are attempts and right answers together.
    """

    serializer_class = UserEngagementSerializer
    slug = "user_engagement"

    def rows(self, parameters: Parameters, **path: str) -> Sequence[Any]:  # noqa: ARG002
        """A row for each learner who did something, by username."""
        end = (self.run and self.run.interval_end) or datetime.now(UTC).date()
        last_week = Q(date__gte=end - _WEEK)
        counts = {}
        for kind, condition in _KINDS.items():
            counts[f"{kind}_overall"] = Sum("count", filter=condition, default=0)
            counts[f"{kind}_last_week"] = Sum("count", filter=condition & last_week, default=0)
        return list(
            ModuleEngagement.objects.filter(**path)
            .order_by("username")
            .values("username")
            .annotate(**counts, date_last_active=Max("date"))
        )
