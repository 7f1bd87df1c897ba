"""Which courses a user sees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from insights.accounts.models import CourseAccess

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser


def courses_of(user: AbstractUser) -> list[str] | None:
    """The ids of the courses that a user sees, in order; None stands for all courses."""
    if user.is_superuser:
        return None
    return list(CourseAccess.objects.filter(user=user).values_list("course_id", flat=True))


def may_see(user: AbstractUser, course_id: str) -> bool:
    """Tell whether a user sees a course, whether or not there is one of this id."""
    if user.is_superuser:
        return True
    return bool(CourseAccess.objects.filter(user=user, course_id=course_id).exists())
