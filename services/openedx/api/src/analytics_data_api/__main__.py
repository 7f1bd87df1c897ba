"""Django's command line for this application: ``python -m analytics_data_api migrate``."""

from __future__ import annotations

import os

from django.core.management import execute_from_command_line


def main() -> None:
    """Run the management command that the arguments name."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "analytics_data_api.settings")
    execute_from_command_line()


if __name__ == "__main__":
    main()
