"""Reads the audit trail."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from defusedcsv import csv
from django.core.management import BaseCommand, CommandError
from django.db import DatabaseError
from django.utils import timezone

from insights.accounts.audit import prune
from insights.accounts.models import AuditEntry

if TYPE_CHECKING:
    from argparse import ArgumentParser

_COLUMNS = ("at", "username", "action", "course_id", "learner")
_FILTERS = ("username", "course_id", "learner")


class Command(BaseCommand):
    """Print the audit trail as CSV, newest first."""

    help = (
        "Prints who opened a learner's page or downloaded personal data, newest first, as CSV;"
        " times are UTC."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("--user", dest="username", help="only what this user did")
        parser.add_argument("--course", dest="course_id", help="only of the course of this id")
        parser.add_argument("--learner", help="only what is about this learner alone")
        parser.add_argument("--days", type=int, help="only what was in the last days")

    def handle(self, *, days: int | None, **options: Any) -> None:
        """Run the command.

        Raises CommandError if the database cannot be used.
        """
        wanted = {name: options[name] for name in _FILTERS if options[name]}
        if days is not None:
            wanted["at__gte"] = timezone.now() - timedelta(days=min(max(days, 0), 3650))
        try:
            prune()
            writer = csv.writer(self.stdout, lineterminator="\n")
            writer.writerow(_COLUMNS)
            for entry in AuditEntry.objects.filter(**wanted).iterator():
                at = f"{entry.at:%Y-%m-%dT%H:%M:%SZ}"
                writer.writerow([at, *(getattr(entry, name) for name in _COLUMNS[1:])])
        except DatabaseError as error:
            raise CommandError(
                f"cannot use the database of Insights: {error}; run `python -m insights prepare`"
            ) from error
