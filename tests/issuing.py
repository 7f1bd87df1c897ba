"""TLS certificates as an authority issues them to a site."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from pathlib import Path


def issue(
    folder: Path,
    *names: str,
    days: tuple[int, int] = (-10, 90),
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None,
) -> tuple[Path, Path]:
    """A pair as a certificate authority issues it, the authority's own certificate after it.

    Args:
        days: first and last day on which it is valid, from now.
    """
    authority_key = ec.generate_private_key(ec.SECP256R1())
    key = key or ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)

    def sign(subject: str, public: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")]))
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
        )
        if subject == "authority":
            builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
        elif names:
            alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            builder = builder.add_extension(alternatives, critical=False)
        signed = builder.sign(authority_key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM)

    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    site, chain = sign("site", key.public_key()), sign("authority", authority_key.public_key())
    folder.mkdir(exist_ok=True)
    (folder / "certificate.pem").write_bytes(site + chain)
    (folder / "key.pem").write_bytes(pem)
    return folder / "certificate.pem", folder / "key.pem"
