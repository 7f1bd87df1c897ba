"""Who sees which course, and who saw what is personal of a learner."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone


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


class LmsAccount(models.Model):
    """A user who signs in through the LMS, which alone says which courses they see.

    `read_at` is when it last said so; empty, it has to be asked.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="lms_account",
    )
    sees_all = models.BooleanField(default=False, help_text="a superuser of the LMS")
    course_ids = models.JSONField(default=list, help_text="courses that the user staffs")
    read_at = models.DateTimeField(null=True, help_text="UTC")

    def __str__(self) -> str:
        return f"{self.user} of the LMS"


class Action(models.TextChoices):
    """What somebody did who saw something personal of learners."""

    OPENED_ROSTER = "opened roster"
    OPENED_LEARNER = "opened learner"
    DOWNLOADED_ROSTER = "downloaded roster"
    DOWNLOADED_LEARNER = "downloaded learner"
    DOWNLOADED_RESPONSES = "downloaded responses"


class AuditEntry(models.Model):
    """Somebody saw something personal. Names stand here as texts, to outlive the accounts."""

    at = models.DateTimeField(default=timezone.now, db_index=True, help_text="UTC")
    username = models.CharField(max_length=150, help_text="who saw it")
    action = models.CharField(max_length=32, choices=Action)
    course_id = models.CharField(max_length=255, db_index=True)
    learner = models.CharField(
        max_length=255,
        blank=True,
        db_index=True,
        help_text="whom it was about; empty where about many, or where the learner is forgotten",
    )

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name_plural = "audit entries"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.username} {self.action} {self.course_id}"
