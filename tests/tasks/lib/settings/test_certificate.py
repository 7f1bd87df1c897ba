"""Certificates: a self-signed pair that TLS clients accept, and what is wrong with other pairs."""

from __future__ import annotations

import socket
import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from issuing import issue
from tasks.lib.settings import certificate
from tasks.lib.settings.certificate import Certificate, CertificateError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    """Where a certificate and its key belong; nothing is there."""
    return tmp_path / "tls" / "certificate.pem", tmp_path / "tls" / "key.pem"


def handshake(served: tuple[Path, Path], host: str) -> str | None:
    """The TLS version that a client, which trusts the certificate, and a server agree on."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(*served)
    client = ssl.create_default_context(cafile=str(served[0]))
    ours, theirs = socket.socketpair()

    def answer() -> None:
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except ssl.SSLError:
            theirs.close()

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        with client.wrap_socket(ours, server_hostname=host) as connection:
            return connection.version()
    finally:
        thread.join()


@pytest.mark.parametrize("host", ["analytics.example.org", "localhost", "192.0.2.7"])
def test_clients_accept_a_self_signed_pair_for_its_host(pair: tuple[Path, Path], host: str) -> None:
    assert certificate.ensure(*pair, host)

    assert handshake(pair, host) == "TLSv1.3"
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        handshake(pair, "other.example.org")


def test_a_self_signed_pair(pair: tuple[Path, Path]) -> None:
    certificate.ensure(*pair, "analytics.example.org")
    read = certificate.load(*pair)

    assert read.names == ("analytics.example.org", "localhost", "127.0.0.1", "::1")
    assert read.valid_until - read.valid_from == timedelta(days=825)
    assert read.fault_at(datetime.now(UTC)) is None
    assert read.self_signed
    assert stat.S_IMODE(pair[1].stat().st_mode) == 0o600


def test_a_host_name_longer_than_a_common_name(pair: tuple[Path, Path]) -> None:
    host = ".".join(["a" * 60] * 4)
    certificate.ensure(*pair, host)

    assert certificate.load(*pair).covers(host)


def test_a_pair_that_is_there_is_left_alone(pair: tuple[Path, Path]) -> None:
    certificate.ensure(*pair, "localhost")
    before = [path.read_bytes() for path in pair]

    assert not certificate.ensure(*pair, "other.example.org")
    assert [path.read_bytes() for path in pair] == before


def test_a_key_that_is_there_is_used(pair: tuple[Path, Path]) -> None:
    certificate.ensure(*pair, "localhost")
    key = pair[1].read_bytes()
    pair[0].unlink()

    assert certificate.ensure(*pair, "localhost")
    assert pair[1].read_bytes() == key
    assert handshake(pair, "localhost")


def test_a_certificate_without_its_key(pair: tuple[Path, Path]) -> None:
    certificate.ensure(*pair, "localhost")
    pair[1].unlink()

    with pytest.raises(CertificateError, match=r"key\.pem is not: bring the key, or remove the"):
        certificate.ensure(*pair, "localhost")


# --- A site's own ---


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_certificate_with_its_chain(tmp_path: Path, kind: str) -> None:
    key = rsa.generate_private_key(65537, 2048) if kind == "rsa" else None
    read = certificate.load(*issue(tmp_path, "a.example.org", "*.b.example.org", key=key))

    assert not read.self_signed
    assert read.names == ("a.example.org", "*.b.example.org")


@pytest.mark.parametrize(
    ("host", "covered"),
    [
        ("a.example.org", True),
        ("A.Example.Org", True),
        ("x.b.example.org", True),
        ("b.example.org", False),
        ("x.y.b.example.org", False),
        ("other.example.org", False),
    ],
)
def test_hosts_that_a_certificate_is_for(tmp_path: Path, host: str, covered: bool) -> None:
    read = certificate.load(*issue(tmp_path, "a.example.org", "*.b.example.org"))

    assert read.covers(host) is covered


def test_a_certificate_without_alternative_names_is_for_no_host(tmp_path: Path) -> None:
    assert certificate.load(*issue(tmp_path)).names == ()


def test_dates() -> None:
    now = datetime(2026, 1, 10, 12, tzinfo=UTC)
    read = Certificate(("a",), now - timedelta(days=1), now + timedelta(days=1), False)

    assert read.fault_at(now) is None
    assert read.fault_at(now + timedelta(days=1)) == "expired on 2026-01-11"
    assert read.fault_at(now - timedelta(days=2)) == "is valid only from 2026-01-09 12:00 UTC on"


def test_a_key_of_another_certificate(tmp_path: Path) -> None:
    one = issue(tmp_path / "one", "a.example.org")
    other = issue(tmp_path / "other", "a.example.org")

    with pytest.raises(CertificateError, match=r"key\.pem is not the key of the first certificate"):
        certificate.load(one[0], other[1])


def test_a_chain_in_the_wrong_order(tmp_path: Path) -> None:
    pair = issue(tmp_path, "a.example.org")
    site, chain = x509.load_pem_x509_certificates(pair[0].read_bytes())
    pem = serialization.Encoding.PEM
    pair[0].write_bytes(chain.public_bytes(pem) + site.public_bytes(pem))

    with pytest.raises(CertificateError, match="the host's own certificate before its chain"):
        certificate.load(*pair)


def test_an_encrypted_key(tmp_path: Path) -> None:
    pair = issue(tmp_path, "a.example.org")
    key = serialization.load_pem_private_key(pair[1].read_bytes(), None)
    pair[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"pass phrase"),
        )
    )

    with pytest.raises(CertificateError, match=r"key\.pem is encrypted: nginx has to read it"):
        certificate.load(*pair)


@pytest.mark.parametrize("content", [b"", b"no PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_files_that_hold_something_else(tmp_path: Path, content: bytes) -> None:
    pair = issue(tmp_path, "a.example.org")
    whole = [path.read_bytes() for path in pair]

    pair[0].write_bytes(content)
    with pytest.raises(CertificateError, match=r"certificate\.pem holds no PEM certificate"):
        certificate.load(*pair)

    pair[0].write_bytes(whole[0])
    pair[1].write_bytes(content)
    with pytest.raises(CertificateError, match=r"key\.pem holds no PEM private key"):
        certificate.load(*pair)


def test_files_that_are_not_there(pair: tuple[Path, Path]) -> None:
    with pytest.raises(CertificateError, match=r"certificate\.pem cannot be read: No such file"):
        certificate.load(*pair)
