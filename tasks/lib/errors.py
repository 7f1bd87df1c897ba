"""Failures that an operator can mend, and the kind of task that reports them in one line."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import Any

import invoke


class OperatorError(Exception):
    """What went wrong, with what, and what to do next; ends the command with `exit_code`."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class OperatorTask(invoke.Task[Any]):
    """A task that ends with one line on stderr, not a traceback, where the operator can act.

    That is every exception with an `exit_code`: the code below the tasks has error classes of its
    own and does not know this module. Other exceptions are defects and keep their traceback.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Runs the task. Raises invoke.Exit, which Invoke prints."""
        try:
            return super().__call__(*args, **kwargs)
        except KeyboardInterrupt:
            raise invoke.Exit(one_line("interrupted"), code=130) from None
        except Exception as error:
            exit_code = getattr(error, "exit_code", None)
            if not isinstance(exit_code, int):
                raise
            raise invoke.Exit(one_line(str(error)), code=exit_code) from error


task = partial(invoke.task, klass=OperatorTask)
"""Invoke's decorator, for an `OperatorTask`; every module of tasks/ uses this one."""


def one_line(message: str) -> str:
    """The message as `inv` prints a failure: with its name, in red on a terminal."""
    line = f"inv: {message}"
    if sys.stderr.isatty() and not os.environ.get("NO_COLOR"):
        return f"\033[31m{line}\033[0m"
    return line
