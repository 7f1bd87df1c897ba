"""Django's ``migrate``, all or nothing where the database can do that."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from django.core.management.commands import migrate
from django.db import connections, transaction


class Command(migrate.Command):
    """Apply all outstanding migrations in one transaction.

    Django gives each migration a transaction of its own and may note it as applied only after
    that: a crash in between leaves tables that the next run fails to create once more. SQLite can
    have it all in one; MySQL cannot, as it commits each change of the schema by itself.
    """

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the command; see ``migrate --help`` for its options."""
        database = options["database"]
        with ExitStack() as stack:
            if connections[database].vendor == "sqlite":
                # Django changes SQLite's schema only with this off, and within a transaction
                # it cannot be turned off any more.
                stack.enter_context(connections[database].constraint_checks_disabled())
                stack.enter_context(transaction.atomic(using=database))
            super().handle(*args, **options)
