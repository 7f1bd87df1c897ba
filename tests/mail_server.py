"""A mail server on the loopback interface, which keeps what it is given."""

from __future__ import annotations

import socket
import ssl
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

USER, PASSWORD = "insights", "mail-password-7"


@dataclass
class MailServer:
    """What a running server took, and what it answers.

    Attributes:
        port: its port.
        mails: what it took, in order, each with the address that it is for.
        recipients: its answer to mail for an address, where it is not that it takes it.
        sender: its answer to whoever sends, likewise.
        data: its answer to a whole mail, likewise.
    """

    port: int
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    recipients: dict[str, str] = field(default_factory=dict)
    sender: str = ""
    data: str = ""

    @property
    def addresses(self) -> list[str]:
        """Whom it has mail for."""
        return [address for address, _mail in self.mails]


class _Handler:
    """Aiosmtpd's calls."""

    def __init__(self, server: MailServer) -> None:
        self.server = server

    async def handle_MAIL(
        self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if self.server.sender:
            return self.server.sender
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: list[str]
    ) -> str:
        if answer := self.server.recipients.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        if self.server.data:
            return self.server.data
        mail = message_from_bytes(envelope.content, policy=policy.default)
        [address] = envelope.rcpt_tos
        self.server.mails.append((address, mail))
        return "250 OK"


def _authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> Any:
    good = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)


def _free_port() -> int:
    """One that nobody has; aiosmtpd wants to know it beforehand."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(
    *, certificate: tuple[Path, Path] | None = None, signs_in: bool = False
) -> Iterator[MailServer]:
    """Run a server; with a certificate and its key, it speaks STARTTLS.

    With `signs_in`, it takes mail from `USER` with `PASSWORD` alone.
    """
    server = MailServer(_free_port())
    options: dict[str, Any] = {}
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*certificate)
        options |= {"tls_context": context, "require_starttls": True}
    if signs_in:
        options |= {"authenticator": _authenticate, "auth_required": True}
        options |= {"auth_require_tls": certificate is not None}
    controller = Controller(
        _Handler(server),
        hostname="127.0.0.1",
        port=server.port,
        server_hostname="localhost",
        **options,
    )
    controller.start()
    try:
        yield server
    finally:
        controller.stop()
