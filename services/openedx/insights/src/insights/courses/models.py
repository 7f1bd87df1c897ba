"""What the people of a course write down beside its numbers."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

LONGEST = 120
"""Characters of a note."""


class Note(models.Model):
    """What happened in a course on a day. Names stand here as texts, to outlive the accounts."""

    course_id = models.CharField(max_length=255, help_text="course key, in either form")
    day = models.DateField(help_text="UTC")
    text = models.CharField(max_length=LONGEST, help_text="one line")
    author = models.CharField(max_length=150, help_text="who wrote it first")
    created = models.DateTimeField(default=timezone.now, help_text="UTC")
    editor = models.CharField(
        max_length=150, blank=True, help_text="who changed it last; empty: nobody did"
    )
    changed = models.DateTimeField(default=timezone.now, help_text="when that was; UTC")

    class Meta:
        ordering = ["day", "id"]
        indexes = [models.Index(fields=["course_id", "day"], name="note_course_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.course_id}: {self.text}"
