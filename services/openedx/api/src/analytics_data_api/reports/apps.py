"""The app of the ``reports`` database."""

from __future__ import annotations

from django.apps import AppConfig


class ReportsConfig(AppConfig):
    """Tables that the pipeline publishes and the Data API serves."""

    name = "analytics_data_api.reports"
    label = "reports"
