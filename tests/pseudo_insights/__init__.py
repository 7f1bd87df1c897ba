"""Insights in one more language, which nobody speaks: its texts in Arabic letters, right to left.

Who looks at a page of it sees at once which text is not translated, and what does not turn round.
"""

from __future__ import annotations

import re
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from checkout import ROOT
from tasks.lib.local.applications import Application

CODE = "ar"
LOCALES = "PSEUDO_LOCALES"
"""Variable that names the folder of catalogues."""
_SPANISH = ROOT / "services/openedx/insights/src/insights/locale/es/LC_MESSAGES/django.po"
_LETTERS = str.maketrans(
    "abcdefghijklmnopqrstuvwxyz",
    "\u0627\u0628\u062c\u062f\u0647\u0641\u063a\u062d\u064a\u0698\u0643\u0644\u0645\u0646\u0648\u067e\u0642\u0631\u0633\u062a\u0639\u06a4\u0634\u062e\u0649\u0632",
)
# Of formats and HTML.
_KEPT = re.compile(r"(%\(\w+\)[sd]|%[%sd]|\{\w*\}|<[^>]+>|&\w+;)")


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
    settings = {LOCALES: str(folder), "PYTHONPATH": str(Path(__file__).parents[1])}
    return Application(application.title, __name__, {**application.environment, **settings})
