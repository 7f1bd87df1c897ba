"""Everything that must be done before the server starts."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import DatabaseError

from analytics_data_api.database import ReportsDatabaseError, migrate_sqlite
from analytics_data_api.tokens import BadToken, set_token

USERNAME = "insights"


class Command(BaseCommand):
    """Bring both databases up to date; safe to run before each start."""

    help = (
        "Brings both databases up to date, and makes the user of Insights with the token in"
        " ANALYTICS_DATA_API_TOKEN."
    )
    requires_system_checks = ()

    def handle(self, **options: Any) -> None:  # noqa: ARG002
        """Run the command.

        Raises CommandError if a database cannot be used, or the token not be taken.
        """
        try:
            migrate_sqlite(settings.REPORTS_FILE)
        except ReportsDatabaseError as error:
            raise CommandError(str(error)) from error
        try:
            # It holds tokens: nobody but its owner may read it.
            os.close(os.open(settings.DATABASE_FILE, os.O_CREAT | os.O_WRONLY, 0o600))
            call_command("migrate", database="default", interactive=False, verbosity=0)
            if settings.INSIGHTS_TOKEN:
                set_token(USERNAME, settings.INSIGHTS_TOKEN)
        except OSError as error:
            raise CommandError(
                f"cannot write {settings.DATABASE_FILE}: {error.strerror}; check the owner and"
                " mode of it and its folder"
            ) from error
        except DatabaseError as error:
            raise CommandError(
                f"cannot use {settings.DATABASE_FILE}: {error}; end what else uses it, or move the"
                " file away to begin a new one"
            ) from error
        except BadToken as error:
            raise CommandError(f"ANALYTICS_DATA_API_TOKEN: {error}") from error
