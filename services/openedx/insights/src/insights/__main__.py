"""Django's command line for this application: ``python -m insights prepare``."""

from __future__ import annotations

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line


def main() -> None:
    """Run the management command that the arguments name."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "insights.settings"
    try:
        execute_from_command_line()
    except ImproperlyConfigured as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
