"""Insights' settings, with the language in addition."""

from __future__ import annotations

import os

from insights.settings import *  # noqa: F403
from insights.settings import LANGUAGES as _LANGUAGES
from pseudo_insights import CODE, LOCALES

LANGUAGES = [*_LANGUAGES, (CODE, "pseudo")]
LOCALE_PATHS = [os.environ[LOCALES]]
