"""Who sees which course."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class CourseAccess(models.Model):
    """A user sees a course. A superuser sees all courses without it."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="course_access"
    )
    course_id = models.CharField(max_length=255, help_text="course key, in either form")

    class Meta:
        ordering = ["course_id"]
        verbose_name_plural = "course access"
        constraints = [
            models.UniqueConstraint(fields=["user", "course_id"], name="course_access_key")
        ]

    def __str__(self) -> str:
        return f"{self.user} sees {self.course_id}"
