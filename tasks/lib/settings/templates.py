"""The templates conf/*.env.template: the one place that declares the settings.

A template is Jinja2. What it renders to are comments, blank lines and `NAME={{ type(…) }}`, where
`type` is one of tasks/lib/settings/setting_types.py.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.lib.settings import env_file
from tasks.lib.settings.setting_types import TYPES, Type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FOLDER = "conf"
_SUFFIX = ".template"
_DECLARATION = re.compile(r"([A-Z][A-Z0-9_]*)=\0(\d+)\0")

# Where distributions keep the certificates that this machine trusts.
_CA_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, RHEL
    "/etc/ssl/ca-bundle.pem",  # openSUSE
    "/etc/ssl/cert.pem",  # Alpine, macOS
)


class TemplateError(Exception):
    """A template does not declare settings as it should: a defect of this checkout."""

    exit_code = 1


@dataclass(frozen=True)
class Declaration:
    """One setting: its name, what the template says about it, and the comment above it."""

    name: str
    type: Type
    file: Path
    """The env file that it belongs into: conf/….env, whether it is there or not."""
    comment: str = ""
    """The lines above it and those that it shares them with, each with # and its end."""

    def first_value(self) -> str:
        """The default, or a fresh value where one is made for each site."""
        return self.type.make() if self.type.make else self.type.default


@dataclass(frozen=True)
class Template:
    """A template with its declarations, in order."""

    file: Path
    """The env file that it is rendered to."""
    text: str
    """Rendered, with a mark in the place of each value."""
    declarations: tuple[Declaration, ...]

    def render(self, values: Mapping[str, str]) -> str:
        """The whole env file with these values, of all its names."""

        def line(mark: re.Match[str]) -> str:
            return env_file.assignment(mark[1], values[mark[1]]).rstrip("\n")

        return _DECLARATION.sub(line, self.text)


def load(root: Path) -> list[Template]:
    """The templates of a checkout, by name of file.

    Raises:
        TemplateError: one of them, or all together, are not as they should be.
    """
    paths = sorted((root / FOLDER).glob(f"*.env{_SUFFIX}"))
    if not paths:
        raise TemplateError(f"no *.env{_SUFFIX} in {root / FOLDER}: the checkout is not whole")
    templates = [_load(path, root) for path in paths]
    files: dict[str, Path] = {}
    for declaration in (each for template in templates for each in template.declarations):
        if declaration.name in files:
            raise TemplateError(
                f"{declaration.name} is declared for {files[declaration.name]} and again for"
                f" {declaration.file}: keep one"
            )
        files[declaration.name] = declaration.file
    return templates


def _load(path: Path, root: Path) -> Template:
    recorder = _Recorder()
    text = recorder.render(path, {"folder": root.resolve().name, "ca_bundle": _ca_bundle()})
    file = path.with_suffix("")
    declarations: list[Declaration] = []
    comment = ""
    above = ""
    for line in text.splitlines(keepends=True):
        if line.startswith("#"):
            comment = comment + line if above.startswith("#") else line
        elif found := _DECLARATION.fullmatch(line.rstrip("\n")):
            declared = recorder.types[int(found[2])]
            declarations.append(Declaration(found[1], declared, file, comment))
        elif line.strip():
            shown = re.sub(r"\0\d+\0", "{{ … }}", line.strip())
            raise TemplateError(
                f"{path}: {shown!r} is neither a comment nor NAME={{{{ type(…) }}}}"
            )
        else:
            comment = ""
        above = line
    for declaration in declarations:
        default = declaration.type.default
        if default and not declaration.type.is_valid(default):
            raise TemplateError(
                f"{path}: the default of {declaration.name} is not {declaration.type.wanted}"
            )
    return Template(file, text, tuple(declarations))


class _Recorder:
    """Renders a template so that each type that it names leaves a numbered mark."""

    def __init__(self) -> None:
        self.types: list[Type] = []

    def render(self, path: Path, values: Mapping[str, str]) -> str:
        import jinja2

        environment = jinja2.Environment(
            undefined=jinja2.StrictUndefined, trim_blocks=True, keep_trailing_newline=True
        )
        functions = {name: self._recording(function) for name, function in TYPES.items()}
        try:
            template = environment.from_string(path.read_text(encoding="utf-8"))
            return template.render(**functions, **values)
        except jinja2.TemplateSyntaxError as error:
            raise TemplateError(f"{path}, line {error.lineno}: {error.message}") from error
        except (jinja2.TemplateError, TypeError) as error:
            raise TemplateError(f"{path}: {error}") from error

    def _recording(self, function: Callable[..., Type]) -> Callable[..., str]:
        def record(*arguments: Any, **options: Any) -> str:
            self.types.append(function(*arguments, **options))
            return f"\0{len(self.types) - 1}\0"

        return record


def _ca_bundle() -> str:
    """This machine's CA certificates; empty where they are in none of the known places."""
    return next((path for path in _CA_BUNDLES if Path(path).is_file()), "")
