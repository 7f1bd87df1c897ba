"""The pages of a course, as its navigation shows them."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Page:
    """A page of a course.

    Attributes:
        key: the name of its URL, which takes a `course_id`.
        title: what links to it say.
    """

    key: str
    title: str


HOME = Page("course", _("Overview"))
REPORT = Page("report", _("Weekly report"))

ENROLLMENT = Page("enrollment", _("Enrollment"))
DEMOGRAPHICS = Page("demographics", _("Demographics"))
GEOGRAPHY = Page("geography", _("Geography"))
ENGAGEMENT = Page("engagement", _("Engagement"))
VIDEOS = Page("videos", _("Videos"))
PERFORMANCE = Page("performance", _("Performance"))
LEARNERS = Page("learners", _("Learners"))
NOTES = Page("notes", _("Notes"))

PAGES = (
    *(HOME, ENROLLMENT, DEMOGRAPHICS, GEOGRAPHY, ENGAGEMENT, VIDEOS, PERFORMANCE, LEARNERS),
    NOTES,
)
"""Those of the navigation; `REPORT` is a way to carry `HOME` elsewhere."""

ENGAGEMENT_BY_SECTION = Page("engagement-sections", _("Activity by section"))
"""Reached from Engagement."""
