"""Env files (NAME=value) in the one form that Compose and python-dotenv read alike.

The two agree on plain values and quietly differ on the rest: `#`, escapes, quotes that are not
closed, `${`, which python-dotenv expands even in single quotes. What they might read differently is
not read at all here, but reported with its line.

A value is one of
- 'single quotes', holding none of ' \\ ${;
- "double quotes", holding none of $ \\ " `;
- bare, of letters, digits and _ . / : @ % + , -

and nothing but a comment may follow it.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_COMMENT = re.compile(r"[ \t]*(#.*)?")
_QUOTED = {
    "'": re.compile(r"'((?:[^'\\$\t]|\$(?!\{))*)'"),
    '"': re.compile(r'"([^"\\$`\t]*)"'),
}
_BARE = re.compile(r"([A-Za-z0-9_./:@%+,-]*)")
_AFTER_VALUE = re.compile(r"[ \t]*( #.*)?")  # a comment after a tab is none to Compose
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")
_BYTE_ORDER_MARK = "\ufeff"


class UnwritableValueError(ValueError):
    """No env file can hold this value so that all read it alike; the message leaves it out."""

    exit_code = 1


@dataclass(frozen=True)
class Problem:
    """A line that cannot be read: what is wrong, and what to do. Holds no value of the file."""

    line: int
    message: str
    remedy: str
    name: str | None = None
    """What the line would set, where that can be told."""


@dataclass(frozen=True)
class EnvFile:
    """What is in an env file: values by name, the line of each, and what could not be read."""

    values: Mapping[str, str] = field(repr=False)
    lines: Mapping[str, int]
    problems: tuple[Problem, ...] = ()
    is_text: bool = True
    """Whether it could be read at all: is UTF-8."""


def parse(content: bytes) -> EnvFile:
    """Read the content of an env file. Of a name that comes twice, the first value is kept."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problem = Problem(line, "is not UTF-8", "save the file as UTF-8")
        return EnvFile({}, {}, (problem,), is_text=False)
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    problems = [*_file_problems(text)]
    text = text.removeprefix(_BYTE_ORDER_MARK).replace("\r\n", "\n")
    for number, each in enumerate(text.split("\n"), 1):
        try:
            assigned = _parse_line(each)
            if assigned is None:
                continue
            name, value = assigned
            if name in values:
                raise _LineError(f"sets {name} again, after line {lines[name]}", "keep one of them")
            values[name], lines[name] = value, number
        except _LineError as refused:
            problems.append(Problem(number, refused.message, refused.remedy, refused.name))
    return EnvFile(values, lines, tuple(problems))


def _file_problems(text: str) -> Iterator[Problem]:
    """What is wrong with the file as a whole, once for the file."""
    if text.startswith(_BYTE_ORDER_MARK):
        yield Problem(1, "starts with a byte order mark", "save the file as UTF-8 without one")
    before, crlf, _ = text.partition("\r\n")
    if crlf:
        line = before.count("\n") + 1
        yield Problem(line, "ends with CRLF, as on Windows", "save the file with LF at line ends")


class _LineError(Exception):
    def __init__(self, message: str, remedy: str, name: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.name = name


def _parse_line(line: str) -> tuple[str, str] | None:
    """The name and value of a line; None of a blank one and a comment. Raises _LineError."""
    if _COMMENT.fullmatch(line):
        return None
    name, equals, text = line.partition("=")
    if not _NAME.fullmatch(name) or not equals:
        raise _name_error(name, bool(equals))
    quoted = f"put the value in single quotes: {name}='…'"
    if _CONTROL.search(text):
        raise _LineError(f"has a control character in the value of {name}", "remove it", name)
    value, rest = _parse_value(name, text)
    if not _AFTER_VALUE.fullmatch(rest):
        raise _LineError(f"has {_shown(rest)} in the value of {name}", quoted, name)
    if rest == text and rest.strip():  # to Compose the comment is the value
        raise _LineError(
            f"has a comment where the value of {name} would be",
            f"write {name}='' for an empty value",
            name,
        )
    return name, value


def _parse_value(name: str, text: str) -> tuple[str, str]:
    """The value at the start of the text, and what follows it. Raises _LineError."""
    quote = text[:1]
    pattern = _QUOTED.get(quote, _BARE)
    found = pattern.match(text)
    if found:
        return found[1], text[found.end() :]
    if text.find(quote, 1) < 0:
        raise _LineError(
            f"opens {quote} for {name} and does not close it",
            f"end the value with {quote} on the same line",
            name,
        )
    raise _LineError(
        f"has a value for {name} that Compose and Python read differently",
        r"put it in single quotes, and choose one without ' \ ${ and tabs",
        name,
    )


def _shown(rest: str) -> str:
    """What comes where the value should have ended, without telling the value."""
    return {" ": "a space", "\t": "a tab", "'": "a quote", '"': "a quote"}.get(rest[0], rest[0])


def _name_error(name: str, has_equals: bool) -> _LineError:
    if name.startswith("export "):
        return _LineError("starts with export", "write NAME='value' alone")
    if not has_equals:
        return _LineError("is neither NAME='value' nor a comment", "put # before a comment")
    if _NAME.fullmatch(name.strip()):
        return _LineError(
            f"has spaces around {name.strip()}", "write NAME='value' without", name.strip()
        )
    return _LineError(
        "has no name before the =", "a name is made of letters, digits and _: write NAME='value'"
    )


def assignment(name: str, value: str) -> str:
    """The line, with its end, that sets a name to a value; what `parse` reads can be written.

    Raises:
        UnwritableValueError: the value holds \\, ${ or a control character, or ' beside $ " or `.
    """
    for quote, pattern in _QUOTED.items():
        quoted = f"{quote}{value}{quote}"
        if pattern.fullmatch(quoted) and not _CONTROL.search(value):
            return f"{name}={quoted}\n"
    raise UnwritableValueError(
        f"{name}: no env file can hold a value with \\, ${{, a tab or a line break, or with '"
        ' beside $ " or `'
    )


def write(path: Path, content: bytes) -> None:
    """Replace a file, or the one that it links to, in one step; its owner alone may read it.

    Killed at any moment, the old content or the new one is there, and at most `….new` beside it,
    which the next write replaces. Not for two at once: hold a lock. Raises OSError and leaves
    nothing behind.
    """
    path = path.resolve()
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    try:
        descriptor = os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
