"""Django's command line for this application: ``python -m analytics_data_api prepare``."""

from __future__ import annotations

from openedx_base.command_line import run


def main() -> None:
    """Run the management command that the arguments name."""
    run("analytics_data_api.settings")


if __name__ == "__main__":
    main()
