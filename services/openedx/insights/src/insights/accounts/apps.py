"""Who may sign in, and which courses they see."""

from __future__ import annotations

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The app in Django's registry."""

    name = "insights.accounts"
    verbose_name = "Accounts"

    def ready(self) -> None:
        """Register what follows a sign-in."""
        from insights.accounts import sessions, sign_in_log  # noqa: F401
