"""The weekly report of a course by mail, for those who ask for it."""

from __future__ import annotations

from django.apps import AppConfig


class MailConfig(AppConfig):
    """The app in Django's registry."""

    name = "insights.mail"
    verbose_name = "Mail"
