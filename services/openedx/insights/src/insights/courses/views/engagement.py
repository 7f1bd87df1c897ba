"""What learners do, and what they watch."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from insights.courses.answers import engagement, video
from insights.courses.pages import ENGAGEMENT, VIDEOS
from insights.courses.views.answers import AnswersView, DateRangeView, known

if TYPE_CHECKING:
    from insights.courses.answers.answer import Answer
    from insights.courses.answers.rows import ApiRow


class EngagementView(DateRangeView):
    """Activity week by week."""

    page = ENGAGEMENT
    lengths = {_("Last week"): 7, _("Last 4 weeks"): 28, _("Last 13 weeks"): 91}

    @property
    def last_shown_day(self) -> date | None:
        """The Sunday of the last whole week."""
        return self.last_day and self.last_day - timedelta(days=self.last_day.isoweekday() % 7)

    def answers(self) -> list[Answer]:
        """Active learners by week."""
        start, end = self.chosen.start, self.chosen.end
        # Weeks must end before the Data API's end date, and theirs is the day after their last.
        until = (end + timedelta(days=2)).isoformat() if end else None
        # The first week may begin later, and as many weeks before it are wanted.
        since = self.chosen.compared_from(self.last_day)
        weeks = known(lambda: self.course.activity(start_date=since, end_date=until))
        return [engagement.weekly_activity(weeks, self._until(end), start)]

    def _until(self, end: date | None) -> date | None:
        """The last day that is both chosen and in the data."""
        return min((day for day in (end, self.last_day) if day), default=None)


class VideosView(AnswersView):
    """All videos."""

    page = VIDEOS

    @cached_property
    def videos(self) -> list[ApiRow]:
        """The course's videos that were played."""
        return known(self.course.videos)

    def answers(self) -> list[Answer]:
        """Videos by viewers."""
        timeline = reverse("video", args=[self.course_id])
        return [
            video.videos(
                self.videos, lambda module_id: f"{timeline}?{urlencode({'video': module_id})}"
            )
        ]


class VideoView(VideosView):
    """One video, which the query names: `?video=` and its encoded module id."""

    template_name = "courses/video.html"

    @cached_property
    def video(self) -> ApiRow:
        """The video.

        Raises Http404 if the course has no such video.
        """
        module_id = self.request.GET.get("video")
        for row in self.videos:
            if row["encoded_module_id"] == module_id:
                return row
        raise Http404

    @property
    def query(self) -> str:
        """The video."""
        return urlencode({"video": self.video["encoded_module_id"]})

    def file_name(self, answer: Answer) -> str:
        """The name of an answer's CSV, with the video."""
        return f"{super().file_name(answer)}-{self.video['encoded_module_id']}"

    def answers(self) -> list[Answer]:
        """The video segment by segment."""
        module = self.data_api.modules(self.course_id, self.video["pipeline_video_id"])
        return [video.timeline(known(module.video_timeline), self.video["segment_length"])]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the template shows."""
        names = video.video_names(row["encoded_module_id"] for row in self.videos)
        module_id = self.video["encoded_module_id"]
        return super().get_context_data(
            video_name=names[module_id],
            module_id=module_id,
            duration=video.shown_duration(self.video),
            **kwargs,
        )
