#!/usr/bin/env python3
"""render-settings COMMAND...: renders the settings of a container, then becomes COMMAND.

Each template /etc/analytics/NAME.j2 becomes /run/analytics/NAME, for the container's user alone;
those in a folder named as COMMAND, such as /etc/analytics/start-metastore, with them.
A template takes its values from the environment by functions that name their type, as the
templates in conf/ do: `{{ port("HTTPS_PORT", 443) }}`. COMMAND no longer sees the variables that
were read by `secret` or `password`. Values that are missing or malformed end the container, with
a line for each.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Mapping

TEMPLATES = Path("/etc/analytics")
RENDERED = Path("/run/analytics")


class Settings:
    """What templates ask for, by type.

    Attributes:
        findings: a line for each value that is missing or malformed.
        secrets: the names of the variables that hold a secret.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.findings: dict[str, str] = {}
        self.secrets: set[str] = set()
        self._environment = environment

    def secret(self, name: str) -> str:
        """A password, key or token: it can stand in a header and in a line of its own."""
        self.secrets.add(name)
        value = self._value(name)
        if value and not re.fullmatch("[!-~]{8,}", value):
            wanted = "8 or more of ASCII's letters, digits and signs, without a space"
            self.findings[name] = f"{name} is not a secret as it should be: {wanted}"
        return value

    def password(self, name: str) -> str:
        """A password that another program chose, of one line; or none."""
        self.secrets.add(name)
        value = self._environment.get(name, "")
        if not value.isprintable():
            self.findings[name] = f"{name} is not a password as it should be: one line of text"
        return value

    def text(self, name: str) -> str:
        """A line of text; or none."""
        value = self._environment.get(name, "")
        if not value.isprintable():
            self._malformed(name, value, "one line of text")
        return value

    def host(self, name: str, default: str = "") -> str:
        """The name or address of a host, without a port."""
        label = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
        form = rf"{label}(\.{label})*|\[[0-9A-Fa-f:.]+\]"
        return self._matching(name, default, form, "a host name such as insights.example.org")

    def size(self, name: str, default: str = "") -> str:
        """An amount of memory, with its unit."""
        return self._matching(name, default, "[1-9][0-9]{0,9}[kKmMgG]", "a size such as 256m")

    def url(self, name: str, default: str = "", *, or_none: bool = False) -> str:
        """A URL that names a service or a folder; it can stand in a properties file and in XML."""
        form = r"[a-z][a-z0-9+]*://[A-Za-z0-9./_~:@%,-]+" + ("|none" if or_none else "")
        return self._matching(name, default, form, "a URL such as hdfs://namenode:8020/warehouse")

    def choice(self, name: str, *choices: str) -> str:
        """One of some words; the first is the default."""
        form = "|".join(map(re.escape, choices))
        return self._matching(name, choices[0], form, " or ".join(choices))

    def port(self, name: str, default: int) -> int:
        """A TCP port."""
        return self.number(name, default, 1, 65535)

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number in a range."""
        value = self._value(name, str(default))
        if not re.fullmatch("[0-9]{1,9}", value) or not least <= int(value) <= most:
            self._malformed(name, value, f"a whole number from {least} to {most}")
            return default
        return int(value)

    def _matching(self, name: str, default: str, form: str, wanted: str) -> str:
        value = self._value(name, default)
        if value and not re.fullmatch(form, value):
            self._malformed(name, value, wanted)
        return value

    def _value(self, name: str, default: str = "") -> str:
        value = self._environment.get(name) or default
        if not value:
            self.findings[name] = f"{name} is not set"
        return value

    def _malformed(self, name: str, value: str, wanted: str) -> None:
        self.findings[name] = f"{name} is {value!r}: set it to {wanted}"


def mebibytes(size: str) -> int:
    """A size such as 2g as a number of MiB, rounded down."""
    kibibytes = {"k": 1, "m": 2**10, "g": 2**20}
    return int(size[:-1] or 0) * kibibytes[size[-1:].lower() or "k"] // 2**10


def sql_literal(value: str) -> str:
    """A string for SQL, in the mode NO_BACKSLASH_ESCAPES."""
    return "'" + value.replace("'", "''") + "'"


def percent_encoded(value: str) -> str:
    """A string for any part of a URL."""
    return quote(value, safe="")


def is_template(name: str) -> bool:
    """Whether it is to be rendered; those in folders are other commands'."""
    return name.endswith(".j2") and "/" not in name


def render(settings: Settings, command: str) -> dict[str, str]:
    """The text of each file that a command needs, by its name."""
    # It takes longest to load: by now the container can be told to stop.
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([TEMPLATES, TEMPLATES / command]),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # none of them is HTML
        keep_trailing_newline=True,
        trim_blocks=True,
    )
    filters = (mebibytes, percent_encoded, sql_literal)
    environment.filters |= {filter.__name__: filter for filter in filters}
    functions = ("secret", "password", "text", "host", "size", "url", "choice", "port", "number")
    environment.globals |= {name: getattr(settings, name) for name in functions}
    names = environment.list_templates(filter_func=is_template)
    return {name.removesuffix(".j2"): environment.get_template(name).render() for name in names}


def write(name: str, text: str) -> None:
    """Put a file into place in one step."""
    new = RENDERED / f".{name}.new"
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    new.replace(RENDERED / name)


def stop(number: int, _frame: object) -> NoReturn:
    """End, as the first process of a container does only if it has a handler."""
    sys.exit(128 + number)


def main(command: list[str]) -> None:
    """Render, then become the command."""
    signal.signal(signal.SIGTERM, stop)
    settings = Settings(os.environ)
    files = render(settings, command[0])
    if settings.findings:
        sys.exit("\n".join(f"render-settings: {line}" for line in settings.findings.values()))
    try:
        for name, text in files.items():
            write(name, text)
    except OSError as error:
        sys.exit(f"render-settings: cannot write {RENDERED}: {error.strerror}: mount a tmpfs there")
    environment = {k: v for k, v in os.environ.items() if k not in settings.secrets}
    try:
        os.execvpe(command[0], command, environment)
    except OSError as error:
        sys.exit(f"render-settings: cannot run {command[0]}: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
