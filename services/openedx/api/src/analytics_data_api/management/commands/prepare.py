"""Everything that must be done before the server starts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError

from analytics_data_api.database import ReportsDatabaseError, migrate_sqlite
from analytics_data_api.reports.apps import ReportsConfig
from analytics_data_api.reports.router import ALIAS, MIGRATIONS_ALIAS
from analytics_data_api.tokens import INSIGHTS, BadToken, set_token
from openedx_base.databases import is_mariadb
from openedx_base.errors import PreparationError
from openedx_base.preparation import prepare, told_in_one_line


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
            if is_mariadb(settings.DATABASES[ALIAS]):
                setting = "ANALYTICS_DATA_API_REPORTS_MIGRATIONS"
                prepare(MIGRATIONS_ALIAS, setting, ReportsConfig.label)
            else:
                migrate_sqlite(settings.REPORTS_FILE)
            prepare("default", "ANALYTICS_DATA_API_DATABASE")
            with told_in_one_line("default"):
                if settings.INSIGHTS_TOKEN:
                    set_token(INSIGHTS, settings.INSIGHTS_TOKEN)
        except (ReportsDatabaseError, PreparationError) as error:
            raise CommandError(str(error)) from error
        except BadToken as error:
            raise CommandError(f"ANALYTICS_DATA_API_TOKEN: {error}") from error
