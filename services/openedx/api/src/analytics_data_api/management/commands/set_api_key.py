"""Tokens for clients."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from django.core.management import BaseCommand, CommandError

from analytics_data_api.tokens import BadToken, generate_token, set_token

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    """Give a user a token."""

    help = "Gives a user a new token and prints it; the user is made if it is new."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments; a token is none of them, as other users could see it there."""
        parser.add_argument("name", help="the user's name")
        parser.add_argument(
            "--stdin", action="store_true", help="read the token from the first line of stdin"
        )

    def handle(self, *, name: str, stdin: bool, **options: Any) -> str | None:  # noqa: ARG002
        """Run the command; what it returns is printed.

        Raises CommandError if the name or the token cannot be used.
        """
        if not name.strip() or len(name) > 150:
            raise CommandError("a user's name has 1 to 150 characters")
        token = sys.stdin.readline().strip() if stdin else generate_token()
        try:
            set_token(name, token)
        except BadToken as error:
            raise CommandError(str(error)) from error
        return None if stdin else token
