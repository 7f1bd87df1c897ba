"""What learners watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.response import Response

from analytics_data_api.exceptions import NoData
from analytics_data_api.reports.models import Video, VideoTimeline
from analytics_data_api.serializers import VideoSerializer, VideoTimelineSerializer
from analytics_data_api.views.base import CourseReportView, ReportView, course_slug

if TYPE_CHECKING:
    from analytics_data_api.parameters import Parameters


class VideosView(CourseReportView):
    """The videos of a course that were watched."""

    serializer_class = VideoSerializer
    slug = "engagement-videos"

    def rows(self, parameters: Parameters, **path: str) -> list[Video]:  # noqa: ARG002
        """The table's rows."""
        return list(Video.objects.filter(**path))


class VideoTimelineView(ReportView):
    """The segments of a video that were watched; its id is a course's ``pipeline_video_id``."""

    serializer_class = VideoTimelineSerializer
    slug = "engagement-video-timeline"
    errors = (NoData("The reports have no video of this id that was watched."),)

    def answer(self, parameters: Parameters, **path: str) -> Response:
        """All rows, as a list.

        Raises NoData if there are none.
        """
        fields = self.fields(parameters)
        segments = list(VideoTimeline.objects.filter(**path))
        if not segments:
            raise NoData("The reports have no video of this id that was watched.")
        return Response(self.serialize(segments, fields))

    def file_name(self) -> str:
        """The name under which the answer is saved: of video and content."""
        return f"{course_slug(self.kwargs['pipeline_video_id'])}--{self.slug}.csv"
