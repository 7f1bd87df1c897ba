"""The audit trail: who saw what is personal of a learner, when, and in which course.

An entry is written before anything is shown. Where it cannot be written, nothing is shown.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone

from insights.accounts.models import Action, AuditEntry

if TYPE_CHECKING:
    from django.http import HttpRequest

__all__ = ["Action", "forget", "prune", "record"]


def record(request: HttpRequest, action: str, course_id: str, learner: str | None = None) -> None:
    """Note what the signed-in user is about to see.

    Args:
        request: the user's.
        action: what the user does, one of `Action`.
        course_id: the course of which it is.
        learner: the learner's name in the LMS, where it is about one alone.

    Raises DatabaseError if it cannot be noted: nothing may be shown then.
    """
    AuditEntry.objects.create(
        username=request.user.get_username(),
        action=action,
        course_id=course_id,
        learner=learner or "",
    )
    prune()


def prune() -> None:
    """Remove the entries that are older than AUDIT_DAYS."""
    oldest = timezone.now() - timedelta(days=settings.AUDIT_DAYS)
    AuditEntry.objects.filter(at__lt=oldest).delete()


def forget(learner: str, *, dry_run: bool = False) -> int:
    """Take a learner's name out of all entries, which stay; returns how many had it."""
    entries = AuditEntry.objects.filter(learner=learner)
    return entries.count() if dry_run else entries.update(learner="")
