"""The enrollment modes that answers tell apart."""

from __future__ import annotations

AUDIT = "audit"
CREDIT = "credit"
HONOR = "honor"
MASTERS = "masters"
PROFESSIONAL = "professional"
VERIFIED = "verified"

ALL = (AUDIT, CREDIT, HONOR, MASTERS, PROFESSIONAL, VERIFIED)

# Clients know one mode for those who pay for a professional certificate.
_SHOWN_AS = {"no-id-professional": PROFESSIONAL}


def shown(mode: str) -> str:
    """The mode under which answers count the learners of a mode."""
    return _SHOWN_AS.get(mode, mode)
