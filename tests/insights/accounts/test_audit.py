"""Who saw what is personal of a learner, and for how long that is known."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.test import RequestFactory
from django.utils import timezone

from insights.accounts.audit import Action, record
from insights.accounts.models import AuditEntry
from insights.courses.models import Note

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.contrib.auth.models import User
    from django.http import HttpRequest

CS101, BIO = "course-v1:ExampleX+CS101+2026_T1", "SampleU/Bio110/2026_T1"

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_of_grace(make_user: Callable[..., User]) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = make_user("grace", CS101)
    return request


@pytest.fixture
def trail(request_of_grace: HttpRequest) -> None:
    """Three entries of today and one of ten days ago."""
    record(request_of_grace, Action.OPENED_LEARNER, CS101, "wanda")
    record(request_of_grace, Action.OPENED_LEARNER, BIO, "=cmd|' /C calc'!A0")
    record(request_of_grace, Action.DOWNLOADED_ROSTER, CS101)
    old = timezone.now() - timedelta(days=10)
    AuditEntry.objects.create(
        at=old, username="ada", action=Action.DOWNLOADED_ROSTER, course_id=BIO
    )


def audit(*arguments: str) -> list[str]:
    """What the command prints: without its first line, and without times."""
    output = io.StringIO()
    call_command("audit", *arguments, stdout=output)
    head, *rows = output.getvalue().splitlines()
    assert head == "at,username,action,course_id,learner"
    return [row.partition(",")[2] for row in rows]


def test_who_what_when_and_of_which_course(request_of_grace: HttpRequest) -> None:
    before = datetime.now(UTC)

    record(request_of_grace, Action.OPENED_LEARNER, CS101, "wanda")

    [entry] = AuditEntry.objects.all()
    assert before <= entry.at <= datetime.now(UTC)
    assert entry.username == "grace"
    assert entry.action == Action.OPENED_LEARNER
    assert (entry.course_id, entry.learner) == (CS101, "wanda")


@pytest.mark.usefixtures("trail")
def test_the_trail_as_csv_newest_first_with_no_cell_that_a_spreadsheet_runs() -> None:
    assert audit() == [
        f"grace,downloaded roster,{CS101},",
        f"grace,opened learner,{BIO},'=cmd\\|' /C calc'!A0",
        f"grace,opened learner,{CS101},wanda",
        f"ada,downloaded roster,{BIO},",
    ]


@pytest.mark.usefixtures("trail")
@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        (["--user", "ada"], [f"ada,downloaded roster,{BIO},"]),
        (["--learner", "wanda"], [f"grace,opened learner,{CS101},wanda"]),
        (["--course", CS101, "--learner", "nobody"], []),
        (["--days", "9", "--course", BIO], [f"grace,opened learner,{BIO},'=cmd\\|' /C calc'!A0"]),
    ],
)
def test_a_part_of_the_trail(arguments: list[str], rows: list[str]) -> None:
    assert audit(*arguments) == rows


@pytest.mark.usefixtures("trail")
def test_what_is_older_than_the_setting_is_gone_with_the_next_entry(
    request_of_grace: HttpRequest, settings: pytest.FixtureRequest
) -> None:
    settings.AUDIT_DAYS = 9

    record(request_of_grace, Action.OPENED_LEARNER, CS101, "wanda")

    assert AuditEntry.objects.count() == 4
    assert not AuditEntry.objects.filter(username="ada").exists()


@pytest.mark.usefixtures("trail")
def test_a_forgotten_learner_has_no_name_in_it() -> None:
    said = io.StringIO()

    call_command("forget_learner", "--dry-run", "--", "wanda", stdout=said)
    assert audit("--learner", "wanda")
    call_command("forget_learner", "--", "wanda", stdout=said)

    assert said.getvalue() == "audit trail: 1 lose the name\n" * 2
    assert f"grace,opened learner,{CS101}," in audit()
    assert not AuditEntry.objects.filter(learner="wanda").exists()


@pytest.mark.parametrize(
    ("text", "is_told"),
    [
        ("Call with Wanda, 10 UTC", True),
        ("wanda", True),
        ("wanda's question", True),
        ("wanda2 asked", False),
        ("Rwanda week", False),
    ],
)
def test_notes_with_a_forgotten_learners_name_are_told_and_stay(text: str, is_told: bool) -> None:
    Note.objects.create(course_id=BIO, day=date(2026, 2, 3), text=text, author="grace")
    Note.objects.create(course_id=BIO, day=date(2026, 2, 4), text="Exam 1", author="wanda")
    said = io.StringIO()

    call_command("forget_learner", "--", "wanda", stdout=said)

    lines = said.getvalue().splitlines()[1:]
    assert (
        lines
        == [
            f"a note on 2026-02-03 of {BIO} has the name and stays: change or remove it in Insights"
        ]
        * is_told
    )
    # Whoever wrote one is of the course's staff.
    assert [note.text for note in Note.objects.all()] == [text, "Exam 1"]
