"""How mail is handed over: Django's way by SMTP, and whom it trusts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.mail.backends import smtp
from django.utils.functional import cached_property

from insights.mail.server import tls_context

if TYPE_CHECKING:
    from ssl import SSLContext


class EmailBackend(smtp.EmailBackend):
    """Django's own, with more authorities than the image has, which has none."""

    @cached_property
    def ssl_context(self) -> SSLContext:
        """What a server's certificate is held against."""
        return tls_context()
