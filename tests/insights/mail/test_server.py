"""The mail server, tried and used with TLS and a sign-in, and what is said where that fails."""

from __future__ import annotations

import os
import re
import socket
import ssl
import threading
from typing import TYPE_CHECKING

import pytest
from django.core.mail import EmailMessage, get_connection

import mail_server
from insights.mail.backend import EmailBackend
from insights.mail.server import MailServer, MailServerError, tls_context
from issuing import issue
from mail_server import PASSWORD, USER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return issue(tmp_path_factory.mktemp("tls") / "pair", "localhost")


@pytest.fixture
def trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine trusts who issued the certificate."""
    monkeypatch.setitem(os.environ, "SSL_CERT_FILE", str(certificate[0]))


@pytest.fixture
def encrypted(certificate: tuple[Path, Path]) -> Iterator[mail_server.MailServer]:
    with mail_server.running(certificate=certificate, signs_in=True) as server:
        yield server


def fault(server: MailServer) -> str:
    with pytest.raises(MailServerError) as error:
        server.try_it()
    assert "\n" not in str(error.value)
    assert server.password not in str(error.value) or not server.password
    return str(error.value)


@pytest.mark.usefixtures("trusted")
def test_one_that_is_as_it_should_be(encrypted: mail_server.MailServer) -> None:
    server = MailServer("localhost", encrypted.port, "starttls", USER, PASSWORD)

    assert server.try_it() == "takes insights, by TLS"
    assert PASSWORD not in repr(server)


def test_one_without_tls_and_sign_in() -> None:
    with mail_server.running() as open_to_all:
        assert MailServer("127.0.0.1", open_to_all.port, "none").try_it() == "takes us"


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password(encrypted: mail_server.MailServer) -> None:
    server = MailServer("localhost", encrypted.port, "starttls", USER, "hunter2")

    assert fault(server) == "refuses SMTP_USER with SMTP_PASSWORD (535)"


def test_a_certificate_that_nobody_knows(encrypted: mail_server.MailServer) -> None:
    server = MailServer("localhost", encrypted.port, "starttls", USER, PASSWORD)

    assert fault(server).startswith("has a certificate that is not trusted (")


def test_authorities_are_known_where_the_machine_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in an image of Debian's without ca-certificates."""
    monkeypatch.setitem(os.environ, "SSL_CERT_FILE", os.devnull)
    monkeypatch.setitem(os.environ, "SSL_CERT_DIR", os.devnull)

    assert ssl.create_default_context().cert_store_stats()["x509_ca"] == 0
    assert tls_context().cert_store_stats()["x509_ca"] > 50
    assert tls_context().verify_mode is ssl.CERT_REQUIRED
    assert tls_context().check_hostname
    assert EmailBackend().ssl_context.cert_store_stats()["x509_ca"] > 50


@pytest.mark.usefixtures("trusted")
def test_a_certificate_of_another_name(encrypted: mail_server.MailServer) -> None:
    server = MailServer("127.0.0.1", encrypted.port, "starttls", USER, PASSWORD)

    assert "IP address mismatch" in fault(server)


@pytest.mark.parametrize(
    ("security", "user", "complaint"),
    [
        ("starttls", "", "knows no STARTTLS: see SMTP_SECURITY and SMTP_PORT"),
        ("tls", "", "speaks no TLS there: see SMTP_SECURITY and SMTP_PORT"),
        ("none", USER, "cannot do what is asked of it .*: is SMTP_USER to be empty?"),
    ],
)
def test_one_that_does_less(security: str, user: str, complaint: str) -> None:
    with mail_server.running() as plain:
        assert re.match(
            complaint, fault(MailServer("127.0.0.1", plain.port, security, user, PASSWORD))
        )


def test_nobody_there() -> None:
    assert fault(MailServer("127.0.0.1", 9, "none")) == (
        "cannot be reached (Connection refused): see SMTP_HOST and SMTP_PORT"
    )
    assert fault(MailServer("mail.invalid", 25, "none")) == (
        "has a name that leads nowhere: see SMTP_HOST"
    )


def test_one_that_hangs_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        listener.listen()
        threading.Thread(target=lambda: listener.accept()[0].close()).start()
        assert "ends the connection" in fault(MailServer("127.0.0.1", port, "none"))


@pytest.mark.usefixtures("trusted")
def test_django_sends_by_tls_and_signed_in(encrypted: mail_server.MailServer) -> None:
    connection = get_connection(
        "insights.mail.backend.EmailBackend",
        host="localhost",
        port=encrypted.port,
        username=USER,
        password=PASSWORD,
        use_tls=True,
    )
    EmailMessage("Hello", "Text", "a@example.org", ["b@example.org"], connection=connection).send()

    assert encrypted.addresses == ["b@example.org"]
