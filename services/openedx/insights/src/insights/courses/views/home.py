"""A course at a glance."""

from __future__ import annotations

from typing import Any

from insights.courses.pages import HOME
from insights.courses.views.base import CourseView


class CourseHomeView(CourseView):
    """What the course is, what changed in it, and a card for each of its pages."""

    page = HOME
    template_name = "courses/home.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the template shows."""
        return super().get_context_data(overview=self.overview, **kwargs)
