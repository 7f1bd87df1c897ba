"""The application for a WSGI server: ``gunicorn insights.wsgi:application``."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ["DJANGO_SETTINGS_MODULE"] = "insights.settings"

application = get_wsgi_application()

# Loads all views now, so that no request has to wait for them, and gunicorn's workers share them.
get_resolver().url_patterns  # noqa: B018
