"""Slows down those who guess passwords."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

from django.conf import settings
from django.core.cache import caches

if TYPE_CHECKING:
    from django.http import HttpRequest

FAILURES = 10
SECONDS = 5 * 60


class SignInThrottle:
    """Counts failed sign-ins of a name from an address.

    Nobody else's failures keep a user out, but for those who share the user's address.
    """

    def __init__(self, request: HttpRequest, name: str) -> None:
        who = f"{address_of(request)} {name.strip().casefold()}"
        # Of one length and without odd characters; the name itself is nobody's business.
        self._key = hashlib.sha256(who.encode("utf-8", "surrogatepass")).hexdigest()
        self._cache = caches["sign-in"]

    def is_closed(self) -> bool:
        """Tell whether there were `FAILURES` in the last `SECONDS`."""
        return len(self._failures()) >= FAILURES

    def note_failure(self) -> None:
        """Count a failure."""
        failures = [*self._failures(), time.time()]
        self._cache.set(self._key, failures[-FAILURES:], SECONDS)

    def forget(self) -> None:
        """Count from 0 again."""
        self._cache.delete(self._key)

    def _failures(self) -> list[float]:
        """When the failures were that still count, in seconds since the epoch."""
        since = time.time() - SECONDS
        return [at for at in self._cache.get(self._key, []) if at > since]


def address_of(request: HttpRequest) -> str:
    """The reader's address.

    Behind TLS there is a proxy in front of us, which appends it to X-Forwarded-For; what stands
    there before that, anybody may have written.
    """
    forwarded = request.headers.get("X-Forwarded-For", "") if settings.HTTPS else ""
    return forwarded.rpartition(",")[2].strip() or str(request.META.get("REMOTE_ADDR", ""))
