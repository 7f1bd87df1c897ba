"""Accounts from the command line."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import CommandError, call_command

from insights.accounts.access import courses_of, may_see

if TYPE_CHECKING:
    from django.contrib.auth.models import User

CS101, BIO = "course-v1:ExampleX+CS101+2026_T1", "SampleU/Bio110/2026_T1"

pytestmark = pytest.mark.django_db


@pytest.fixture
def create_user(monkeypatch: pytest.MonkeyPatch) -> CreateUser:
    return CreateUser(monkeypatch)


class CreateUser:
    """The command, with the password on stdin."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.monkeypatch = monkeypatch

    def __call__(self, *arguments: str, password: str = "kestrel-over-9") -> str:
        self.monkeypatch.setattr(sys, "stdin", io.StringIO(f"{password}\n"))
        output = io.StringIO()
        call_command("create_user", *arguments, stdout=output)
        return output.getvalue().strip()


def user(name: str) -> User:
    found: User = get_user_model().objects.get(username=name)
    return found


def test_a_user_sees_the_given_courses(create_user: CreateUser) -> None:
    said = create_user("grace", "--course", CS101, "--course", BIO)

    assert said == "made grace, who sees 2 courses"
    assert authenticate(username="grace", password="kestrel-over-9") == user("grace")
    assert courses_of(user("grace")) == [BIO, CS101]
    assert may_see(user("grace"), BIO)
    assert not may_see(user("grace"), "course-v1:ExampleX+CS101+2026_T2")


def test_a_superuser_sees_all_courses(create_user: CreateUser) -> None:
    said = create_user("ada", "--superuser")

    assert said == "made ada, who sees all courses"
    assert courses_of(user("ada")) is None
    assert may_see(user("ada"), BIO)


def test_update_adds_courses_and_sets_the_password(create_user: CreateUser) -> None:
    create_user("grace", "--course", CS101)

    said = create_user(
        "grace", "--update", "--course", CS101, "--course", BIO, password="merlin-8x8"
    )

    assert said == "changed grace, who sees 2 courses"
    assert authenticate(username="grace", password="merlin-8x8") == user("grace")


def test_an_address_is_set_and_changed(create_user: CreateUser) -> None:
    create_user("grace", "--email", "grace@example.org")
    assert user("grace").email == "grace@example.org"

    create_user("grace", "--update", "--email", "hopper@example.org", password="")
    create_user("grace", "--update", "--course", BIO, password="")
    assert user("grace").email == "hopper@example.org"


def test_update_without_a_password_keeps_it(create_user: CreateUser) -> None:
    create_user("grace")

    create_user("grace", "--update", "--course", BIO, password="")

    assert authenticate(username="grace", password="kestrel-over-9") == user("grace")


@pytest.mark.parametrize(
    ("arguments", "password", "complaint"),
    [
        (["ada"], "", "no password: write it to stdin, in one line"),
        (["ada"], "short", "the password cannot be used: This password is too short."),
        (["ada"], "password1234", "the password cannot be used: This password is too common."),
        (["ada-lovelace"], "ada-lovelace", "the password is too similar to the username"),
        (["<b>"], "kestrel-over-9", "the name '<b>' cannot be used: Enter a valid username."),
        ([""], "kestrel-over-9", "the name '' cannot be used"),
        (["x" * 151], "kestrel-over-9", "cannot be used"),
        (["ada", "--course", "CS101"], "kestrel-over-9", "'CS101' is no course id"),
        (["ada", "--email", "ada"], "kestrel-over-9", "'ada' is no e-mail address"),
        (["nobody", "--update"], "kestrel-over-9", "there is no user 'nobody'"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(
    create_user: CreateUser, arguments: list[str], password: str, complaint: str
) -> None:
    with pytest.raises(CommandError) as error:
        create_user(*arguments, password=password)

    assert complaint.casefold() in str(error.value).casefold()
    assert len(str(error.value).splitlines()) == 1
    assert not get_user_model().objects.exists()


def test_an_existing_user_is_not_replaced(create_user: CreateUser) -> None:
    create_user("ada")

    with pytest.raises(CommandError, match="there is a user 'ada' already: use --update"):
        create_user("ada", "--superuser", password="merlin-over-9")

    assert not user("ada").is_superuser


def test_nothing_is_changed_where_a_part_cannot_be(create_user: CreateUser) -> None:
    create_user("grace")

    with pytest.raises(CommandError):
        create_user("grace", "--update", "--superuser", "--course", BIO, password="short")

    assert courses_of(user("grace")) == []
