"""Accounts for those who cannot sign in through the LMS."""

from __future__ import annotations

import sys
from getpass import getpass
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import BadRequest, ValidationError
from django.core.management import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import DatabaseError, IntegrityError, transaction

from insights.accounts.models import CourseAccess, LmsAccount
from insights.courses.keys import check_course_id

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence

    from django.contrib.auth.models import AbstractUser


class Command(BaseCommand):
    """Make a user, or change one."""

    help = (
        "Makes a user who may sign in; the password is the first line of stdin. With --update,"
        " changes a user who is there: adds courses and, if they are given, sets password and"
        " e-mail address."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments; a password is none of them, as other users could see it there."""
        parser.add_argument("name", help="what the user signs in with")
        parser.add_argument("--superuser", action="store_true", help="sees all courses")
        parser.add_argument(
            "--course",
            action="append",
            default=[],
            dest="courses",
            metavar="ID",
            help="a course that the user sees; can be repeated",
        )
        parser.add_argument("--email", default="", help="where weekly reports can be sent")
        parser.add_argument("--update", action="store_true", help="change a user who is there")

    def handle(
        self,
        *,
        name: str,
        superuser: bool,
        courses: Sequence[str],
        email: str,
        update: bool,
        **options: Any,  # noqa: ARG002
    ) -> None:
        """Run the command, as a whole or not at all.

        Raises CommandError if the name, the password, a course id or the e-mail address cannot be
        used.
        """
        _check_email(email)
        for course_id in courses:
            _check_course(course_id)
        password = _read_password()
        try:
            with transaction.atomic():
                user = _existing(name) if update else _new(name)
                if superuser:
                    user.is_superuser = user.is_staff = True
                if password or not update:
                    _set_password(user, password)
                if email:
                    user.email = email
                user.save()
                for course_id in courses:
                    CourseAccess.objects.get_or_create(user=user, course_id=course_id)
        except IntegrityError as error:
            raise CommandError(_taken(name)) from error
        except DatabaseError as error:
            raise CommandError(
                f"cannot use the database of Insights: {error}; run `python -m insights prepare`"
            ) from error
        self.stdout.write(_summary(user, created=not update))


def _check_course(course_id: str) -> None:
    try:
        check_course_id(course_id)
    except BadRequest as error:
        raise CommandError(
            f"{course_id!r} is no course id: give one such as course-v1:Org+Course+Run"
        ) from error


def _check_email(email: str) -> None:
    try:
        if email:
            validate_email(email)
    except ValidationError as error:
        raise CommandError(
            f"{email!r} is no e-mail address: give one such as ada@example.org"
        ) from error


def _read_password() -> str:
    """The password, without an echo where somebody types it."""
    if sys.stdin.isatty():
        return getpass("Password: ")
    return sys.stdin.readline().rstrip("\r\n")


def _existing(name: str) -> AbstractUser:
    users = get_user_model()
    try:
        user: AbstractUser = users.objects.get_by_natural_key(name)
    except users.DoesNotExist:
        raise CommandError(f"there is no user {name!r}: leave out --update to make one") from None
    if LmsAccount.objects.filter(user=user).exists():
        raise CommandError(f"{name!r} signs in through the LMS, which alone says what they see")
    return user


def _new(name: str) -> AbstractUser:
    users = get_user_model()
    user: AbstractUser = users(username=users.normalize_username(name))
    if users.objects.filter(username=user.get_username()).exists():
        raise CommandError(_taken(name))
    try:
        user.clean_fields(exclude=["password"])
    except ValidationError as error:
        raise CommandError(f"the name {name!r} cannot be used: {_sentences(error)}") from error
    return user


def _taken(name: str) -> str:
    return f"there is a user {name!r} already: use --update to change the user"


def _set_password(user: AbstractUser, password: str) -> None:
    if not password:
        raise CommandError("no password: write it to stdin, in one line")
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise CommandError(f"the password cannot be used: {_sentences(error)}") from error
    user.set_password(password)


def _sentences(error: ValidationError) -> str:
    return " ".join(error.messages)


def _summary(user: AbstractUser, *, created: bool) -> str:
    done = "made" if created else "changed"
    if user.is_superuser:
        return f"{done} {user.get_username()}, who sees all courses"
    count = user.course_access.count()
    courses = "1 course" if count == 1 else f"{count or 'no'} courses"
    return f"{done} {user.get_username()}, who sees {courses}"
