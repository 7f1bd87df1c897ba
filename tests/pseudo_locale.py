"""A language that nobody speaks, written from right to left: Insights' own texts in Arabic letters.

Who looks at a page of it sees at once which text is not translated and which layout does not turn
round. As a module it is Insights' settings with that language in addition.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from checkout import ROOT
from tasks.lib.local.applications import Application

CODE = "ar"
_LOCALES = "PSEUDO_LOCALES"
_SPANISH = ROOT / "services/openedx/insights/src/insights/locale/es/LC_MESSAGES/django.po"
_LETTERS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyz",
    "\u0627\u0628\u062c\u062f\u0647\u0641\u063a\u062d\u064a\u0698\u0643\u0644\u0645\u0646\u0648\u067e\u0642\u0631\u0633\u062a\u0639\u06a4\u0634\u062e\u0649\u0632",
)
# Of formats and HTML.
_KEPT = re.compile(r"(%\(\w+\)[sd]|%[%sd]|\{\w*\}|<[^>]+>|&\w+;)")

if _LOCALES in os.environ:
    from insights.settings import *  # noqa: F403
    from insights.settings import LANGUAGES as _LANGUAGES

    LANGUAGES = [*_LANGUAGES, (CODE, "pseudo")]
    LOCALE_PATHS = [os.environ[_LOCALES]]


def pseudo(text: str) -> str:
    """A text in Arabic letters; what it leaves room for stays."""
    parts = _KEPT.split(text)
    return "".join(
        part if index % 2 else part.lower().translate(_LETTERS) for index, part in enumerate(parts)
    )


def speaking(application: Application, folder: Path) -> Application:
    """Insights with this language beside its own; the catalogue is written below `folder`."""
    with _SPANISH.open("rb") as file:
        known = read_po(file)
    catalog = Catalog(locale=CODE)
    for message in known:
        if isinstance(message.id, str) and message.id:
            catalog.add(message.id, pseudo(message.id), context=message.context)
        elif not isinstance(message.id, str):
            one, many = message.id
            strings = (pseudo(one), *(pseudo(many),) * (catalog.num_plurals - 1))
            catalog.add(message.id, strings, context=message.context)
    to = folder / CODE / "LC_MESSAGES"
    to.mkdir(parents=True)
    with (to / "django.mo").open("wb") as file:
        write_mo(file, catalog)
    settings = {_LOCALES: str(folder), "PYTHONPATH": str(Path(__file__).parent)}
    return _Speaking(
        application.title, application.package, {**application.environment, **settings}
    )


class _Speaking(Application):
    """Its settings are this module."""

    @property
    def process_environment(self) -> dict[str, str]:
        return {**super().process_environment, "DJANGO_SETTINGS_MODULE": __name__}
