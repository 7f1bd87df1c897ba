"""What learners do, and what they watch."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.http import Http404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from insights.courses.answers import engagement, performance, sections, video
from insights.courses.answers.rows import known
from insights.courses.pages import ENGAGEMENT, ENGAGEMENT_BY_SECTION, VIDEOS
from insights.courses.structure import PROBLEM, VIDEO, Structure
from insights.courses.views.answers import Above, AnswersView, DateRangeView, Tab

if TYPE_CHECKING:
    from insights.courses.answers.answer import Answer
    from insights.courses.answers.rows import ApiRow
    from insights.courses.structure import Block


BY_WEEK = Tab("engagement", _("Activity by week"))
BY_SECTION = Tab(ENGAGEMENT_BY_SECTION.key, ENGAGEMENT_BY_SECTION.title)


class EngagementView(DateRangeView):
    """Activity week by week."""

    page = ENGAGEMENT
    tabs = (BY_WEEK, BY_SECTION)
    tab = BY_WEEK
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


class EngagementBySectionView(AnswersView):
    """Activity section by section, of all days."""

    page = ENGAGEMENT
    tabs = (BY_WEEK, BY_SECTION)
    tab = BY_SECTION

    def answers(self) -> list[Answer]:
        """After which section learners stop."""
        structure = Structure.of(self.course, VIDEO, PROBLEM)
        problems = performance.problems(structure, known(self.course.problems))
        found = sections.sections(structure, known(self.course.videos), problems)
        return [sections.section_stops(found, is_over=self.overview.is_over)]


class VideosView(AnswersView):
    """All videos."""

    page = VIDEOS

    @cached_property
    def videos(self) -> list[ApiRow]:
        """The course's videos that were played."""
        return known(self.course.videos)

    @cached_property
    def structure(self) -> Structure:
        """The course's videos, and what they are in."""
        return Structure.of(self.course, VIDEO)

    def answers(self) -> list[Answer]:
        """Videos by viewers, by those who stop, and by section where that is known."""
        answers = [self.ranking(self.videos)]
        if self.videos:
            answers.append(self.stops(self.videos))
        if self.videos and self.structure.blocks:
            section = self.link("videos-section", "section")
            answers.append(video.by_section(self.structure, self.videos, section))
        return answers

    def ranking(self, videos: list[ApiRow]) -> Answer:
        """Videos by viewers."""
        return video.videos(videos, self.link("video", "video"), self.structure)

    def stops(self, videos: list[ApiRow]) -> Answer:
        """Videos by viewers who stop."""
        return video.stops(videos, self.link("video", "video"), self.structure)


class VideoSectionView(VideosView):
    """The videos of one section, which the query names: `?section=` and its id."""

    template_name = "courses/part.html"

    @cached_property
    def section(self) -> Block:
        """The section.

        Raises Http404 if the course has no such section.
        """
        section = self.structure.section(self.request.GET.get("section", ""))
        if section is None:
            raise Http404
        return section

    @property
    def query(self) -> str:
        """The section."""
        return urlencode({"section": self.section.id})

    def file_name(self, answer: Answer) -> str:
        """The name of an answer's CSV, with the section."""
        return f"{super().file_name(answer)}-{self.section.title}"

    def answers(self) -> list[Answer]:
        """The section's videos by subsection, by viewers, and by those who stop."""
        section = self.section.id
        videos = [
            row
            for row in self.videos
            if (block := self.structure.video(row["encoded_module_id"]))
            and block.section == section
        ]
        return [
            video.by_subsection(self.structure, videos),
            self.ranking(videos),
            self.stops(videos),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the template shows."""
        return super().get_context_data(
            part_title=self.section.title,
            part_id=self.section.id,
            above=Above(reverse("videos", args=[self.course_id]), _("All videos")),
            **kwargs,
        )


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
        names = video.titles(self.structure, (row["encoded_module_id"] for row in self.videos))
        module_id = self.video["encoded_module_id"]
        block = self.structure.video(module_id)
        return super().get_context_data(
            video_name=names[module_id],
            module_id=module_id,
            place=self.structure.place(block.id) if block else "",
            duration=video.shown_duration(self.video),
            **kwargs,
        )
