"""The application for a WSGI server: ``gunicorn analytics_data_api.wsgi:application``."""

from __future__ import annotations

import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ["DJANGO_SETTINGS_MODULE"] = "analytics_data_api.settings"

_django = get_wsgi_application()

from analytics_data_api.lasting import LastingAnswers  # noqa: E402 - needs Django's settings

application = LastingAnswers(_django)

# Loads all views now, so that no request has to wait for them, and gunicorn's workers share them.
get_resolver().url_patterns  # noqa: B018
