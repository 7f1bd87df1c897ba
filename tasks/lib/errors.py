"""Failures that an operator can mend, and how they are told."""

from __future__ import annotations

import os
import sys


class OperatorError(Exception):
    """What went wrong, with what, and what to do next; ends the command with `exit_code`."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def one_line(message: str) -> str:
    """The message as `inv` prints a failure: with its name, in red on a terminal."""
    line = f"inv: {message}"
    if sys.stderr.isatty() and not os.environ.get("NO_COLOR"):
        return f"\033[31m{line}\033[0m"
    return line
