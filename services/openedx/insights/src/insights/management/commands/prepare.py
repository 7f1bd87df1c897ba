"""Everything that must be done before the server starts."""

from __future__ import annotations

import os
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import DatabaseError


class Command(BaseCommand):
    """Bring the database and the static files up to date; safe to run before each start."""

    help = "Brings the database and the static files up to date."
    requires_system_checks = ()

    def handle(self, **options: Any) -> None:  # noqa: ARG002
        """Run the command.

        Raises CommandError if the database or a folder cannot be used.
        """
        self._prepare_database()
        self._prepare_files()

    def _prepare_database(self) -> None:
        file = settings.DATABASE_FILE
        try:
            # It holds sessions and hashes of passwords: nobody but its owner may read it.
            os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))
            call_command("migrate", interactive=False, verbosity=0)
            call_command("clearsessions")
        except OSError as error:
            raise CommandError(
                f"cannot write {file}: {error.strerror}; check the owner and mode of it and its"
                " folder"
            ) from error
        except DatabaseError as error:
            raise CommandError(
                f"cannot use {file}: {error}; end what else uses it, or move the file away to begin"
                " a new one"
            ) from error

    def _prepare_files(self) -> None:
        try:
            settings.CACHE_FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
            call_command("collectstatic", interactive=False, clear=False, verbosity=0)
        except OSError as error:
            raise CommandError(
                f"cannot write {error.filename}: {error.strerror}; check INSIGHTS_CACHE and"
                " INSIGHTS_STATIC_ROOT"
            ) from error
