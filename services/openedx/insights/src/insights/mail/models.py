"""Who is sent which course's weekly report."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

if TYPE_CHECKING:
    from datetime import date


def new_token() -> str:
    """A token of 160 random bits, in lower case: databases may not tell cases apart."""
    return secrets.token_hex(20)


class Subscription(models.Model):
    """A user wants the weekly report of a course.

    One that was stopped stays, inactive: the links in its mails go on to say so, and who starts
    anew gets no week twice.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="subscriptions"
    )
    course_id = models.CharField(max_length=255, help_text="course key, in either form")
    language = models.CharField(max_length=10, help_text="that the user had when asking for it")
    created = models.DateTimeField(default=timezone.now, help_text="UTC")
    active = models.BooleanField(default=True, help_text="whether it is sent")
    token = models.CharField(
        max_length=40, unique=True, default=new_token, help_text="stops it, without a sign-in"
    )
    week = models.DateField(
        null=True, help_text="Monday of the latest week whose report was handed to the mail server"
    )

    class Meta:
        ordering = ["course_id", "language", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["user", "course_id"], name="subscription_key")
        ]

    def __str__(self) -> str:
        return f"{self.user} is sent {self.course_id}"

    def claim(self, week: date) -> bool:
        """Note a week as sent, before it is; False if it was, or is no longer wanted.

        Of several processes one alone is told True.
        """
        due = Subscription.objects.filter(Q(week=None) | Q(week__lt=week), pk=self.pk, active=True)
        return bool(due.update(week=week))

    def release(self, week: date) -> None:
        """Take back what `claim` noted: the week was not sent."""
        Subscription.objects.filter(pk=self.pk, week=week).update(week=self.week)
