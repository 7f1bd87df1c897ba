"""Pages about courses."""

from __future__ import annotations

from django.apps import AppConfig


class CoursesConfig(AppConfig):
    """The app in Django's registry."""

    name = "insights.courses"
    verbose_name = "Courses"
