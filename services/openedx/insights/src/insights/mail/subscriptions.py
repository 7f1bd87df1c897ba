"""Asking for a course's weekly report, and for its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from insights.mail.models import Subscription

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser


def is_offered() -> bool:
    """Whether this site sends mail at all."""
    return bool(settings.EMAIL_HOST)


def is_wanted(user: AbstractUser, course_id: str) -> bool:
    """Whether a user is sent a course's report."""
    return Subscription.objects.filter(user=user, course_id=course_id, active=True).exists()


def start(user: AbstractUser, course_id: str, language: str) -> None:
    """Have a user sent a course's report, in a language, from the next run on."""
    Subscription.objects.update_or_create(
        user=user, course_id=course_id, defaults={"language": language, "active": True}
    )


def stop(user: AbstractUser, course_id: str) -> None:
    """Have a user no longer sent a course's report."""
    Subscription.objects.filter(user=user, course_id=course_id).update(active=False)


def stop_by_token(token: str) -> None:
    """Stop the subscription of a token; once more, nothing happens."""
    Subscription.objects.filter(token=token).update(active=False)


def of_token(token: str) -> Subscription | None:
    """The subscription, active or not, that a token stops."""
    found: Subscription | None = Subscription.objects.filter(token=token).first()
    return found
