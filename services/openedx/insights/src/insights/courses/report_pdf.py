"""A course's report as a PDF of one A4 page, set by Typst.

`report.typ` has the layout. Texts reach it as data, and none is ever read as markup. The file is
tagged for screen readers (PDF/UA-1), unless it has a letter of which there is no font.
"""

from __future__ import annotations

import json
import logging
import re
import unicodedata
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.utils.text import Truncator
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _

from insights.charts import still
from insights.fonts import FAMILIES, folders

if TYPE_CHECKING:
    from datetime import datetime

    from typst import Fonts, PDFStandard

    from insights.courses.overview import Card
    from insights.courses.report import Report

TYPE = "application/pdf"
AUTHOR = "Insights"
CHART_WIDTH = 340  # pixels, as on a phone: there are two side by side
_TEMPLATE = Path(__file__).with_name("report.typ")
_LONGEST = 400  # characters of a text; what is longer is cut
_NO_LETTERS = {"Cc", "Cs", "Zl", "Zp"}  # controls, halves of letters, ends of lines
_LONG_WORD = re.compile(r"\S{40}")
_BREAK = "\u200b"  # where a line may end

log = logging.getLogger(__name__)


def pdf(report: Report) -> bytes:
    """The file's content, in the language that is active."""
    from typst import TypstError

    content = _content(report)
    try:
        return _compiled(content, report.computed, "ua-1")
    except TypstError as error:
        log.info("PDF of %a without PDF/UA: %a", report.course_id, error.message)
    content["notes"].append(
        _("There is no font here for some letters of this page: they are left blank, or boxes.")
    )
    return _compiled(content, report.computed)


def _compiled(content: dict[str, Any], at: datetime | None, *standards: PDFStandard) -> bytes:
    from typst import Compiler

    # Of its own for each: it is not for several threads.
    compiler = Compiler(_TEMPLATE.read_bytes(), root=_TEMPLATE.parent, font_paths=_fonts())
    done = compiler.compile(
        format="pdf",
        sys_inputs={"report": json.dumps(content)},
        pdf_standards=list(standards),
        timestamp=at,
    )
    assert isinstance(done, bytes)
    return done


@cache
def _fonts() -> Fonts:
    """Ours and the machine's, looked for once in a process."""
    from typst import Fonts

    return Fonts(include_system_fonts=True, font_paths=[*folders()])


def _content(report: Report) -> dict[str, Any]:
    """What `report.typ` reads."""
    return {
        "language": get_language(),
        "right_to_left": get_language_bidi(),
        "fonts": FAMILIES,
        "colours": {name[2:]: value for name, value in still.light_colours().items()},
        "author": AUTHOR,
        "kind": _("Weekly report"),
        "name": _printable(report.name),
        "facts": [_printable(fact) for fact in (report.days, *report.facts) if fact],
        "changes": {
            "title": _("What changed this week?"),
            "texts": [change.text for change in report.changes]
            or [_("No number of learners changed by more than chance would make it.")],
        }
        if report.cards
        else None,
        "charts": [
            {
                **_card(card),
                "svg": still.svg(card.answer.chart, card.answer.table, CHART_WIDTH)
                if card.answer.chart
                else None,
            }
            for card in report.charts
        ],
        "cards": [_card(card) for card in report.cards],
        "notes": [note for note in (report.left_out, *_nothing(report), report.as_of) if note],
    }


def _card(card: Card) -> dict[str, str]:
    return {
        "question": card.answer.question,
        "figure": card.figure,
        "finding": _printable(card.answer.finding),
    }


def _nothing(report: Report) -> list[str]:
    if report.cards:
        return []
    return [
        _(
            "There are no numbers of this course yet. They appear with the first update after a"
            " learner enrolls."
        )
    ]


def _printable(text: str) -> str:
    """A text without what no font has a letter for, in which every line can end somewhere."""
    kept = "".join(
        " " if unicodedata.category(letter) in _NO_LETTERS else letter for letter in text
    )
    return _LONG_WORD.sub(rf"\g<0>{_BREAK}", Truncator(kept.strip()).chars(_LONGEST))
