"""`.env`: what plain `docker compose` takes its values from, made from the settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tasks.lib.settings import env_file, templates
from tasks.lib.settings.effective import PROJECT, SettingsError
from tasks.lib.settings.writing import locked, replace_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tasks.lib.settings.effective import Settings

FILE = ".env"

FOLLOW = "follow"
"""The service that follows the logs, and the profile of Compose that it is of."""
_PROFILES = "COMPOSE_PROFILES"

# The operator's own, which Compose adds by itself; it may take names from the process environment.
_OVERRIDE = "docker-compose.override.yml"
_INTERPOLATION = re.compile(
    r"\$(?:\$|\{(?P<braced>\w+)(?P<operator>:?[-+?])?|(?P<plain>[A-Za-z_]\w*))"
)
_COMMENT_LINE = re.compile(r"\s*#")


def follows(settings: Mapping[str, str]) -> bool:
    """Whether a site has the service that follows the logs."""
    return settings.get("ENGINE") == "duckdb" and settings.get("FOLLOW_SECONDS", "0") != "0"


def names(settings: Settings, root: Path) -> list[str]:
    """The declared names that docker-compose*.yml interpolates.

    Raises:
        TemplateError: a file of ours interpolates one that is declared nowhere and has no default
            there.
    """
    found = set()
    for path in sorted(root.glob("docker-compose*.yml")):
        for name, has_default in interpolations(path.read_text(encoding="utf-8")):
            if name in settings.declarations:
                found.add(name)
            elif not has_default and path.name != _OVERRIDE:
                raise templates.TemplateError(
                    f"{path.name} interpolates {name}, which has no default there and is declared"
                    f" in no {templates.FOLDER}/*.env.template"
                )
    return sorted(found)


def interpolations(text: str) -> Iterator[tuple[str, bool]]:
    """Each name that Compose interpolates in a file's text, and whether the text has a default."""
    for line in text.splitlines():
        if _COMMENT_LINE.match(line):
            continue
        for found in _INTERPOLATION.finditer(line):
            if name := found["braced"] or found["plain"]:
                yield name, (found["operator"] or "").endswith(("-", "+"))


def content(settings: Settings, root: Path) -> str:
    """The content of .env, from which plain `docker compose` takes its values.

    It holds what conf/*.env and the defaults say, not the process environment: that goes before
    .env anyway, and would outlast the call that it was meant for.

    Raises:
        SettingsError: a value is missing, malformed or cannot be written.
        TemplateError: docker-compose*.yml interpolates a name that no template declares.
    """
    wanted = [PROJECT, *(name for name in names(settings, root) if name != PROJECT)]
    for name in wanted:
        settings.require(name)
    values = settings.without_environment()
    heading = "# Made from conf/*.env by inv, for plain `docker compose`: edit those.\n"
    try:
        lines = [env_file.assignment(name, values[name]) for name in wanted if name in values]
        lines += [env_file.assignment(_PROFILES, FOLLOW)] if follows(values) else []
    except env_file.UnwritableValueError as error:
        raise SettingsError(f"{error}: choose another") from error
    return heading + "".join(lines)


def write(settings: Settings, root: Path) -> bool:
    """Bring .env up to date; returns whether it changed.

    Raises:
        SettingsError, TemplateError: as `content`; or .env cannot be written.
    """
    text = content(settings, root)
    with locked(root):
        return replace_file(root / FILE, text)
