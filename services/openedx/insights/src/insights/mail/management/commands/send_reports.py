"""Sends the weekly reports that are due."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandError
from django.db import DatabaseError

from insights.data_api.errors import DataApiError
from insights.mail.sending import End, send_due
from insights.mail.server import MailServerError
from insights.mail.subscriptions import is_offered


class Command(BaseCommand):
    """Send what is due, once; safe to run each day."""

    help = "Sends the report of the last whole week to all who asked for it and do not have it yet."

    def handle(self, **options: Any) -> None:  # noqa: ARG002
        """Run the command.

        Raises CommandError if something that is due is left for the next run.
        """
        if not is_offered():
            raise CommandError("this site sends no mail: SMTP_HOST is not set (docs/mail.md)")
        try:
            ends = send_due(self.stdout.write)
        except MailServerError as error:
            raise CommandError(f"{error}; what is due is sent by the next run") from error
        except DataApiError as error:
            raise CommandError(
                f"the Data API gives no numbers: {error}; what is due is sent by the next run"
            ) from error
        except DatabaseError as error:
            raise CommandError(
                f"cannot use the database of Insights: {error}; run `python -m insights prepare`"
            ) from error
        if ends[End.LATER]:
            raise CommandError(f"{ends[End.LATER]} {End.LATER.value}: the lines above say why")
