"""Which tables live in which database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics_data_api.reports.apps import ReportsConfig

if TYPE_CHECKING:
    from django.db.models import Model

ALIAS = "reports"
MIGRATIONS_ALIAS = "reports_migrations"
"""The same database, for a user who may change its tables; only where it is a MariaDB."""


class ReportsRouter:
    """Keeps the app ``reports`` in the database ``reports``, and all else out of it."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:  # noqa: ARG002
        """The database of a model; None leaves it to Django's default."""
        return ALIAS if model._meta.app_label == ReportsConfig.label else None

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool:  # noqa: ARG002
        """Tell whether an app's tables belong in a database."""
        return (app_label == ReportsConfig.label) == (db in (ALIAS, MIGRATIONS_ALIAS))
