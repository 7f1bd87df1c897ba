"""What the log says of those who sign in, or fail to, and of courses that are refused."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.test import Client

PASSWORD = "kestrel-over-9"
BIO = "SampleU/Bio110/2026_T1"
UNKNOWN = "course-v1:Nobody+Knows+This"

pytestmark = pytest.mark.django_db


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What Insights logged since it was last asked for."""
    caplog.set_level(logging.INFO)

    def since() -> list[str]:
        told = [record for record in caplog.records if record.name.startswith("insights")]
        assert {record.levelname for record in told} <= {"INFO"}
        said = [f"{record.name}: {record.getMessage()}" for record in told]
        caplog.clear()
        return said

    return since


def sign_in(client: Client, name: str, password: str) -> None:
    client.post("/sign-in/", {"username": name, "password": password})


def test_who_signs_in_and_out_is_logged(
    client: Client, make_user: Callable[..., User], lines: Callable[[], list[str]]
) -> None:
    make_user("grace")

    sign_in(client, "grace", PASSWORD)
    assert lines() == ["insights.accounts.sign_in_log: 'grace' signed in with a password"]

    client.post("/sign-out/")
    client.post("/sign-out/")
    assert lines() == ["insights.accounts.sign_in_log: 'grace' signed out"]


def test_so_is_who_fails_to_but_not_what_was_typed(
    client: Client,
    make_user: Callable[..., User],
    lines: Callable[[], list[str]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    make_user("grace")

    sign_in(client, "grace", "wrong-one")
    assert "wrong-one" not in caplog.text
    assert lines() == ["insights.accounts.sign_in_log: 'grace' failed to sign in"]

    sign_in(client, PASSWORD, "wrong-one")
    assert PASSWORD not in caplog.text
    assert lines() == [
        "insights.accounts.sign_in_log: somebody without an account here failed to sign in"
    ]


def test_a_name_is_one_line(
    client: Client, make_user: Callable[..., User], lines: Callable[[], list[str]]
) -> None:
    """The LMS's names are not ours."""
    client.force_login(make_user("grace\n2026 root signed in"))

    [line] = lines()
    assert "\n" not in line


@pytest.mark.parametrize("course_id", [BIO, UNKNOWN])
def test_so_are_courses_that_are_refused(
    client: Client, make_user: Callable[..., User], lines: Callable[[], list[str]], course_id: str
) -> None:
    client.force_login(make_user("grace"))
    lines()

    assert client.get(f"/courses/{course_id}/learners/").status_code == 403

    assert lines() == [f"insights.error_pages: 'grace' may not see '{course_id}'"]
