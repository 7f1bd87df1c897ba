"""The mail server: whether it takes mail from us, and in one line why it does not.

Needs neither Django nor settings: `inv connect.check` tries a server by it before a site is up.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from dataclasses import dataclass, field

import certifi

TIMEOUT = 20  # seconds to connect, and between two answers
CLOSING = 421  # "service not available, closing": of the server, whatever was asked


class MailServerError(Exception):
    """The mail server cannot be used; the message says why, and holds no secret."""


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in.

    Attributes:
        host: its name.
        port: 587 for `starttls`, 465 for `tls`, as a rule.
        security: `starttls`, `tls` or `none`; with both of the former its certificate has to be
            good for its name.
        user: whom to sign in as; empty for nobody.
        password: the user's.
    """

    host: str
    port: int
    security: str
    user: str = ""
    password: str = field(default="", repr=False)

    def try_it(self) -> str:
        """Connect, sign in, and say good-bye; returns what was found.

        Raises:
            MailServerError: one of them fails.
        """
        context = tls_context()
        try:
            if self.security == "tls":
                connection: smtplib.SMTP = smtplib.SMTP_SSL(
                    self.host, self.port, timeout=TIMEOUT, context=context
                )
            else:
                connection = smtplib.SMTP(self.host, self.port, timeout=TIMEOUT)
            with connection:
                if self.security == "starttls":
                    connection.starttls(context=context)
                if self.user:
                    connection.login(self.user, self.password)
        except OSError as error:
            raise MailServerError(why(error)) from error
        return f"takes {self.user or 'us'}" + ("" if self.security == "none" else ", by TLS")


def tls_context() -> ssl.SSLContext:
    """Certificates have to be good, by an authority of this machine or one that requests knows."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def why(error: OSError) -> str:
    """What is wrong, in one line with what to do; the errors of `smtplib` are such too."""
    match error:
        case smtplib.SMTPAuthenticationError():
            return f"refuses SMTP_USER with SMTP_PASSWORD ({error.smtp_code})"
        case smtplib.SMTPNotSupportedError() if "STARTTLS" in str(error):
            return "knows no STARTTLS: see SMTP_SECURITY and SMTP_PORT"
        case smtplib.SMTPNotSupportedError():
            return f"cannot do what is asked of it ({error}): is SMTP_USER to be empty?"
        case smtplib.SMTPSenderRefused():
            return f"takes no mail from MAIL_FROM ({_answer(error.smtp_code, error.smtp_error)})"
        case smtplib.SMTPResponseException():
            return f"answers {_answer(error.smtp_code, error.smtp_error)}"
        case smtplib.SMTPServerDisconnected():
            return "ends the connection: see SMTP_SECURITY and SMTP_PORT"
        case ssl.SSLCertVerificationError():
            return f"has a certificate that is not trusted ({error.verify_message})"
        case ssl.SSLError():
            return "speaks no TLS there: see SMTP_SECURITY and SMTP_PORT"
        case TimeoutError():
            return f"does not answer within {TIMEOUT} s: see SMTP_HOST and SMTP_PORT"
        case socket.gaierror():
            return "has a name that leads nowhere: see SMTP_HOST"
    return f"cannot be reached ({error.strerror or error}): see SMTP_HOST and SMTP_PORT"


def _answer(code: int, text: bytes | str) -> str:
    """A server's answer, in so many letters as a line has room for."""
    told = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    printable = "".join(letter if letter.isprintable() else " " for letter in told)
    return f"{code} {' '.join(printable.split())[:200]}".rstrip()
