"""`inv` as a program, which the launcher runs; `.venv/bin/inv` is Invoke as it comes.

A build with nothing to build is answered before Invoke is there: to import that takes longer.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]

_BUILD = re.compile(r"build(\.[\w-]+){0,2}")


def main() -> None:
    """Does what the command line says."""
    # The package is tasks.py, which imports all commands and Invoke; tasks.lib alone is wanted yet.
    package = ModuleType("tasks")
    package.__path__ = [str(ROOT / "tasks")]
    sys.modules[package.__name__] = package

    if not is_answered(sys.argv[3:]):  # after --search-root ROOT
        from tasks.lib.command_line import Inv

        Inv(name="Invoke", binary="inv", binary_names=["inv"]).run()


def is_answered(arguments: list[str]) -> bool:
    """Whether `inv build`, or one of a stack or an image, said that all is up to date."""
    if len(arguments) != 1 or not _BUILD.fullmatch(arguments[0]):
        return False
    from tasks.lib import console
    from tasks.lib.images import build, graph

    try:
        _, *path = arguments[0].split(".")
        said = build.nothing_to_do(ROOT, graph.select(ROOT, "/".join(path)) if path else None)
    except Exception:
        return False  # the task comes upon it again, and tells it
    if said:
        console.say(said)
    return bool(said)


if __name__ == "__main__":
    try:
        main()
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # `inv --list | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
