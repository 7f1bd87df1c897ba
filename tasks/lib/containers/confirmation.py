"""Asks before data are removed."""

from __future__ import annotations

import sys

from tasks.lib.errors import OperatorError


def confirm(consequence: str, name: str, yes: bool) -> None:
    """Return once the operator has typed the name of what is to go, or has said yes beforehand.

    Raises:
        OperatorError: something else was typed, or there is no terminal to type on.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise OperatorError(f"{consequence}: without a terminal, confirm with --yes", 2)
    print(f"{consequence}.", file=sys.stderr)
    print(f"Type {name} to go on: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != name:
        raise OperatorError("not confirmed: nothing was changed")
