"""A course's weekly report as a mail: text, HTML with the charts as pictures, and a way to stop it.

It tells what the report's page tells, and nothing of single learners.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.mime.image import MIMEImage
from email.utils import make_msgid
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _

from insights.charts import still

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from insights.courses.overview import Card
    from insights.courses.report import Report
    from insights.mail.models import Subscription

CHART_WIDTH = 340  # pixels, as on a phone
_SHOWN_WIDTH = 480  # where there is room: the pictures have enough for it
_LONGEST_NAME = 120  # characters, in a subject


@dataclass(frozen=True)
class Letter:
    """The mail of a course and a language, for all who get it.

    Attributes:
        report: what it tells, in the language that is active.
        pictures: PNGs of its charts, by the keys of their answers.
    """

    report: Report
    pictures: Mapping[str, bytes]

    @classmethod
    def of(cls, report: Report) -> Letter:
        """The mail of a report."""
        answers = [card.answer for card in report.charts]
        return cls(
            report,
            {
                answer.key: still.png(answer.chart, answer.table, CHART_WIDTH)
                for answer in answers
                if answer.chart
            },
        )

    @property
    def subject(self) -> str:
        """Course and week; a name of several lines is told in one."""
        name = "".join(c if c.isprintable() else " " for c in self.report.name)
        name = Truncator(" ".join(name.split())).chars(_LONGEST_NAME)
        return f"{name}: {self.report.days}"

    def to(self, subscription: Subscription) -> EmailMultiAlternatives:
        """The mail to one who gets it, in the language of the report, which is active."""
        stop = url_of("mail-stop", subscription.token)
        mail = EmailMultiAlternatives(
            subject=self.subject,
            body=self._text(stop),
            to=[subscription.user.email],
            headers={
                "Auto-Submitted": "auto-generated",
                "List-Unsubscribe": f"<{stop}>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "Message-ID": make_msgid(domain=urlsplit(settings.SITE_URL).hostname),
            },
        )
        mail.mixed_subtype = "related"
        mail.attach_alternative(self._html(stop), "text/html")
        for key, content in self.pictures.items():
            picture = MIMEImage(content, "png")
            picture.add_header("Content-ID", f"<{key}>")
            picture.add_header("Content-Disposition", "inline", filename=f"{key}.png")
            mail.attach(picture)
        return mail

    def _html(self, stop: str) -> str:
        report = self.report
        context = {
            "report": report,
            "language": get_language(),
            "direction": "rtl" if get_language_bidi() else "ltr",
            "pictures": self.pictures,
            # As templates can name them.
            "colours": {
                name[2:].replace("-", "_"): value for name, value in still.light_colours().items()
            },
            "changes": _changes(report),
            "why": _why(),
            "width": _SHOWN_WIDTH,
            "report_url": url_of("report", report.course_id),
            "pdf_url": url_of("report-pdf", report.course_id),
            "stop_url": stop,
        }
        return render_to_string("mail/report.html", context)

    def _text(self, stop: str) -> str:
        return "\n".join(self._lines(stop))

    def _lines(self, stop: str) -> Iterator[str]:
        report = self.report
        yield from (report.name, report.days, *report.facts, "")
        yield _("What changed this week?")
        yield from (f"- {sentence}" for sentence in _changes(report))
        for card in (*report.charts, *report.cards):
            yield from ("", *_told(card))
        if report.left_out:
            yield from ("", report.left_out)
        yield from ("", f"{_('Open the report')}: {url_of('report', report.course_id)}")
        yield f"{_('Download as PDF')}: {url_of('report-pdf', report.course_id)}"
        yield from ("", report.as_of, _why())
        yield f"{_('Stop sending')}: {stop}"


def url_of(name: str, *arguments: str) -> str:
    """The address of a page, as readers of mails need it: as a whole."""
    return f"{settings.SITE_URL}{reverse(name, args=arguments)}"


def _changes(report: Report) -> list[str]:
    return [change.text for change in report.changes] or [
        _("No number of learners changed by more than chance would make it.")
    ]


def _told(card: Card) -> Iterator[str]:
    yield f"{card.answer.question} {card.figure}".rstrip()
    yield card.answer.finding


def _why() -> str:
    return _("You get this mail because you asked for it in Insights.")
