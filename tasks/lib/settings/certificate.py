"""TLS certificates: a self-signed one for the first start, and what is wrong with a site's own."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tasks.lib.errors import OperatorError
from tasks.lib.settings import env_file

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import (
        CertificateIssuerPrivateKeyTypes,
        CertificatePublicKeyTypes,
        PrivateKeyTypes,
        PublicKeyTypes,
    )

VALID_FOR = timedelta(days=825)
"""The longest that all browsers accept of a certificate that was imported by hand."""


class CertificateError(OperatorError):
    """A certificate or its key cannot be read, made or used together."""


@dataclass(frozen=True)
class Certificate:
    """What is in a certificate file, whose key belongs to it."""

    names: tuple[str, ...]
    """Host names and IP addresses that it is for."""
    valid_from: datetime
    valid_until: datetime
    self_signed: bool

    def fault_at(self, moment: datetime) -> str | None:
        """Why it does not hold at a moment; None where it does."""
        if self.valid_until <= moment:
            return f"expired on {self.valid_until:%Y-%m-%d}"
        if self.valid_from > moment:
            return f"is valid only from {self.valid_from:%Y-%m-%d %H:%M} UTC on"
        return None

    def covers(self, host: str) -> bool:
        """Whether browsers accept it for a host; `*.example.org` stands for one more label."""
        host = host.lower()
        wildcard = "*." + host.partition(".")[2]
        return any(name.lower() in (host, wildcard) for name in self.names)


def load(certificate: Path, key: Path) -> Certificate:
    """Read a PEM certificate, the first of its file, and see that the key belongs to it.

    Raises:
        CertificateError: a file is not there, not readable or not PEM, or the two do not match.
    """
    from cryptography import x509
    from cryptography.x509.oid import ExtensionOID

    content = _read(certificate)
    try:
        first, *_ = x509.load_pem_x509_certificates(content)
        extension = first.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME)
        names = extension.value
    except x509.ExtensionNotFound:
        names = x509.SubjectAlternativeName([])
    except ValueError as error:
        raise CertificateError(
            f"{certificate} holds no PEM certificate that can be read"
        ) from error
    if _public(first.public_key()) != _public(_load_key(key).public_key()):
        raise CertificateError(
            f"{key} is not the key of the first certificate in {certificate}: bring the two that"
            " belong together, the host's own certificate before its chain"
        )
    assert isinstance(names, x509.SubjectAlternativeName)
    return Certificate(
        (
            *names.get_values_for_type(x509.DNSName),
            *map(str, names.get_values_for_type(x509.IPAddress)),
        ),
        first.not_valid_before_utc,
        first.not_valid_after_utc,
        first.issuer == first.subject,
    )


def _load_key(path: Path) -> PrivateKeyTypes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        return serialization.load_pem_private_key(_read(path), password=None)
    except TypeError as error:
        raise CertificateError(
            f"{path} is encrypted: nginx has to read it without a pass phrase"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateError(f"{path} holds no PEM private key that can be read") from error


def _public(key: CertificatePublicKeyTypes | PublicKeyTypes) -> bytes:
    from cryptography.hazmat.primitives import serialization

    return key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CertificateError(f"{path} cannot be read: {error.strerror}") from error


def ensure(certificate: Path, key: Path, host: str) -> bool:
    """Make a self-signed pair where neither file is there; returns whether it did.

    A key without its certificate is what a killed call leaves: it is used for a new certificate.
    Folders are made too.

    Raises:
        CertificateError: there is a certificate without a key, or they cannot be written.
    """
    if certificate.exists():
        if key.exists():
            return False
        raise CertificateError(
            f"{certificate} is there and its key {key} is not: bring the key, or remove the"
            " certificate to have a new pair made"
        )
    try:
        _make(certificate, key, host)
    except OSError as error:
        raise CertificateError(f"{error.filename}: {error.strerror}") from error
    return True


def _make(certificate: Path, key: Path, host: str) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    for path in (certificate, key):
        path.parent.mkdir(parents=True, exist_ok=True)
    if not key.exists():
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        env_file.write(key, pem)
    private = _load_key(key)
    if not isinstance(private, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise CertificateError(
            f"{key} is neither an RSA nor an EC key: remove it, or bring its own certificate"
        )
    signed = _self_signed(private, host, datetime.now(UTC))
    env_file.write(certificate, signed.public_bytes(serialization.Encoding.PEM))
    certificate.chmod(0o644)


def _self_signed(
    key: CertificateIssuerPrivateKeyTypes, host: str, now: datetime
) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    # A common name has at most 64 characters; browsers look at the alternative names alone.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
    names = dict.fromkeys([host, "localhost", "127.0.0.1", "::1"])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # Clocks differ: a browser's may be behind.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now - timedelta(days=1) + VALID_FOR)
        .add_extension(x509.SubjectAlternativeName([*map(_general_name, names)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )


def _general_name(host: str) -> x509.GeneralName:
    from cryptography import x509

    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
