"""Sends each subscriber the report of the last whole week, once.

A week is noted as sent before its mail is handed over, and taken back where the mail server says
that it did not take it. So nobody gets a week twice, though several processes send at a time or one
dies; of one that dies, or of a connection that breaks, at the very moment that a mail is handed
over, that mail alone may be lost.
"""

from __future__ import annotations

import smtplib
from collections import Counter
from enum import Enum
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import get_connection
from django.core.validators import validate_email
from django.utils.translation import override

from insights.accounts.access import may_see
from insights.accounts.lms_courses import LmsUnavailable, SignInAgain
from insights.courses.answers.engagement import last_week
from insights.courses.overview import Overview
from insights.courses.report import report
from insights.data_api.errors import DataApiError
from insights.data_api.one_run import of_one_run
from insights.data_api.runs import freshness
from insights.mail.letter import Letter
from insights.mail.models import Subscription
from insights.mail.server import CLOSING, MailServerError, why

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from django.core.mail import EmailMessage


class End(Enum):
    """What became of a mail that was due; the value is said of their number."""

    SENT = "sent"
    REFUSED = "refused for good"
    SKIPPED = "not sent"
    LATER = "left for the next run"


class Refused(Exception):
    """The mail server did not take a mail.

    Attributes:
        end: whether it is to be tried again.
    """

    def __init__(self, reason: str, end: End) -> None:
        super().__init__(reason)
        self.end = end


class Lost(Exception):
    """Nobody knows whether the mail server took a mail."""


def send_due(say: Callable[[str], object]) -> Counter[End]:
    """Send what is due to all who asked for it; returns what became of how many.

    Args:
        say: is given a line for each mail that is not sent, and one that sums up.

    Raises:
        MailServerError: the mail server takes no mail at all; what is due stays so.
        DataApiError: there are no numbers of any course; so does it then.
        DatabaseError: nor subscriptions.
    """
    wanted = Subscription.objects.filter(active=True, user__is_active=True).select_related("user")
    if not wanted:
        say("nobody has asked for a weekly report")
        return Counter()
    until = of_one_run(freshness, "weekly mails").until
    if until is None:
        say("there are no numbers yet: nothing is sent")
        return Counter()
    week = last_week(until)
    due = [each for each in wanted if each.week is None or each.week < week]
    if not due:
        say(f"nothing is new since the week from {week}, which was sent: nothing is sent")
        return Counter()
    ends: Counter[End] = Counter()
    try:
        ends.update(_send_all(due, say))
    finally:
        told = ", ".join(f"{ends[end]} {end.value}" for end in End if ends[end])
        say(f"week from {week}: {told or 'nothing is sent'}")
    return ends


def _send_all(due: Iterable[Subscription], say: Callable[[str], object]) -> Iterator[End]:
    outbox = Outbox()
    sees = _Access()
    try:
        for (course_id, language), same in groupby(
            due, lambda each: (each.course_id, each.language)
        ):
            letter = cache(lambda: _letter(course_id))  # noqa: B023 (used within this turn)
            with override(language):
                for subscription in same:
                    end, reason = _send_one(subscription, letter, outbox, sees)
                    if reason:
                        who = f"{subscription.user.get_username()!a}, {course_id!a}"
                        say(f"{who}: {reason}")
                    if end:
                        yield end
    finally:
        outbox.close()


def _send_one(
    subscription: Subscription,
    letter: Callable[[], Letter | DataApiError],
    outbox: Outbox,
    sees: _Access,
) -> tuple[End | None, str]:
    """What became of a mail, None where another process sends it; and why, where it is not sent."""
    try:
        validate_email(subscription.user.email)
    except ValidationError:
        return End.SKIPPED, "has no e-mail address that could be right"
    try:
        if not sees.course(subscription):
            return End.SKIPPED, "may not see the course any more"
    except SignInAgain:
        return End.SKIPPED, "has to sign in again, for the LMS to say whether they may see it"
    except LmsUnavailable:
        return End.LATER, "the LMS does not say whether they may see it"
    made = letter()
    if isinstance(made, DataApiError):
        return End.LATER, f"the Data API gives no numbers: {made}"
    week = made.report.week
    if week is None:
        return End.SKIPPED, "there are no numbers of the course yet"
    mail = made.to(subscription)
    outbox.open()
    if not subscription.claim(week):
        return None, ""
    try:
        outbox.send(mail)
    except Refused as refusal:
        if refusal.end is End.LATER:
            subscription.release(week)
        return refusal.end, f"the mail server {refusal}"
    except Lost as loss:
        return End.REFUSED, f"not known whether it was taken, so not sent again: {loss}"
    except MailServerError:
        subscription.release(week)
        raise
    return End.SENT, ""


def _letter(course_id: str) -> Letter | DataApiError:
    """The mail of a course; or why there is none, which is asked no more than once either."""
    try:
        return of_one_run(
            lambda data_api: Letter.of(report(Overview(data_api, course_id))),
            f"mail of {course_id!a}",
        )
    except DataApiError as error:
        return error


class _Access:
    """Who sees which course; an LMS that is away is asked once in a run."""

    def __init__(self) -> None:
        self._lms: LmsUnavailable | None = None

    def course(self, subscription: Subscription) -> bool:
        """Whether the subscriber sees the course now. Raises LmsUnavailable, SignInAgain."""
        if self._lms and hasattr(subscription.user, "lms_account"):
            raise self._lms
        try:
            return may_see(subscription.user, subscription.course_id)
        except LmsUnavailable as error:
            self._lms = error
            raise


class Outbox:
    """A connection to the mail server, by Django's own backend, that is opened when needed."""

    def __init__(self) -> None:
        self._backend = get_connection()

    def open(self) -> None:
        """Have a connection that works. Raises MailServerError."""
        if self._backend.connection is not None and not self._answers():
            self._backend.close()
        try:
            self._backend.open()
        except OSError as error:
            raise _server_error(error) from error

    def close(self) -> None:
        """End the connection, if there is one."""
        self._backend.close()

    def send(self, mail: EmailMessage) -> None:
        """Hand a mail over.

        Raises:
            Refused: the server did not take this mail.
            MailServerError: it did not take it either, and will not take others.
            Lost: the connection broke.
        """
        try:
            self._backend.send_messages([mail])
        except smtplib.SMTPRecipientsRefused as error:
            [(code, text)] = error.recipients.values()
            raise _refusal(smtplib.SMTPDataError(code, text)) from error
        except smtplib.SMTPDataError as error:
            raise _refusal(error) from error
        except (smtplib.SMTPResponseException, smtplib.SMTPNotSupportedError) as error:
            raise _server_error(error) from error
        except OSError as error:
            raise Lost(why(error)) from error

    def _answers(self) -> bool:
        try:
            code, _text = self._backend.connection.noop()
        except OSError:
            return False
        return bool(code == 250)


def _refusal(error: smtplib.SMTPDataError) -> Exception:
    """Of one mail, for good or for now; or of all."""
    if error.smtp_code == CLOSING:
        return _server_error(error)
    return Refused(why(error), End.REFUSED if error.smtp_code >= 500 else End.LATER)


def _server_error(error: OSError) -> MailServerError:
    return MailServerError(f"the mail server {settings.EMAIL_HOST} {why(error)}")
