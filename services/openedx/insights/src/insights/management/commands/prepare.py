"""Everything that must be done before the server starts."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from social_django.models import Nonce

from openedx_base.errors import PreparationError
from openedx_base.preparation import prepare, told_in_one_line

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Bring the database and the static files up to date; safe to run before each start."""

    help = "Brings the database and the static files up to date."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "--no-static",
            action="store_false",
            dest="static",
            help="leave the static files as they are: for images, which bring them along",
        )

    def handle(self, *, static: bool, **options: Any) -> None:  # noqa: ARG002
        """Run the command.

        Raises CommandError if the database or a folder cannot be used.
        """
        try:
            prepare("default", "INSIGHTS_DATABASE")
            with told_in_one_line("default"):
                call_command("clearsessions")
                # Sign-ins through the LMS that were begun and never completed.
                yesterday = int(time.time()) - 24 * 3600
                Nonce.objects.filter(timestamp__lt=yesterday).delete()
        except PreparationError as error:
            raise CommandError(str(error)) from error
        self._prepare_files(static)

    def _prepare_files(self, static: bool) -> None:
        try:
            settings.CACHE_FOLDER.mkdir(mode=0o700, parents=True, exist_ok=True)
            if static:
                call_command("collectstatic", interactive=False, clear=False, verbosity=0)
        except OSError as error:
            raise CommandError(
                f"cannot write {error.filename}: {error.strerror}; check INSIGHTS_CACHE and"
                " INSIGHTS_STATIC_ROOT"
            ) from error
