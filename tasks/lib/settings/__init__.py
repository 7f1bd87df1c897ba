"""Settings: declared in conf/*.env.template, given in conf/*.env, and what they are in effect."""

from tasks.lib.settings.effective import (
    FileProblem,
    Settings,
    SettingsError,
    Source,
    given,
    load,
    read,
)

__all__ = ["FileProblem", "Settings", "SettingsError", "Source", "given", "load", "read"]
