"""The services of the compose files: their names, found fast enough for `inv --list`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tasks.lib.errors import OperatorError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

MAIN = "docker-compose.yml"
OVERRIDE = "docker-compose.override.yml"

# A key that starts a line of a block mapping.
_KEY = re.compile(r"""(?P<indent> *)(?P<quote>["']?)(?P<key>[\w.-]+)(?P=quote) *:(?= |$)""")


def compose_files(root: Path) -> list[Path]:
    """The compose files of a checkout, in the order in which Compose is to merge them.

    docker-compose.yml comes first, the other stacks' by name, what a site overrides last.
    """
    rank = {MAIN: 0, OVERRIDE: 2}
    files = root.glob("docker-compose*.yml")
    return sorted(files, key=lambda file: (rank.get(file.name, 1), file.name))


def names(root: Path) -> list[str]:
    """The names of all services, sorted."""
    return sorted({name for file in compose_files(root) for name in names_in(file)})


def names_in(file: Path) -> list[str]:
    """The services of one compose file, in its order; of a file that is not there, none.

    Reads the keys right below `services:` in block style, without parsing YAML: that would take
    longer than all of `inv --list`.
    """
    if not file.is_file():
        return []
    found: list[str] = []
    indent: int | None = None
    inside = False
    for line in file.read_text(encoding="utf-8").splitlines():
        if not (key := _KEY.match(line)):
            continue
        depth = len(key["indent"])
        if depth == 0:
            inside = key["key"] == "services"
        elif inside:
            indent = depth if indent is None else indent
            if depth == indent:
                found.append(key["key"])
    return found


def check(wanted: Iterable[str], known: Collection[str]) -> None:
    """Refuse names that are no services.

    Raises:
        OperatorError: one of them is unknown; with the name that it resembles, or with all; or it
            is off.
    """
    from difflib import get_close_matches

    from tasks.lib.settings.compose_env import FOLLOW

    for name in wanted:
        if name == FOLLOW and FOLLOW not in known:
            raise OperatorError(
                f"{FOLLOW} is off: set ENGINE='duckdb' and FOLLOW_SECONDS in conf/pipeline.env"
            )
        if name not in known:
            alike = get_close_matches(name, known, n=1)
            hint = f"did you mean {alike[0]}?" if alike else f"there are {', '.join(sorted(known))}"
            raise OperatorError(f"no service {name!r}: {hint}", 2)
