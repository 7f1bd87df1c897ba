"""An application's settings by name: from a YAML file, or from the environment.

A container renders its settings into a file that only its user reads. Programs on a developer's
machine set environment variables of the same names.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from django.core.exceptions import ImproperlyConfigured

from openedx_base import databases

if TYPE_CHECKING:
    from collections.abc import Mapping


class Configuration:
    """Settings, each a text; an empty one counts as not set.

    Every method that reads a setting raises ImproperlyConfigured, in one line that names it, if it
    is not what it should be.
    """

    def __init__(self, values: Mapping[str, str], file: Path | None = None) -> None:
        self._values = values
        self._file = file
        self._asked: set[str] = set()

    @classmethod
    def load(cls, variable: str) -> Configuration:
        """Take all settings from the file that an environment variable names, if it is set.

        Raises ImproperlyConfigured if that file cannot be read, or is no flat mapping in YAML.
        """
        if path := os.environ.get(variable):
            return cls(_read(variable, Path(path)), Path(path))
        return cls(os.environ)

    def refuse_unknown(self) -> None:
        """Find names in the file that no setting has; to be called when all have been read."""
        if self._file and (unknown := sorted(self._values.keys() - self._asked)):
            raise ImproperlyConfigured(f"{self._file}: there is no setting {unknown[0]}")

    def text(self, name: str, default: str = "") -> str:
        """A setting as it stands."""
        self._asked.add(name)
        return self._values.get(name) or default

    def required(self, name: str) -> str:
        """A setting that has no default."""
        value = self.text(name)
        if not value.strip():
            place = f" in {self._file}" if self._file else ""
            raise ImproperlyConfigured(
                f"{name} is not set{place}: the docstring of settings.py says what it is"
            )
        return value

    def choice(self, name: str, *choices: str) -> str:
        """One of the choices; the first one by default."""
        value = self.text(name, choices[0])
        if value not in choices:
            raise ImproperlyConfigured(f"{name} is {value!r}: set it to {' or '.join(choices)}")
        return value

    def switch(self, name: str) -> bool:
        """`on` or `off`; on by default."""
        return self.choice(name, "on", "off") == "on"

    def names(self, name: str, default: str) -> list[str]:
        """What stands between commas."""
        parts = (part.strip() for part in self.text(name, default).split(","))
        return [part for part in parts if part]

    def path(self, name: str, default: str) -> Path:
        """A file or folder; a relative one is from where the process was started."""
        return Path(self.text(name, default)).absolute()

    def database(
        self,
        name: str,
        default: str,
        sqlite: Mapping[str, Any] | None = None,
        mariadb: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """An entry of Django's DATABASES: a MariaDB by its URL, or a SQLite file by its path.

        Args:
            name: of the setting.
            default: its default.
            sqlite: OPTIONS of a SQLite file.
            mariadb: OPTIONS of a MariaDB, beside those that all have.
        """
        if databases.is_url(value := self.text(name, default)):
            return databases.mariadb(name, value, mariadb or {})
        return databases.sqlite(self.path(name, default), sqlite or {})


def _read(variable: str, path: Path) -> dict[str, str]:
    """The settings that a file holds. No message repeats what stands there: it may be secret."""
    try:
        # Its scalars are texts: `on` is no boolean, a token of digits no number.
        values = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    except OSError as error:
        raise ImproperlyConfigured(f"{variable}: {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ImproperlyConfigured(f"{variable}: {path} is no text in UTF-8") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or "cannot be parsed"
        raise ImproperlyConfigured(f"{variable}: {path}{place} is no YAML: {reason}") from None
    if not isinstance(values, dict):
        raise ImproperlyConfigured(f"{variable}: {path} is no mapping of names to values")
    for name, value in values.items():
        if not (isinstance(name, str) and isinstance(value, str)):
            raise ImproperlyConfigured(f"{path}: {name} is no single value")
    return values
