"""Which courses a user sees: those that the LMS says they staff, or, with a local account, those
that it was given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from insights.accounts import lms_courses
from insights.accounts.models import CourseAccess, LmsAccount

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser


def courses_of(user: AbstractUser) -> list[str] | None:
    """The ids of the courses that a user sees, in order; None stands for all courses.

    Raises LmsUnavailable or SignInAgain if the LMS does not say it.
    """
    if account := LmsAccount.objects.select_related("user").filter(user=user).first():
        return lms_courses.courses(account)
    if user.is_superuser:
        return None
    return list(CourseAccess.objects.filter(user=user).values_list("course_id", flat=True))


def may_see(user: AbstractUser, course_id: str) -> bool:
    """Tell whether a user sees a course, whether or not there is one of this id.

    Raises LmsUnavailable or SignInAgain if the LMS does not say it.
    """
    course_ids = courses_of(user)
    return course_ids is None or course_id in course_ids
