"""Django's command line, as both applications have it."""

from __future__ import annotations

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def run(settings: str) -> None:
    """Run the management command that the arguments name; a setting that is wrong ends it.

    Args:
        settings: the application's module of settings.
    """
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    try:
        execute_from_command_line()
    except ImproperlyConfigured as error:
        sys.exit(str(error))
