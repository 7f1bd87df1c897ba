"""What learners did, week by week."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from rest_framework.response import Response

from analytics_data_api.documentation import parameters as p
from analytics_data_api.exceptions import NoData
from analytics_data_api.reports.models import CourseActivity
from analytics_data_api.serializers import CourseActivitySerializer, RecentActivitySerializer
from analytics_data_api.views.base import CourseReportView

if TYPE_CHECKING:
    from analytics_data_api.parameters import Parameters

# The table's labels, and what the API calls them.
ACTIVITY_TYPES = {
    "ACTIVE": "any",
    "ATTEMPTED_PROBLEM": "attempted_problem",
    "PLAYED_VIDEO": "played_video",
    "POSTED_FORUM": "posted_forum",
}
_LABELS = {activity_type: label for label, activity_type in ACTIVITY_TYPES.items()}


class CourseActivityView(CourseReportView):
    """Learners of each week by what they did; of the latest week if no dates are given."""

    parameters = (p.START_DATE, p.END_DATE)
    serializer_class = CourseActivitySerializer
    slug = "engagement-activity"

    def rows(self, parameters: Parameters, **path: str) -> list[dict[str, Any]]:
        """A row for each week."""
        # Naming all labels lets the index find the weeks.
        weeks = CourseActivity.objects.filter(label__in=ACTIVITY_TYPES, **path)
        start, end = parameters.moment("start_date"), parameters.moment("end_date")
        if start:
            weeks = weeks.filter(interval_start__gte=start)
        if end:
            weeks = weeks.filter(interval_end__lt=end)
        if not (start or end):
            latest = weeks.order_by("-interval_end").values("interval_end")[:1]
            weeks = weeks.filter(interval_end=latest)
        return [
            _week(list(group))
            for _, group in groupby(weeks, attrgetter("interval_start", "interval_end"))
        ]


def _week(activities: list[CourseActivity]) -> dict[str, Any]:
    """The activities of one week; no row of a kind means that nobody did it."""
    week = activities[0]
    return {
        "interval_start": week.interval_start,
        "interval_end": week.interval_end,
        "course_id": week.course_id,
        **dict.fromkeys(_LABELS, 0),
        **{ACTIVITY_TYPES[activity.label]: activity.count for activity in activities},
        "created": max(activity.created for activity in activities),
    }


class RecentActivityView(CourseReportView):
    """Learners with one kind of activity in the latest week that has it."""

    parameters = (p.ACTIVITY_TYPE, p.LABEL)
    shape = "object"
    serializer_class = RecentActivitySerializer
    slug = "engagement-recent-activity"

    def answer(self, parameters: Parameters, **path: str) -> Response:
        """One week, as an object.

        Raises NoData if there is none.
        """
        choices = {**_LABELS, "active": "ACTIVE"}
        activity_type = (
            parameters.choice("label", choices)
            or parameters.choice("activity_type", choices)
            or "any"
        )
        label, fields = choices[activity_type], self.fields(parameters)
        week = CourseActivity.objects.filter(label=label, **path).order_by("-interval_end").first()
        if week is None:
            raise NoData(f"The reports have no such data on course {path['course_id']}.")
        row = {
            "interval_start": week.interval_start,
            "interval_end": week.interval_end,
            "activity_type": ACTIVITY_TYPES[label],
            "count": week.count,
            "course_id": week.course_id,
        }
        return Response(self.serialize([row], fields)[0])
