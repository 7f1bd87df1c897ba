"""What each learner did."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Max, Q, Sum
from rest_framework.exceptions import NotFound

from analytics_data_api.documentation import parameters as p
from analytics_data_api.exceptions import NoData
from analytics_data_api.reports.models import EnterpriseLearner, ModuleEngagement
from analytics_data_api.serializers import EnterpriseEngagementSerializer, UserEngagementSerializer
from analytics_data_api.views.base import CourseReportView, ReportView

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rest_framework.response import Response

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


class EnterpriseEngagementsView(ReportView):
    """What the learners of an enterprise customer did: a page of it, the first one by default.

    A row is a learner, a block of a course, a day and how often; discussions are left out. The
    ``id`` of a row, by which they are sorted, may be another after each run.
    """

    parameters = (p.PAGE, p.ENGAGEMENTS_PAGE_SIZE)
    shape = "page"
    errors = (
        NoData("The reports have no learner of an enterprise customer of that id."),
        NotFound("There is no page 7: the last one is 2."),
    )
    serializer_class = EnterpriseEngagementSerializer
    slug = "enterprise_engagements"

    def answer(self, parameters: Parameters, **path: str) -> Response:
        """A page, which may be empty.

        Raises NoData if the customer has no learner, NotFound if there are fewer pages.
        """
        learners = EnterpriseLearner.objects.filter(
            enterprise_customer_id=_as_stored(path["enterprise_customer"])
        )
        if not learners.exists():
            raise NoData(
                "The reports have no learner of an enterprise customer of that id: they come from"
                " the LMS's table enterprise_enterprisecustomeruser."
            )
        done = (
            ModuleEngagement.objects.filter(username__in=learners.values("username"))
            .exclude(entity_type="discussion")
            .order_by("id")
        )
        return self.paged(parameters, lambda start, stop: (done[start:stop], done.count()))


def _as_stored(customer: str) -> str:
    """A customer's id in lower case and with hyphens; what is no UUID is nobody's."""
    try:
        return str(UUID(customer))
    except ValueError:
        return ""
