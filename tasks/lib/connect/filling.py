"""Fills conf/*.env with what is known of an LMS, and shows first what would change."""

from __future__ import annotations

from dataclasses import dataclass
from secrets import token_hex
from typing import TYPE_CHECKING

from tasks.lib import settings
from tasks.lib.errors import OperatorError
from tasks.lib.settings import env_file
from tasks.lib.settings.writing import locked, replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tasks.lib.connect.site import LmsSite
    from tasks.lib.settings import Settings

_NAMES = {
    "LMS_SIGN_IN_CLIENT_ID": "analytics-insights",
    "LMS_OAUTH2_CLIENT_ID": "analytics-pipeline",
}
_SECRETS = ("LMS_SIGN_IN_CLIENT_SECRET", "LMS_OAUTH2_CLIENT_SECRET")
_DATABASE_USER = "analytics"


@dataclass(frozen=True)
class Change:
    """A setting that is to have another value; as text without the value if that is secret."""

    name: str
    file: Path
    """Relative to the checkout."""
    before: str
    after: str
    secret: bool

    def __str__(self) -> str:
        return f"{self._line('-', self.before)}\n{self._line('+', self.after)}"

    def _line(self, sign: str, value: str) -> str:
        shown = "(a secret)" if value and self.secret else f"'{value}'"
        return f"{sign} {self.name}={shown}"


def changes(loaded: Settings, site: LmsSite) -> list[Change]:
    """What conf/*.env lacks for the site, in the order of the files.

    Addresses are the site's. Names and secrets of clients and of the database's user are made where
    there are none, and are kept otherwise: the LMS may know them already.

    Raises:
        OperatorError: there are no settings yet, or a value is none that a setting can have.
    """
    if not loaded.files:
        raise OperatorError("there are no settings yet: run `inv init` first")
    before = loaded.without_environment()
    wanted = _wanted(site, before)
    for name, value in wanted.items():
        declared = loaded.declarations[name].type
        if not declared.is_valid(value):
            raise OperatorError(f"{name} would be {value!r}, not {declared.wanted}")
    return [
        Change(
            name,
            declaration.file.relative_to(loaded.root),
            before.get(name, ""),
            wanted[name],
            declaration.type.secret,
        )
        for name, declaration in loaded.declarations.items()
        if name in wanted and wanted[name] != before.get(name, "")
    ]


def _wanted(site: LmsSite, before: Mapping[str, str]) -> dict[str, str]:
    values = {"LMS_ROOT_URL": site.url, "LMS_SIGN_IN_URL": site.url}
    made = {**_NAMES, **{name: token_hex(20) for name in _SECRETS}}
    if site.discovery:
        values["DISCOVERY_ROOT_URL"] = site.discovery
    if site.database:
        values |= {
            "LMS_DB_HOST": site.database.host,
            "LMS_DB_PORT": str(site.database.port),
            "LMS_DB_NAME": site.database.name,
        }
        made |= {"LMS_DB_USER": _DATABASE_USER, "LMS_DB_PASSWORD": token_hex(20)}
    return values | {name: before.get(name) or value for name, value in made.items()}


def shown(planned: Sequence[Change]) -> list[str]:
    """The changes as lines, each file's under its name."""
    lines: list[str] = []
    file = None
    for change in planned:
        if change.file != file:
            file = change.file
            lines.append(f"{file}:")
        lines += str(change).splitlines()
    return lines


def write(root: Path, planned: Sequence[Change]) -> None:
    """Set the settings; every other line of the files stays as it is. Of each file, all or none.

    Raises:
        SettingsError: a file cannot be written.
        OperatorError: a setting has another value by now than what was shown.
    """
    with locked(root):
        loaded = settings.load(root)
        now = loaded.without_environment()
        for change in planned:
            if now.get(change.name, "") != change.before:
                raise OperatorError(f"{change.name} was changed meanwhile: run this again")
        for file in dict.fromkeys(change.file for change in planned):
            values = {each.name: each.after for each in planned if each.file == file}
            text = (root / file).read_bytes().decode()
            lines = {name: line for name in values if (line := loaded.line(name))}
            replace_file(root / file, with_values(text, values, lines))


def with_values(text: str, values: Mapping[str, str], lines: Mapping[str, int]) -> str:
    """The text of an env file with these values: in their lines, counted from 1, or at its end."""
    # As `env_file.parse` counts lines: nothing but LF ends one.
    parts = text.removesuffix("\n").split("\n")
    for name, line in lines.items():
        parts[line - 1] = env_file.assignment(name, values[name]).rstrip("\n")
    added = [env_file.assignment(name, values[name]) for name in values if name not in lines]
    return "\n".join(parts) + "\n" + "".join(added)
