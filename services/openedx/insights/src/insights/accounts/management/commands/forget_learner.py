"""Takes a learner's name out of what Insights keeps, and says where people wrote it down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand, CommandError
from django.db import DatabaseError, connection

from insights.accounts import audit
from insights.courses.notes import notes_with

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Clear a learner's name from the audit trail; list the notes that have it."""

    help = (
        "Takes a learner's name out of the audit trail, whose entries stay. Notes of courses are"
        " texts of their authors: those with the name are listed, to be changed or removed there."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("learner", help="the learner's name in the LMS")
        parser.add_argument("--dry-run", action="store_true", help="only say how many there are")

    def handle(self, *, learner: str, dry_run: bool, **options: Any) -> None:  # noqa: ARG002
        """Run the command.

        Raises CommandError if the database cannot be used.
        """
        try:
            if connection.vendor == "sqlite":
                self._overwrite()
            count = audit.forget(learner, dry_run=dry_run)
            found = notes_with(learner)
        except DatabaseError as error:
            raise CommandError(
                f"cannot use the database of Insights: {error}; run `python -m insights prepare`"
            ) from error
        self.stdout.write(f"audit trail: {count:,} lose the name")
        for note in found:
            self.stdout.write(
                f"a note on {note.day} of {note.course_id} has the name and stays: change or remove"
                " it in Insights"
            )

    def _overwrite(self) -> None:
        """Let SQLite leave nothing of what it removes in its file's gaps."""
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA secure_delete = ON")
