"""The effective settings of a checkout: process environment, then conf/*.env, then defaults."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tasks.lib.settings import env_file, templates

if TYPE_CHECKING:
    from pathlib import Path

    from tasks.lib.settings.templates import Declaration, Template

PROJECT = "COMPOSE_PROJECT_NAME"


class SettingsError(Exception):
    """A setting is missing or cannot be used; the message says which, where, and what to do."""

    exit_code = 1


class Source(StrEnum):
    """Where the effective value of a setting comes from."""

    ENVIRONMENT = "environment"
    FILE = "file"
    DEFAULT = "default"
    MISSING = "missing"


@dataclass(frozen=True)
class FileProblem:
    """A line of an env file that cannot be read, or has no effect. Holds no value."""

    file: Path
    """Relative to the checkout."""
    line: int
    message: str
    remedy: str
    setting: str | None
    """What the line would set, where that can be told."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}: {self.remedy}"


class Settings(Mapping[str, str]):
    """Effective values by name, as text; an optional setting without a value is empty.

    Names for which `inv init` has not made a value yet are left out: `require` says so.
    """

    def __init__(
        self,
        root: Path,
        loaded: list[Template],
        files: Mapping[Path, env_file.EnvFile],
        environment: Mapping[str, str],
    ) -> None:
        self.root = root
        self.declarations: Mapping[str, Declaration] = {
            declaration.name: declaration
            for template in loaded
            for declaration in template.declarations
        }
        self.files = files
        """What is in each conf/*.env that is there."""
        self._environment = {
            name: environment[name] for name in self.declarations if name in environment
        }
        self._values = {**self.without_environment(), **self._environment}

    def __repr__(self) -> str:
        return f"<Settings of {self.root}: {len(self)} values>"

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def without_environment(self) -> dict[str, str]:
        """The values, secrets included, as they are without the process environment."""
        values = {}
        for name, declaration in self.declarations.items():
            if self.line(name):
                values[name] = self.files[declaration.file].values[name]
            elif not declaration.type.make:
                values[name] = declaration.type.default
        return values

    def source(self, name: str) -> Source:
        """Where the value comes from."""
        if name in self._environment:
            return Source.ENVIRONMENT
        if self.line(name):
            return Source.FILE
        return Source.DEFAULT if name in self else Source.MISSING

    def line(self, name: str) -> int | None:
        """The line of its file that sets a declared name; None where it does not."""
        found = self.files.get(self.declarations[name].file)
        return found.lines.get(name) if found else None

    def place(self, name: str) -> str:
        """Where to look for a setting, for messages: "conf/mysql.env:7"."""
        if self.source(name) is Source.ENVIRONMENT:
            return "the process environment"
        file = self.declarations[name].file.relative_to(self.root)
        line = self.line(name)
        return f"{file}:{line}" if line else str(file)

    def fault(self, name: str) -> str | None:
        """What is wrong with a setting, without its value if that is secret; None: nothing."""
        declared = self.declarations[name].type
        value = self.get(name)
        if value is None:
            return "is missing"
        if not value:
            return None if declared.is_optional else "is empty"
        if declared.is_valid(value):
            return None
        shown = "is" if declared.secret else f"is {value!r},"
        return f"{shown} not {declared.wanted}"

    def require(self, name: str) -> str:
        """The value, which is there (if it is not optional) and of its type.

        Raises:
            SettingsError: it is not.
        """
        if fault := self.fault(name):
            remedy = (
                "run `inv init`, which makes it"
                if self.source(name) is Source.MISSING
                else "change it; `inv config.check` shows all that is to be done"
            )
            raise SettingsError(f"{self.place(name)}: {name} {fault}: {remedy}")
        return self[name]

    def path(self, name: str) -> Path | None:
        """The file or folder that a setting names; None where it is empty. Raises SettingsError."""
        value = self.require(name)
        return self.root / value if value else None

    @property
    def registry(self) -> str:
        """What the names of our images begin with. Raises SettingsError."""
        return self.require("REGISTRY")

    @property
    def version(self) -> str:
        """The tag of our images. Raises SettingsError."""
        return self.require("VERSION")

    @property
    def project(self) -> str:
        """The name of this checkout's Compose project. Raises SettingsError."""
        return self.require(PROJECT)

    @property
    def build_secrets(self) -> dict[str, Path]:
        """The files that builds may read but not keep, by id; only those that the site has.

        Raises:
            SettingsError: one that is set cannot be read.
        """
        names = {
            "ca": "BUILD_CA",
            "pip": "BUILD_PIP_CONF",
            "apt": "BUILD_APT_SOURCES",
            "maven": "BUILD_MAVEN_SETTINGS",
            "npm": "BUILD_NPM_CONF",
        }
        secrets = {}
        for key, name in names.items():
            if not (path := self.path(name)):
                continue
            if not path.is_file() or not os.access(path, os.R_OK):
                raise SettingsError(
                    f"{self.place(name)}: {name} is {path}, which is no readable file: correct it,"
                    " or leave it empty"
                )
            secrets[key] = path
        return secrets

    @property
    def problems(self) -> list[FileProblem]:
        """The lines of conf/*.env that cannot be read."""
        return [
            FileProblem(
                path.relative_to(self.root),
                problem.line,
                problem.message,
                problem.remedy,
                problem.name,
            )
            for path, file in self.files.items()
            for problem in file.problems
        ]

    @property
    def without_effect(self) -> list[FileProblem]:
        """The lines of conf/*.env that set a name which is not declared for that file."""
        return [
            FileProblem(path.relative_to(self.root), line, *self._misplaced(name), name)
            for path, file in self.files.items()
            for name, line in file.lines.items()
            if name not in self.declarations or self.declarations[name].file != path
        ]

    def _misplaced(self, name: str) -> tuple[str, str]:
        """What to say about a name in a file that it is not declared for, and what to do."""
        if name in self.declarations:
            file = self.declarations[name].file.relative_to(self.root)
            return f"{name} has no effect here", f"move it to {file}"
        from difflib import get_close_matches

        similar = get_close_matches(name, self.declarations, 1, cutoff=0.75)
        remedy = f"remove it, or did you mean {similar[0]}?" if similar else "remove it"
        return f"{name} is not known (any more) and has no effect", remedy


def load(root: Path) -> Settings:
    """The settings of a checkout; one without conf/*.env has defaults.

    Raises:
        SettingsError: a file of conf/ cannot be read, or not every line of it.
        TemplateError: a template is broken.
    """
    settings = read(root)
    for problem in settings.problems:
        raise SettingsError(f"{problem}; `inv config.check` shows all that is to be done")
    return settings


def given(root: Path, *names: str) -> list[str] | None:
    """The values that process environment and conf/*.env give to settings, in a moment.

    No template is read, and so no default is known and nothing is checked. None where a file has a
    line that cannot be read, or one of the names has no value: then `load` is to decide.
    """
    values: dict[str, str] = {}
    for path in (root / templates.FOLDER).glob("*.env"):
        file = env_file.parse(_content(path, root))
        if file.problems:
            return None
        values |= file.values
    values |= os.environ
    found = [values.get(name, "") for name in names]
    return found if all(found) else None


def read(root: Path) -> Settings:
    """As `load`, but lines that cannot be read are left out and kept as `problems`."""
    loaded = templates.load(root)
    files = {
        template.file: env_file.parse(_content(template.file, root))
        for template in loaded
        if template.file.exists()
    }
    return Settings(root, loaded, files, os.environ)


def _content(path: Path, root: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"{path.relative_to(root)}: {error.strerror}: it has to be a file that you can read"
        ) from error
