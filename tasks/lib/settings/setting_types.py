"""What a template can say about a setting: its type, and with it the default or how one is made.

Each public function of `TYPES` is known in conf/*.env.template by its name, and gives a `Type`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

Check = Callable[[str], bool]

SHORTEST_SECRET = 20
"""Characters. Those that we make are longer."""

_FEWEST_DIFFERENT = 6
_PLACEHOLDER = re.compile(
    r"\W*(change|replace|insert|enter|your|example|placeholder|todo|default|password|secret)",
    re.IGNORECASE,
)
_BYTES = {"k": 2**10, "m": 2**20, "g": 2**30}
_LABEL = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
_WORD = r"[\w!#$%&'*+/=?^`{}|~-]+"
_LOCAL_PART = re.compile(rf"(?!.{{65}}){_WORD}(\.{_WORD})*", re.ASCII)
_TOP_LEVEL = re.compile(r".+\.([A-Za-z-]{2,63}|xn--[A-Za-z0-9]+)")
_IMAGE_NAME = re.compile(
    r"[a-zA-Z0-9._-]+(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)*"  # as Docker reads references
)
_LOCATION = re.compile(r"[a-z][a-z0-9+]*://[A-Za-z0-9./_~:@%,-]+")
_IMAGE_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_PROJECT_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


@dataclass(frozen=True)
class Type:
    """The type of a setting, for one setting: its default is part of it.

    A setting may be empty if its default is; `required` says otherwise, either way.
    """

    wanted: str
    """What a value is, for messages: "a port, 1 to 65535"."""
    is_valid: Check
    default: str = ""
    required: bool | None = None
    secret: bool = False
    make: Callable[[], str] | None = None
    """Makes the first value of a setting for which no two sites may have the same."""

    @property
    def is_optional(self) -> bool:
        """Whether it may be empty."""
        if self.required is None:
            return not (self.default or self.make)
        return not self.required


def text(default: str = "", *, required: bool | None = None, secret: bool = False) -> Type:
    """Any text; a secret one, such as another program's password, is not made here."""
    return Type("a text", lambda value: value.isprintable(), default, required, secret)


def host(default: str = "", *, required: bool | None = None) -> Type:
    """A host name or an IPv4 address."""
    return Type("a host name, such as analytics.example.org", is_host, default, required)


def address(default: str = "") -> Type:
    """An IP address."""
    return Type("an IP address, such as 127.0.0.1 or ::1", _is_address, default)


def port(default: int) -> Type:
    """A TCP port."""
    return Type("a port, 1 to 65535", _is_number(1, 65535), str(default))


def number(default: int, *, least: int, most: int) -> Type:
    """A whole number."""
    return Type(f"a whole number, {least} to {most}", _is_number(least, most), str(default))


def size(default: str, *, least: str) -> Type:
    """An amount of memory."""

    def is_valid(value: str) -> bool:
        number = size_in_bytes(value)
        return number is not None and number >= (size_in_bytes(least) or 0)

    return Type(f"an amount of memory, at least {least}, such as 512m or 2g", is_valid, default)


def path(default: str = "", *, required: bool | None = None) -> Type:
    """A file or folder of this machine; a relative one starts at the checkout."""
    return Type("a path, without ~", lambda value: not value.startswith("~"), default, required)


def url(default: str = "", *, required: bool | None = None) -> Type:
    """An http or https URL."""
    return Type("a URL that starts with https:// or http://", _is_url, default, required)


def mailbox(default: str = "", *, required: bool | None = None) -> Type:
    """An e-mail address, with a name or without."""
    return Type(
        "an e-mail address, such as Insights <insights@example.org>", _is_mailbox, default, required
    )


def location(default: str, *, or_none: bool = False) -> Type:
    """A service or a folder, as Hadoop names them: a URL of any scheme; or the word `none`."""
    return Type(
        f"a URL such as {default}" + (", or none" if or_none else ""),
        lambda value: bool(_LOCATION.fullmatch(value)) or (or_none and value == "none"),
        default,
    )


def switch(default: str) -> Type:
    """On or off."""
    return choice(default, among=["on", "off"])


def choice(default: str, *, among: list[str]) -> Type:
    """One of a few words."""
    return Type("one of " + ", ".join(among), among.__contains__, default)


def interval() -> Type:
    """A span of UTC dates, the second exclusive."""
    return Type("two dates A:B, A before B, such as 2026-01-01:2026-07-01", _is_interval)


def image_name(default: str) -> Type:
    """What the names of images begin with: registry host and path."""
    return Type(
        "a registry and a path, such as registry.example.org/analytics",
        lambda value: bool(_IMAGE_NAME.fullmatch(value)),
        default,
    )


def image_tag(default: str) -> Type:
    """The tag of an image."""
    return Type(
        "a tag of letters, digits and _ . -",
        lambda value: bool(_IMAGE_TAG.fullmatch(value)),
        default,
    )


def project_name(folder: str) -> Type:
    """A name for Compose: the folder's, and six digits that no other checkout has."""
    name = re.sub(r"[^a-z0-9]+", "-", folder.lower()).strip("-")[:40] or "analytics"
    return Type(
        "a name of lower-case letters, digits, _ and -",
        lambda value: bool(_PROJECT_NAME.fullmatch(value)),
        make=lambda: f"{name}-{_random(6)}",
    )


def secret(length: int = 40) -> Type:
    """A random secret of `length` hexadecimal digits; an operator may choose another."""
    return _secret(length, most=200)


def token() -> Type:
    """A random secret that clients send to the Data API, which takes no longer one."""
    return _secret(40, most=40)


def _secret(length: int, most: int) -> Type:
    return Type(
        f"{SHORTEST_SECRET} to {most} of ASCII's letters, digits and signs, without a space",
        # One that is too short is weak, which is told apart.
        lambda value: bool(re.fullmatch(rf"[!-~]{{1,{most}}}", value)),
        secret=True,
        make=lambda: _random(length),
    )


def _random(digits: int) -> str:
    """Hexadecimal digits, of an even number."""
    from secrets import token_hex

    return token_hex(digits // 2)


TYPES: dict[str, Callable[..., Type]] = {
    function.__name__: function
    for function in (
        *(text, host, address, port, number, size, path, url, mailbox, location, switch),
        *(choice, interval),
        *(image_name, image_tag, project_name, secret, token),
    )
}
"""By the name that templates call them by."""


def size_in_bytes(value: str) -> int | None:
    """The bytes of an amount such as 512m; None where it is none."""
    found = re.fullmatch(r"([1-9][0-9]{0,8})([kmgKMG])", value)
    return int(found[1]) * _BYTES[found[2].lower()] if found else None


def weakness(value: str) -> str | None:
    """Why a secret is easily guessed; None where it does not look so."""
    if _PLACEHOLDER.match(value):
        return "looks like a placeholder"
    if len(value) < SHORTEST_SECRET:
        return f"has fewer than {SHORTEST_SECRET} characters"
    if len(set(value)) < _FEWEST_DIFFERENT or _repeats(value):
        return "repeats itself"
    return None


def _repeats(value: str) -> bool:
    return value in (value + value)[1:-1]


def is_host(value: str) -> bool:
    """Whether it is a host name (RFC 1123) or an IPv4 address."""
    if re.fullmatch(r"[0-9.]+", value):
        return _is_address(value)
    return len(value) <= 253 and all(_LABEL.fullmatch(label) for label in value.split("."))


def _is_address(value: str) -> bool:
    from ipaddress import ip_address

    try:
        return "%" not in value and bool(ip_address(value))
    except ValueError:
        return False


def _is_number(least: int, most: int) -> Check:
    def is_valid(value: str) -> bool:
        return bool(re.fullmatch(r"0|[1-9][0-9]{0,8}", value)) and least <= int(value) <= most

    return is_valid


def _is_url(value: str) -> bool:
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(value)
        return (
            parts.scheme in ("http", "https")
            and is_host(parts.hostname or "")
            and parts.port != 0
            and not re.search(r"\s", value)
        )
    except ValueError:
        return False


def _is_mailbox(value: str) -> bool:
    """Whether it is one, as Insights has it too: of localhost, or of a name with a top level."""
    from email.utils import parseaddr

    local, _, domain = parseaddr(value)[1].rpartition("@")
    return (
        value.isprintable()
        and bool(_LOCAL_PART.fullmatch(local))
        and is_host(domain)
        and bool(domain == "localhost" or _TOP_LEVEL.fullmatch(domain))
    )


def _is_interval(value: str) -> bool:
    try:
        start, end = (date.fromisoformat(part) for part in value.split(":"))
    except ValueError:
        return False
    return start < end and bool(re.fullmatch(r"[0-9-]{10}:[0-9-]{10}", value))
